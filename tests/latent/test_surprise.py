"""Likelihood in numbers people compare, and codes that differ in chance alone."""

import math

import numpy as np
import pytest

from backends.api import LatentSpace, Part, Prior
from explorer.latent.map_colours import VIRIDIS
from explorer.latent.surprise import Judged, comparison, heat_maps
from explorer.latent.variants import variants

FLAT = np.zeros((4, 4, 1), np.uint8)


def test_bits_per_dimension_of_a_fair_coin_is_one():
    judged = Judged(FLAT, -16 * math.log(2))
    assert judged.bits == pytest.approx(1)
    assert judged.sentence() == "−11.1 nats, 1.000 bits per dimension"


def test_one_scale_for_all_heat_maps():
    calm, wild = -np.full((4, 4), 0.5, np.float32), -np.full((4, 4), 2.0, np.float32)
    maps, ends = heat_maps([Judged(FLAT, 0, calm), Judged(FLAT, 0, wild), Judged(FLAT, 0)])
    assert ends == (0.5, 2.0)
    assert [bytes(m[0, 0]).hex() for m in maps] == [VIRIDIS[0], VIRIDIS[-1]]
    assert heat_maps([Judged(FLAT, -3.0)]) == ([], (0.0, 0.0))


def test_a_comparison_names_the_likelier_one():
    assert "this one likelier, by 2.0" in comparison(Judged(FLAT, -8), Judged(FLAT, -10))
    assert "held one likelier" in comparison(Judged(FLAT, -12), Judged(FLAT, -10))
    assert "equally" in comparison(Judged(FLAT, -10), Judged(FLAT, -10.01))


def test_variants_change_noise_and_nothing_else():
    parts = (Part("z", (3,)), Part("label", (2,), Prior.CATEGORICAL), Part("noise", (5,), role="noise"))
    space = LatentSpace(parts)
    code = space.sample(4)
    rows = variants(space, code, [4, 5, 6])
    assert rows.shape == (3, space.size)
    np.testing.assert_array_equal(rows[0], space.pack(code))
    np.testing.assert_array_equal(rows[:, :5], rows[[0, 0, 0], :5])
    assert len(np.unique(rows[:, 5])) == 3


def test_without_noise_all_but_the_label_varies():
    space = LatentSpace((Part("z", (3,)), Part("label", (2,), Prior.CATEGORICAL)))
    rows = variants(space, space.sample(4), [1, 2])
    assert not np.array_equal(rows[0, :3], rows[1, :3])
    np.testing.assert_array_equal(rows[0, 3:], rows[1, 3:])
    assert variants(space, space.sample(4), []).shape == (0, 5)
