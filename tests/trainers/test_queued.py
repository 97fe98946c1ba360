"""The queue: order, limits, and that whoever looks starts what fits. One real process."""

import os

import psutil
import pytest

from backends.errors import BadRequest, BadSettings
from tests.trainers.conftest import NARROW, Make, wait
from trainers import queued, runs
from trainers.api import Phase
from trainers.processes import birth, holding
from trainers.runs import State


@pytest.fixture
def begun(monkeypatch):
    """Runs that were started, instead of processes."""
    found = []

    def start(run):
        (run.folder / "queued.json").unlink(missing_ok=True)
        run.write_state(State(Phase.TRAINING, pid=os.getpid(), started=birth(os.getpid())))
        found.append(run)

    monkeypatch.setattr(runs, "start", start)
    return found


def ended(run):
    run.write_state(State(Phase.FINISHED))


def test_one_after_the_other_in_order(make: Make, begun):
    one, two, three, four = made = [make() for _ in range(4)]
    queued.set_at_once(1, one.folder.parent)
    for run in made:
        queued.add(run)
    assert begun == [one]
    assert queued.waiting(one.folder.parent) == [two, three, four]
    queued.put_first(four)
    assert queued.waiting(one.folder.parent) == [four, two, three]
    queued.remove(two)
    assert two.phase() is Phase.STOPPED
    assert queued.start_next(one.folder.parent) == []
    assert "1 of 1 trainings" in queued.room(four).why
    ended(one)
    assert queued.start_next(one.folder.parent) == [four]
    queued.set_at_once(2, one.folder.parent)
    assert queued.start_next(one.folder.parent) == [three]
    for run in made:
        ended(run)


def test_memory_is_a_limit_but_not_for_one_alone(make: Make, begun):
    one, two = make(), make()
    queued.set_at_once(5, one.folder.parent)
    total = psutil.virtual_memory().total
    one.write_state(State(Phase.FINISHED, memory=2 * total))
    queued.add(one)
    assert begun == [one]
    one.write_state(State(Phase.TRAINING, pid=os.getpid(), started=birth(os.getpid()), memory=2 * total))
    queued.add(two)
    assert two.phase() is Phase.QUEUED
    assert "GB of memory" in queued.room(two).why
    ended(one)


def test_two_who_look_at_once_start_one(make: Make, begun):
    one, two = make(), make()
    queued.set_at_once(1, one.folder.parent)
    with holding(one.folder.parent / ".queue.lock"):
        queued.add(one)
        assert begun == []
    assert queued.start_next(one.folder.parent) == [one]
    with pytest.raises(BadRequest, match="stands still"):
        queued.add(one)
    queued.add(two)
    assert begun == [one]
    ended(one)


def test_nonsense_limits(tmp_path):
    with pytest.raises(BadSettings):
        queued.set_at_once(-1, tmp_path)
    (tmp_path / "queue.json").write_text('{"at_once": "many"}')
    assert queued.at_once(tmp_path) == 0
    assert queued.start_next(tmp_path / "nowhere") == []


def test_a_training_that_ends_starts_the_next_one(make: Make, nursery: None):
    """No window, no verb: the process of the first starts the second."""
    one, two = (make("vae", **{**NARROW, "steps": 10}) for _ in range(2))
    queued.set_at_once(1, one.folder.parent)
    queued.add(one)
    queued.add(two)
    assert two.phase() is Phase.QUEUED
    wait(lambda: two.phase() is Phase.FINISHED)
    assert one.phase() is Phase.FINISHED
    wait(lambda: not runs.alive(two.state().pid, two.state().started))
