"""Pairs that share or differ in what is asked, from any part of a grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.errors import BadData
from trainers import data
from trainers.data.api import Dataset
from trainers.data.pairs import Grouping, differing, numbered, sharing

RNG = np.random.default_rng


def test_partners_share_the_label_and_are_others():
    digits = data.load("digits", 16, limit=300)
    assert digits.labels is not None
    rows, partners = digits.pairs().draw(RNG(0), 2000)
    assert (digits.labels[rows] == digits.labels[partners]).all()
    assert (rows != partners).all()
    assert len(np.unique(rows)) > 250
    again = digits.pairs().draw(RNG(0), 2000)
    assert np.array_equal(rows, again[0])
    assert np.array_equal(partners, again[1])


def test_pairs_share_the_factors_that_are_named():
    shapes = data.load("dsprites:count=2000", 16)
    rows, partners = shapes.pairs(["shape", "scale"]).draw(RNG(1), 500)
    one, other = shapes.attributes()[rows], shapes.attributes()[partners]
    assert (one == other).all()  # the label is the shape
    scales = shapes.attributes(["scale"])
    assert (scales[rows] == scales[partners]).all()
    places = shapes.attributes(["x"])
    assert (places[rows] != places[partners]).mean() > 0.8


def test_pairs_differ_in_few_factors():
    factors = RNG(0).integers(0, [3, 4, 5, 6], (3000, 4))
    for most in (1, 2, 3):
        rows, partners = differing(factors, most).draw(RNG(1), 1000)
        count = (factors[rows] != factors[partners]).sum(1)
        assert count.max() == most
        differ = (factors[rows] != factors[partners]).mean(0)
        assert (differ > 0.1).all()  # each factor has its turn


@settings(max_examples=50)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=30))
def test_every_other_row_of_a_group_can_be_a_partner(keys: list[int]):
    values = np.array(keys)
    grouping = Grouping.of(values)
    counts = np.bincount(values)
    assert sorted(grouping.order) == [i for i, key in enumerate(keys) if counts[key] > 1]
    if not len(grouping.order):
        return
    rows, partners = grouping.draw(RNG(0), 3000)
    assert (values[rows] == values[partners]).all()
    assert (rows != partners).all()
    wanted = {(i, j) for i in range(len(keys)) for j in range(len(keys)) if i != j and keys[i] == keys[j]}
    assert set(zip(rows.tolist(), partners.tolist(), strict=True)) <= wanted
    if len(wanted) < 100:
        assert set(zip(rows.tolist(), partners.tolist(), strict=True)) == wanted


def test_rows_that_agree_have_one_number():
    assert numbered(np.array([[0, 7], [1, 7], [0, 7], [0, 8]])).tolist() == [0, 2, 0, 1]


def test_what_is_not_there_is_said():
    bare = Dataset(np.zeros((4, 8, 8, 1), np.uint8))
    with pytest.raises(BadData, match="no labels"):
        bare.pairs()
    with pytest.raises(BadData, match="no known factors"):
        bare.pairs(differing=1)
    with pytest.raises(BadData, match="No two"):
        sharing(np.arange(5)[:, None])
    with pytest.raises(BadData, match="differ in 2"):
        differing(np.zeros((5, 2), np.int64), 2)
    with pytest.raises(BadData, match="hue"):
        data.load("dsprites:count=10", 16).pairs(["hue"])
