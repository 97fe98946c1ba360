"""Which checkpoints stay."""

import pytest

from trainers.retention import Rule, best_of, surplus

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
