"""Curves that keep their looks, however long they get."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.model import series
from explorer.model.series import Series, light_rows, moving_mean


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=400), st.integers(4, 60))
def test_light_rows_keep_ends_and_extremes(values, most):
    numbers = np.array(values)
    rows = light_rows(numbers, most)
    assert len(rows) <= max(most, 4)
    assert rows[0] == 0
    assert rows[-1] == len(values) - 1
    assert (np.diff(rows) > 0).all()
    if np.isfinite(numbers).all():
        assert numbers[rows].max() == numbers.max()
        assert numbers[rows].min() == numbers.min()


def test_moving_mean_leaves_out_what_is_no_number():
    values = np.array([1.0, 2.0, np.nan, 4.0])
    np.testing.assert_allclose(moving_mean(values, 3), [1.5, 1.5, 3.0, 4.0])
    assert moving_mean(values, 1) is values
    np.testing.assert_allclose(moving_mean(np.full(9, 5.0), 4), 5.0)


@pytest.mark.parametrize("count", [5, 64, 1024, 1000])
def test_a_long_curve_keeps_its_ends_extremes_and_mean_in_few_rows(monkeypatch, count):
    monkeypatch.setattr(series, "MOST_ROWS", 32)
    values = np.random.default_rng(0).normal(size=count)
    kept = Series()
    for step, value in enumerate(values):
        kept.add(step, step / 10, float(value))
    curve = kept.curve("loss", 1)
    assert len(curve.steps) <= 2 * 32 + 2
    assert curve.steps[-1] == count - 1
    assert curve.seconds[-1] == (count - 1) / 10
    assert (np.diff(curve.steps) >= 0).all()
    assert (curve.values.min(), curve.values.max()) == (values.min(), values.max())
    if count % kept.each == 0:  # so smooth that every point is the mean of all
        np.testing.assert_allclose(kept.curve("loss", 4 * count).means, values.mean())


def test_short_curves_are_as_they_were_measured():
    kept = Series()
    for step, value in enumerate([3.0, 1.0, 2.0]):
        kept.add(step, step, value)
    curve = kept.curve("loss", 3)
    assert curve.values.tolist() == [3.0, 1.0, 2.0]
    np.testing.assert_allclose(curve.means, [2.0, 2.0, 1.5])


def test_a_value_that_is_no_number_hides_no_other(monkeypatch):
    monkeypatch.setattr(series, "MOST_ROWS", 4)
    kept = Series()
    for step, value in enumerate([1.0, float("nan"), 5.0, 2.0, 3.0, 4.0]):
        kept.add(step, step, value)
    assert kept.each == 2
    assert np.nanmax(kept.curve("loss", 1).values) == 5.0
