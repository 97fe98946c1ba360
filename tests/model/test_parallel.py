"""Parallel coordinates: where lines cross the axes, which is nearest, which pass a range."""

import numpy as np
import pytest

from explorer.model.parallel import axis_of, heights, inside, nearest


def test_numbers_lie_on_a_scale_between_the_least_and_the_largest():
    axis = axis_of("latent", [2, 6, 10, None])
    assert not axis.log
    assert axis.places[:3].tolist() == [0, 0.5, 1]
    assert np.isnan(axis.places[3])
    assert axis.marks == [(0, "2"), (0.5, "6"), (1, "10")]
    assert axis.text_at(0.25) == "4"


def test_what_spans_much_is_logarithmic():
    axis = axis_of("rate", [1e-4, 1e-3, 1e-2])
    assert axis.log
    assert axis.places.tolist() == pytest.approx([0, 0.5, 1])
    assert axis.text_at(0.75) == "0.003162"
    assert not axis_of("loss", [0.0, 1e-3, 1.0]).log  # zero has no logarithm
    assert not axis_of("loss", [-1.0, 100.0]).log


def test_words_and_switches_have_a_place_each():
    axis = axis_of("body", ["mlp", "conv", "mlp", None])
    assert axis.labels == ("mlp", "conv")
    assert axis.places[:3].tolist() == [0, 1, 0]
    assert axis.text_at(0.9) == "conv"
    assert axis_of("mirror", [True, False]).labels == ("True", "False")


@pytest.mark.parametrize("values", [[], [None, None], [3, 3, 3], [float("nan")]])
def test_what_does_not_vary_or_is_not_known_is_no_error(values):
    axis = axis_of("x", values)
    known = axis.places[np.isfinite(axis.places)]
    assert (known == 0.5).all()
    assert len(axis.marks) <= 1
    assert inside([axis], {"x": (0, 1)}).sum() == len(known)


def test_many_values_have_few_marks():
    marks = axis_of("loss", list(np.linspace(1, 3, 40))).marks
    assert [text for _, text in marks] == ["1", "1.5", "2", "2.5", "3"]


def test_the_nearest_line_at_any_place_between_two_axes():
    places = heights([axis_of("a", [0, 1]), axis_of("b", [1, 0]), axis_of("c", [0, None])])
    assert nearest(places, 0.0, 0.1, 100) == (0, pytest.approx(10))
    assert nearest(places, 1.0, 0.1, 100)[0] == 1
    assert nearest(places, 0.75, 0.2, 100) == (1, pytest.approx(5))
    assert nearest(places, 1.5, 0.0, 100)[0] == 0  # the other has no end
    assert nearest(places, 3.0, 0.0, 100)[0] == -1
    assert nearest(heights([]), 0.0, 0.0, 100)[0] == -1


def test_ranges_keep_what_passes_through_all_of_them():
    axes = [axis_of("a", [0, 1, 2, None]), axis_of("b", ["x", "y", "x", "x"])]
    assert inside(axes, {}).all()
    assert inside(axes, {"a": (0.4, 1)}).tolist() == [False, True, True, False]
    assert inside(axes, {"a": (1, 0.4), "b": (0, 0.2)}).tolist() == [False, False, True, False]
