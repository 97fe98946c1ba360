"""The window's side of the wire, against a real process that can be killed."""

import itertools
import os
import select
import signal

import numpy as np
import psutil
import pytest

from backends.api import Reply
from explorer.workers import host_client
from explorer.workers.child import Child, start_process
from explorer.workers.host_client import HostClient, LineTold


@pytest.fixture
def client(qtbot):
    made = HostClient(lambda: Child(start_process("tests.workers.echo_host", os.environ)))
    qtbot.waitUntil(lambda: made.state == "ready")
    yield made
    made.close()
    assert not psutil.pid_exists(made.pid) or psutil.Process(made.pid).status() == psutil.STATUS_ZOMBIE


def test_a_host_that_is_ready_before_anybody_listens(qtbot):
    """`main.py` starts it before the window: its first word may wait already."""
    process = start_process("tests.workers.echo_host", os.environ)
    assert select.select([process.stdout], [], [], 120)[0]
    child = Child(process)
    qtbot.wait(50)
    made = HostClient(lambda: child)
    qtbot.waitUntil(lambda: made.state == "ready")
    made.close()


def test_an_answer_comes_back_with_its_arrays(client, qtbot):
    got = []
    codes = np.arange(12, dtype=np.float32).reshape(3, 4)
    client.ask("echo", on_result=got.append, arrays={"codes": codes})
    qtbot.waitUntil(lambda: bool(got))
    np.testing.assert_array_equal(got[0].arrays["codes"], codes)
    assert client.device == "cpu"
    assert not client.busy


def test_a_burst_sends_few_and_shows_the_last(client, qtbot):
    shown = []

    def move(value):
        client.show("picture", "echo", "m", options={"value": value, "seconds": 0.01},
                    on_result=lambda r: shown.append(r.data["value"]))  # fmt: skip

    for value in range(300):
        move(value)
    qtbot.waitUntil(lambda: not client.busy)
    assert shown == [0, 299]
    for value in range(300, 600):  # answers come in between
        move(value)
        qtbot.wait(1)
    qtbot.waitUntil(lambda: not client.busy)
    assert shown[-1] == 599
    assert shown == sorted(shown)


def test_errors_go_to_their_handler_or_to_everybody(client, qtbot):
    mine, everybody = [], []
    client.problem.connect(lambda what, advice: everybody.append((what, advice)))
    client.ask("error", on_result=print, on_error=mine.append)
    qtbot.waitUntil(lambda: bool(mine))
    assert mine[0].data["what"] == "It went wrong."
    assert not everybody
    client.ask("error", on_result=print)
    qtbot.waitUntil(lambda: bool(everybody))
    assert everybody == [("It went wrong.", "Do it right.")]


def test_partial_results_come_in_order_and_a_cancel_silences(client, qtbot):
    rows, done = [], []
    client.ask("stream", options={"count": 20}, on_partial=lambda r: rows.append(int(r.arrays["row"][0])),
               on_result=done.append)  # fmt: skip
    qtbot.waitUntil(lambda: bool(done))
    assert rows == list(range(20))
    ticket = client.ask("echo", options={"seconds": 0.05}, on_result=done.append)
    ticket.cancel()
    qtbot.wait(200)
    assert len(done) == 1
    assert not client.busy


def test_a_killed_host_comes_back_and_answers_what_was_under_way(client, qtbot):
    states, got = [], []
    client.state_changed.connect(states.append)
    client.show(
        "picture", "echo", "m", options={"seconds": 0.3, "value": 1}, on_result=lambda r: got.append(r.data)
    )
    client.show("picture", "echo", "m", options={"value": 2}, on_result=lambda r: got.append(r.data))
    qtbot.wait(50)
    dead = client.pid
    os.kill(dead, signal.SIGKILL)
    qtbot.waitUntil(lambda: bool(got))
    assert states == ["lost", "starting", "ready"]
    assert got[-1]["value"] == 2
    assert got[-1]["pid"] != dead


