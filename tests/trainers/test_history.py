"""What a long run measured is looked at in the time a short one takes, and nothing that matters is lost."""

from __future__ import annotations

from tests.trainers.conftest import Make
from trainers import history
from trainers.history import History
from trainers.watch import diverging, overfitting


def test_a_short_run_is_there_whole_and_only_what_is_new_is_read(make: Make):
    run = make("vae")
    seen = History(run)
    assert seen.lines() == []
    for step in (10, 20):
        run.add_metrics(step, 0.1, {"loss": 1.0})
    assert seen.lines() == run.metrics()
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 30, "lo')
    assert len(seen.lines()) == 2
    run.add_metrics(40, 0.2, {"loss": 1.0})
    assert [line["step"] for line in seen.lines()] == [10, 20, 40]


def test_of_a_long_run_a_selection_stays_and_the_warnings_are_the_same(make: Make, monkeypatch):
    monkeypatch.setattr(history, "MOST", 40)
    run, seen = make("vae"), None
    for step in range(1, 901):
        loss = 2.0 if step < 880 else 500.0
        held = {"held-out nats": 50.0 + abs(step - 400) / 10, "seen nats": 60.0 - step / 30}
        run.add_metrics(step, step / 10, {"loss": loss, **(held if step % 100 == 0 else {})})
        if step % 100 == 0:
            seen = seen or History(run)
            lines = seen.lines()
    steps = [line["step"] for line in lines]
    assert steps == sorted(set(steps))
    assert steps[-history.RECENT :] == list(range(801, 901))
    assert len(steps) <= history.RECENT + 40 + 9
    assert diverging(lines) == diverging(run.metrics()) != ""
    assert overfitting(lines) == overfitting(run.metrics()) != ""
