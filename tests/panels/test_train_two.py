"""The Train panel beside a second window, with the clock set back, and over files edited into nonsense."""

import json
import os
import shutil
import time
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QSettings

from explorer.model.session import Session
from explorer.panels.base import Notices, Services
from explorer.panels.train import TrainPanel
from tests.panels.test_train_lab import LEFT, a_run, folder, listed, select
from trainers import queued, runs
from trainers.api import Phase
from trainers.runs import State

__all__ = ["folder"]


def window(qtbot, tmp_path, name):
    settings = QSettings(str(tmp_path / f"{name}.ini"), QSettings.Format.IniFormat)
    made = TrainPanel(Services(Session(), SimpleNamespace(), SimpleNamespace(), settings, Notices()))
    qtbot.addWidget(made)
    made.resize(900, 700)
    made.problems = []
    made.services.notices.problem.connect(lambda what, advice: made.problems.append(f"{what} {advice}"))
    made.show()
    qtbot.waitUntil(lambda: made.form.choices is not None)
    return made


@pytest.fixture
def two(qtbot, folder, tmp_path):
    made = [window(qtbot, tmp_path, name) for name in ("one", "other")]
    yield made
    for panel in made:
        panel.trainings.close()


@pytest.fixture
def one(qtbot, folder, tmp_path):
    made = window(qtbot, tmp_path, "one")
    yield made
    made.trainings.close()


@pytest.fixture
def begun(monkeypatch):
    """Runs that were started; no process is, this one stands for it."""
    started = []

    def process(run):
        started.append(run.name)
        return SimpleNamespace(pid=os.getpid())

    monkeypatch.setattr(runs, "_process", process)
    monkeypatch.setattr(runs, "_let_end", lambda *_: None)
    return started


def test_what_one_window_does_the_other_shows(two, qtbot):
    one, other = two
    run = a_run("Mine")
    for panel in two:
        listed(qtbot, panel, 1)
        select(qtbot, panel, "Mine")
    one.view.tabs.setCurrentWidget(one.view.notes)
    qtbot.keyClicks(one.view.notes.tags, "sharp")
    qtbot.waitUntil(lambda: run.notes()[1] == ("sharp",))
    qtbot.waitUntil(lambda: other.view.notes.tags.text() == "sharp")
    run.write_state(State(Phase.STOPPED, 60, 100))
    qtbot.waitUntil(lambda: all("60" in panel.view.numbers.text() for panel in two))
    shutil.rmtree(run.folder)
    for panel in two:
        qtbot.waitUntil(lambda panel=panel: panel.list.count() == 0)
        assert panel.pages.currentWidget() is panel.form
        assert panel.problems == []


def test_what_both_start_is_started_once(two, qtbot, begun):
    one, other = two
    run = a_run("Mine")
    for panel in two:
        listed(qtbot, panel, 1)
        select(qtbot, panel, "Mine")
        qtbot.waitUntil(panel.view.buttons["continue"].isEnabled)
    qtbot.mouseClick(one.view.buttons["continue"], LEFT)
    qtbot.waitUntil(lambda: run.phase().live)
    other.act("continue")  # pressed before it had seen the first
    qtbot.waitUntil(lambda: bool(other.problems))
    assert "already being trained" in other.problems[0]
    assert begun == ["mine"]
    assert one.problems == []
    run.write_state(State())

    begun.clear()
    one.line.count.setValue(16)
    qtbot.waitUntil(lambda: other.line.count.value() == 16)
    assert queued.at_once() == 16
    made = [a_run(f"Run {number}") for number in range(3)]
    for run in made:
        queued.add(run)
    for panel in two:
        qtbot.waitUntil(lambda panel=panel: panel.list.count() == 4)
    qtbot.waitUntil(lambda: all(run.phase().live for run in made))
    qtbot.wait(300)
    assert sorted(begun) == ["run-0", "run-1", "run-2"]
    assert one.problems == []
    assert len(other.problems) == 1
    for run in made:
        run.write_state(State())


