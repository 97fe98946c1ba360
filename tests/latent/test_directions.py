"""Attribute vectors against data whose direction is known."""

import numpy as np
import pytest

from backends.api import BadRequest, LatentSpace, Part, Prior
from explorer.latent.directions import Labelled, class_means, moved

PART = Part("z", (6,))


def two_clouds(count=400, gap=3.0, part=PART, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((count, part.size)).astype(np.float32)
    inside = rng.random(count) < 0.4
    values[inside, 2] += gap
    return values, inside


def test_the_direction_is_the_difference_of_the_means():
    values, inside = two_clouds()
    found = class_means(PART, values, inside, ~inside)
    by_hand = values[inside].mean(0) - values[~inside].mean(0)
    np.testing.assert_allclose(found.vector, by_hand / np.linalg.norm(by_hand), atol=1e-5)
    assert found.accuracy > 0.9
    assert (found.count_with, found.count_without) == (inside.sum(), (~inside).sum())


def test_noise_separates_nothing():
    values, _ = two_clouds(4000, 0.0)
    half = np.arange(4000) < 2000
    assert class_means(PART, values, half, ~half).accuracy == pytest.approx(0.5, abs=0.06)


def test_one_unit_is_one_standard_deviation():
    part = Part("z", (6,), Prior.UNIFORM)
    values, inside = two_clouds(part=part)
    vector = class_means(part, values, inside, ~inside).vector
    assert np.linalg.norm(vector) == pytest.approx(3**-0.5, rel=1e-4)
    factor = ((2.0, 0.0), (1.0, 0.5))
    part = Part("z", (2,), Prior.EMPIRICAL, mean=(1.0, -1.0), factor=factor)
    drawn = part.sample(np.random.default_rng(0), 600)
    inside = drawn[:, 0] > 1
    vector = class_means(part, drawn, inside, ~inside).vector
    assert np.linalg.norm(np.linalg.solve(np.array(factor), vector)) == pytest.approx(1, rel=1e-4)


def test_few_codes_give_a_direction_without_a_judgement():
    values, _ = two_clouds(12)
    inside = np.arange(12) < 5
    assert np.isnan(class_means(PART, values, inside, ~inside).accuracy)


def test_missing_groups_and_equal_groups_are_a_sentence():
    values, inside = two_clouds()
    nobody = np.zeros(len(values), bool)
    with pytest.raises(BadRequest, match="with"):
        class_means(PART, values, nobody, inside)
    with pytest.raises(BadRequest, match="without"):
        class_means(PART, values, inside, nobody)
    with pytest.raises(BadRequest, match="same mean"):
        class_means(PART, values[:4], inside[:4] | True, inside[:4] | True)


def test_what_goes_along_in_the_data_stays_out_when_balanced():
    """Attribute 0 lies along dimension 0 and comes with attribute 1, along dimension 1, nine times in ten."""
    rng = np.random.default_rng(1)
    smile = rng.integers(0, 2, 4000)
    beard = np.where(rng.random(4000) < 0.9, smile, 1 - smile)
    values = 0.1 * rng.standard_normal((4000, 6)).astype(np.float32)
    values[:, 0] += smile
    values[:, 1] += beard
    labelled = Labelled(values, np.stack([smile, beard], 1), ("smile", "beard"), (("no", "yes"),) * 2)
    inside = labelled.inside(0, 1)
    plain = class_means(PART, values, inside, ~inside).vector
    balanced = class_means(PART, values, inside, ~inside, labelled.strata(0)).vector
    assert abs(plain[1]) > 0.5
    assert abs(balanced[1]) < 0.05
    always = Labelled(values, np.stack([smile, smile], 1), ("a", "b"), ((), ()))
    with pytest.raises(BadRequest, match="alone"):
        class_means(PART, values, inside, ~inside, always.strata(0))
    assert Labelled(values, smile[:, None], ("a",), ((),)).strata(0) is None


def test_moving_along_a_direction_touches_one_part():
    space = LatentSpace((PART, Part("label", (3,), Prior.CATEGORICAL)))
    code, vector = space.sample(0), np.eye(6, dtype=np.float32)[1]
    rows = moved(space, code, "z", vector, np.array([-1, 0, 2], np.float32))
    np.testing.assert_array_equal(rows[1], space.pack(code))
    np.testing.assert_allclose(rows[2] - rows[1], [0, 2, 0, 0, 0, 0, 0, 0, 0], atol=1e-6)
