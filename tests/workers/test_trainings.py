"""The thread that reads run folders: results on the GUI thread, faults as sentences, nothing while hidden."""

import threading

import pytest

from backends.errors import BadRequest
from explorer.workers.trainings import Trainings
from trainers import queued, runs
from trainers.api import Settings


@pytest.fixture
def trainings(qtbot, tmp_path):
    made = Trainings(tmp_path)
    made.problems = []
    made.problem.connect(lambda what, advice: made.problems.append((what, advice)))
    yield made
    made.close()
    assert not made._thread.is_alive()


def test_actions_run_on_the_thread_and_results_on_the_gui_thread(trainings, qtbot):
    seen = []
    trainings.do(threading.current_thread, lambda where: seen.append((where, threading.current_thread())))
    qtbot.waitUntil(lambda: bool(seen))
    worked, told = seen[0]
    assert worked.name == "trainings"
    assert told is threading.main_thread()


@pytest.mark.parametrize(
    ("error", "words"),
    [(BadRequest("No.", "Do it right."), "No."), (PermissionError(13, "Not allowed", "/x"), "Not allowed"),
     (KeyError("ours"), "ours")],
)  # fmt: skip
def test_faults_become_sentences_and_the_thread_lives(trainings, qtbot, error, words):
    def fail():
        raise error

    done = []
    trainings.do(fail, done.append)
    trainings.do(lambda: 1, done.append)
    qtbot.waitUntil(lambda: done == [1])
    assert words in trainings.problems[0][0]


@pytest.mark.parametrize(
    ("error", "words"),
    [(PermissionError(13, "Not allowed", "/x"), "Not allowed: /x."),
     (RuntimeError("ours"), "This could not be done: RuntimeError('ours').")],
)  # fmt: skip
def test_a_look_that_fails_is_told_once_and_the_next_one_goes_well(
    trainings, qtbot, tmp_path, monkeypatch, error, words
):
    looks, find = [], queued.start_next

    def fail(folder):
        looks.append(folder)
        raise error

    monkeypatch.setattr(queued, "start_next", fail)
    monkeypatch.setattr("explorer.workers.trainings.PUSH_S", 0.0)
    trainings.set_active(True)
    qtbot.waitUntil(lambda: len(looks) > 3)
    qtbot.waitUntil(lambda: bool(trainings.problems))
    assert [what for what, _ in trainings.problems] == [words]
    lists = []
    trainings.runs_changed.connect(lists.append)
    monkeypatch.setattr(queued, "start_next", find)
    runs.create("vae", "digits", Settings(), "One", folder=tmp_path)
    qtbot.waitUntil(lambda: bool(lists))


def test_lists_come_when_active_and_only_when_changed(trainings, qtbot, tmp_path):
    lists, details = [], []
    trainings.runs_changed.connect(lists.append)
    trainings.detail_changed.connect(details.append)
    run = runs.create("vae", "digits", Settings(), "One", folder=tmp_path)
    qtbot.wait(400)
    assert lists == []
    trainings.set_active(True)
    qtbot.waitUntil(lambda: bool(lists))
    trainings.watch(run.folder)
    qtbot.waitUntil(lambda: bool(details))
    counts = len(lists), len(details)
    qtbot.wait(800)
    assert (len(lists), len(details)) == counts
    run.add_metrics(10, 1.0, {"loss": 0.5})
    qtbot.waitUntil(lambda: len(details) > counts[1])
    assert details[-1].curves[0].values.tolist() == [0.5]
    trainings.set_active(False)
    qtbot.wait(300)
    seen = len(details)
    run.add_metrics(20, 2.0, {"loss": 0.4})
    qtbot.wait(600)
    assert len(details) == seen