def test_a_clock_set_back_loses_and_mixes_up_nothing(one, qtbot, monkeypatch):
    first = a_run("First")
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() - 7200)
    monkeypatch.setattr(time, "time_ns", lambda: int((clock() - 7200) * 1e9))
    second = a_run("Second")
    listed(qtbot, one, 2)
    for number, run in enumerate((first, second), 1):
        run.add_event(40 + number, "resumed", "Went on.")
        run.add_metrics(50, 300.0, {"loss": 2.0})
        run.write_state(State(Phase.STOPPED, 50, 100, seconds=300))
    select(qtbot, one, "Second")
    qtbot.waitUntil(lambda: one.view.detail.summary.state.step == 50)
    steps = one.view.detail.curves[0].steps
    assert (steps[1:] > steps[:-1]).all()
    assert "5 min of training" in one.view.numbers.text()
    assert one.problems == []


def test_a_clock_set_back_keeps_the_order_of_the_queue(folder, monkeypatch):
    monkeypatch.setattr(queued, "start_next", lambda _: [])
    clock, made = time.time, [a_run(f"Run {number}") for number in range(3)]
    for hours, run in enumerate(made):
        monkeypatch.setattr(time, "time", lambda hours=hours: clock() - 3600 * hours)
        queued.add(run)
    assert queued.waiting(folder) == made


NONSENSE = {
    "run.json": ["{", "[1]", "7", '{"family": 3, "settings": [], "name": {"a": 1}, "created": "x"}',
                 '{"family": "vae", "settings": {"steps": "x", "latent": null}, "varied": "x", "sweep": 9}',
                 '{"created": 1e999, "settings": {"steps": 1e999}, "sweep": ["s"], "varied": [1, null]}'],
    "state.json": ["", '{"phase": 3, "step": "x", "steps": -4, "pid": 1e40}',
                   '{"phase": "queued", "step": NaN}'],
    "notes.json": ['{"tags": 5, "notes": [1]}', '{"tags": [null, {}]}'],
    "queued.json": ['{"place": "first"}', '{"place": NaN}'],
    "metrics.jsonl": ['{"step": "x", "loss": "y"}\n[]\n{"step": 1e999, "loss": NaN}\n', "\x00\n"],
    "events.jsonl": ['{"step": [], "kind": 4, "time": "x"}\n', '{"time": 1e300, "step": null}\n'],
}  # fmt: skip


def test_files_edited_into_nonsense_spoil_no_list(one, qtbot, folder):
    good = a_run("Good")
    before = {}
    for name, texts in NONSENSE.items():
        for number, text in enumerate(texts):
            path = a_run(f"{name} {number}").folder / name
            path.write_text(text)
            before[path] = text
    listed(qtbot, one, 1 + len(before))
    for row in range(one.list.count()):
        one.list.setCurrentRow(row)
        wanted = one.list.selected()[0]
        qtbot.waitUntil(lambda wanted=wanted: one.view is not None and one.view.detail is not None
                        and one.view.detail.summary.folder == wanted)  # fmt: skip
        one.grab()
    one.list.selectAll()
    qtbot.waitUntil(lambda: one.comparison is not None and len(one.comparison._details) > 1)
    for sweep in list(one.sweeps.known):
        one.show_sweep(sweep)
        qtbot.waitUntil(lambda: bool(one.sweeps.page.data.rows))
    assert good.phase() is Phase.STOPPED
    assert {path: path.read_text() for path in before} == before
    assert one.problems == []


def test_settings_edited_into_nonsense_are_a_sentence_where_one_would_use_them(one, qtbot, begun):
    run = a_run("Mine")
    asked = run.asked()
    asked["settings"]["latent"] = "many"
    (run.folder / "run.json").write_text(json.dumps(asked))
    listed(qtbot, one, 1)
    select(qtbot, one, "Mine")
    qtbot.mouseClick(one.view.buttons["duplicate"], LEFT)
    assert not one.form.start.isEnabled()
    assert "latent must be a whole number" in one.form.reason.text()
    one.list.setCurrentRow(0)
    one.doings.change(one._current() or one._runs[0], "learning_rate", "0.01")
    qtbot.waitUntil(lambda: bool(one.problems))
    assert "latent must be a whole number" in one.problems[0]
