"""Which checkpoints stay."""

import pytest

from backends.errors import BadSettings
from tests.trainers.conftest import NARROW
from trainers.api import Command, Phase
from trainers.control import Control
from trainers.loop import train
from trainers.retention import Patience, Rule, best_of, surplus

NONE = dict.fromkeys((10, 20, 30, 40, 50))
LOSS = {10: 3.0, 20: 1.0, 30: 2.0, 40: 4.0, 50: 5.0}


@pytest.mark.parametrize(
    ("rule", "figures", "gone"),
    [
        (Rule(2), NONE, [10, 20, 30]),
        (Rule(9), NONE, []),
        (Rule(0), NONE, [10, 20, 30, 40]),  # the newest always stays
        (Rule(1, every=20), NONE, [10, 30]),
        (Rule(1, every=25), NONE, [10, 20, 40]),
        (Rule(1, best="loss"), LOSS, [10, 30, 40]),
        (Rule(1, best="+accuracy"), LOSS, [10, 20, 30, 40]),
        (Rule(2, best="+accuracy"), {**LOSS, 10: 9.0}, [20, 30]),
        (Rule(1, best="loss"), {**LOSS, 20: None, 30: float("nan")}, [20, 30, 40]),
    ],
)
def test_the_newest_the_best_and_every_so_many_stay(rule, figures, gone):
    assert surplus(figures, rule) == gone


def test_the_name_of_the_figure_and_which_way_is_better():
    assert (Rule(best=" + accuracy").figure, Rule(best="+accuracy").highest) == ("accuracy", True)
    assert best_of({10: 1.0, 20: 1.0}, Rule(best="loss")) == 10
    assert best_of({10: None}, Rule(best="loss")) is None


def test_patience_counts_checkpoints_without_a_better_figure():
    falling, rising = Rule(best="loss"), Rule(best="+accuracy")
    for rule, figures, since in (
        (falling, (3, 2, 1), 0), (falling, (3, 4, 3), 2), (falling, (3, 4, 2, 2), 1), (rising, (1, 2, 0), 1),
    ):  # fmt: skip
        patience = Patience()
        for figure in figures:
            patience.saw(figure, rule)
        assert patience.since == since
        assert patience.best == (min if rule is falling else max)(figures)


def test_a_training_that_gets_no_better_stops_early_also_when_it_was_interrupted(make):
    asked = {"keep_best": "+loss", "patience": 2, "steps": 1000, **NARROW}  # it falls: never better
    whole, stopped = make("vae", **asked), make("vae", **asked)
    train(whole, Control.of(whole, 1000))
    assert whole.phase() is Phase.FINISHED
    assert whole.state().step == 30
    assert "Stopped early" in whole.state().message
    assert whole.model.exists()
    train_until(stopped, 25)
    train(stopped, Control.of(stopped, 1000))
    assert stopped.state().step == 30
    assert not [event for event in whole.events() if event["kind"] == "warning"]


def train_until(run, step):
    """Train a run, and stop it at a step as a person would."""
    control = Control.of(run, 1000)
    checked = control.check

    def check():
        if control.state.step >= step:
            run.send(Command.STOP)
        checked()

    control.check = check
    train(run, control)


def test_patience_needs_a_curve(make):
    with pytest.raises(BadSettings, match="keep_best"):
        make("vae", patience=3)