def test_a_request_that_kills_the_host_twice_is_given_up_with_a_sentence(client, qtbot):
    errors = []
    client.ask("die", on_result=print, on_error=errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert "ended twice" in errors[0].data["what"]
    assert "Segmentation fault" in errors[0].data["details"]
    got = []
    client.ask("echo", on_result=got.append)
    qtbot.waitUntil(lambda: bool(got))


def test_one_crash_is_forgiven(client, qtbot, tmp_path):
    got = []
    client.ask("die_once", options={"marker": str(tmp_path / "died")}, on_result=got.append)
    qtbot.waitUntil(lambda: bool(got))


def test_a_slow_picture_gives_way_to_a_newer_one(client, qtbot):
    """Full quality at once, a preview after a moment; the last value always arrives."""
    rows, shown = [], []

    def ask(value, quality, count=400):
        client.show("picture", "stream", "m", options={"count": count, "seconds": 0.01, "quality": quality},
                    gives_way=True, on_partial=lambda r: rows.append((value, int(r.arrays["row"][0]))),
                    on_result=lambda _: shown.append(value))  # fmt: skip

    ask(1, "full")
    qtbot.waitUntil(lambda: len(rows) > 3)
    ask(2, "preview")
    qtbot.waitUntil(lambda: rows[-1][0] == 2)  # four seconds of full quality were not waited for
    for value in range(3, 9):
        ask(value, "preview")
    ask(9, "full", count=3)
    qtbot.waitUntil(lambda: not client.busy)
    assert shown == [9]
    assert {1, 2, 9} <= {value for value, _ in rows}  # on a busy machine one between has its turn too
    assert rows[-1][0] == 9


def test_a_short_preview_is_left_to_finish(client, qtbot, monkeypatch):
    monkeypatch.setattr(host_client, "PATIENCE_S", 60.0)  # on a busy machine none is short
    shown, values = [], itertools.count()

    def move():
        client.show("picture", "stream", "m", options={"count": 3, "seconds": 0.005, "quality": "preview"},
                    gives_way=True, on_result=lambda _, value=next(values): shown.append(value))  # fmt: skip
        return len(shown) > 3

    qtbot.waitUntil(move)
    qtbot.waitUntil(lambda: not client.busy)
    assert shown == sorted(shown)
    assert shown[-1] == next(values) - 1


def test_giving_up_a_channel_leaves_nothing_behind(client, qtbot):
    done = []
    for value in range(3):
        client.show("picture", "stream", "m", options={"count": 50, "seconds": 0.01},
                    on_result=lambda _, value=value: done.append(value))  # fmt: skip
    client.give_up("picture")
    assert not client.busy
    qtbot.wait(100)
    client.show("picture", "stream", "m", options={"count": 2}, on_result=lambda _: done.append("new"))
    qtbot.waitUntil(lambda: bool(done))
    assert done == ["new"]


def test_on_a_long_line_pictures_are_asked_ahead_and_an_old_one_is_never_shown_last(client, qtbot):
    """Half a second there and back: four under way, in order; what comes late is not painted."""
    client._on_line({"machine": "gpu", "state": "ready", "text": "", "rate": 1e6, "ping": 0.5})
    shown = []

    def ask(value):
        return client.show("picture", "echo", "m", options={"value": value},
                           on_result=lambda r: shown.append(r.data["value"]))  # fmt: skip

    ask(0)
    qtbot.waitUntil(lambda: shown == [0], timeout=60_000)
    tickets = [ask(value) for value in range(1, 10)]
    under_way = [ticket.request.options["value"] for ticket in client._tickets.values()]
    assert under_way == [1, 2, 3, 4]
    late = tickets[0]
    qtbot.waitUntil(lambda: not client.busy, timeout=60_000)
    assert shown[-1] == 9
    assert shown == sorted(shown)
    late.done = False
    client._tickets[late.request.stamp] = late
    client._finish(late, Reply(late.request.stamp, "result", {"value": 1}))
    assert shown[-1] == 9
    client.line = LineTold()
    ask(10), ask(11), ask(12)
    assert len(client._tickets) == 1
    client.give_up("picture")
    assert not client.busy
