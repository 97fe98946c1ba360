"""The job beneath the panel: what is told arrives, in order, once."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.latent.task import Cancelled, Task
from trainers.toys.session import Session, run
from trainers.toys.settings import ToySettings

WISH = ToySettings(width=8, batch=16).to_json()


def working(session: Session, now: float = 0.0) -> int:
    count = 0
    while session.work(now):
        count += 1
    return count


def told(session: Session, **changes):
    session.hear(changes)
    return session


def test_commands_are_done_once_and_in_order():
    session = Session(ToySettings.from_mapping(WISH))
    acts = [(1, "step", 3, 0), (2, "critic", 1, 0)]
    told(session, acts=acts)
    told(session, acts=[*acts, (3, "generator", 2, 0)])
    assert working(session) == 6
    assert (session.toy.steps, session.act) == (6, 3)


def test_commands_for_an_earlier_toy_are_dropped():
    session = Session(ToySettings.from_mapping(WISH))
    told(session, acts=[(1, "step", 5, 0)])
    session.work(0)
    told(session, acts=[(1, "step", 5, 0), (2, "step", 5, 0), (3, "step", 2, 1)], begin=1, wish=WISH)
    working(session)
    assert (session.toy.steps, session.act, session.begin) == (2, 3, 1)


def test_rates_change_on_the_way_and_shapes_only_with_a_new_toy():
    session = Session(ToySettings.from_mapping(WISH))
    told(session, acts=[(1, "step", 2, 0)])
    working(session)
    told(session, wish={**WISH, "rate": 0.5}, begin=0)
    assert (session.toy.steps, session.toy.settings.rate) == (2, 0.5)
    told(session, wish={**WISH, "loss": "hinge"}, begin=0)  # of a begin that was not told yet
    assert session.toy.settings.loss == WISH["loss"]
    told(session, wish={**WISH, "loss": "hinge"}, begin=1)
    assert (session.toy.steps, session.toy.settings.loss) == (0, "hinge")


def test_slow_motion_takes_its_time():
    session = Session(ToySettings.from_mapping(WISH))
    told(session, play=True, speed=4.0)
    assert [session.work(now) for now in (10.0, 10.1, 10.26, 10.3, 10.51)] == [True, False, True, False, True]
    told(session, play=False)
    assert not session.work(99.0)


def test_a_job_sends_frames_with_every_step_and_ends_when_given_up():
    frames = []

    def send(kind, data, arrays):
        frames.append((data, arrays))
        task.hear({"taken": True})
        if data["act"] == 2:
            task.cancelled = True

    task = Task(send, taken=True)
    task.hear({"acts": [(1, "critic", 4, 7), (2, "step", 3, 7)]})
    with pytest.raises(Cancelled):
        run(task, {}, {"wish": WISH, "begin": 7})
    rows = np.concatenate([arrays["rows"][:, :2] for _, arrays in frames if len(arrays["rows"])])
    assert rows[:, 0].tolist() == [1, 2, 3, 4, 5, 6, 7]
    last, arrays = frames[-1]
    assert last["curves"][0] == "critic"
    assert (last["step"], last["begin"]) == (7, 7)
    assert arrays["points"].shape == (512, 2)
