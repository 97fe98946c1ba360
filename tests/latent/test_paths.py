"""Walks between codes: the exercise of the field, held to its formulas."""

from statistics import NormalDist

import numpy as np
import pytest

from backends.space import LatentSpace, Part, Prior
from explorer.latent.paths import linear, quantile, spherical, walk, walk_through

A, B = np.array([1.0, 0.0, 0.0], np.float32), np.array([0.0, 2.0, 0.0], np.float32)


def test_linear_walk_is_the_formula():
    t = np.linspace(0, 1, 11)
    np.testing.assert_allclose(linear(A, B, t), [(1 - s) * A + s * B for s in t], atol=1e-6)


def test_great_circle_has_equal_angles_and_lengths_between():
    got = spherical(A, B, np.linspace(0, 1, 11))
    np.testing.assert_allclose(np.linalg.norm(got, axis=1), np.linspace(1, 2, 11), rtol=1e-5)
    angles = np.degrees(np.arctan2(got[:, 1], got[:, 0]))
    np.testing.assert_allclose(angles, np.linspace(0, 90, 11), atol=1e-3)


@pytest.mark.parametrize("end", [A, -A, 0 * A, 3 * A])
def test_degenerate_ends_stay_finite_and_are_reached(end):
    got = spherical(A, end, np.linspace(0, 1, 11))
    assert np.isfinite(got).all()
    np.testing.assert_allclose(got[0], A, atol=1e-5)
    np.testing.assert_allclose(got[-1], end, atol=1e-5)


def test_a_walk_keeps_its_ends_and_blends_labels():
    space = LatentSpace((Part("z", (16,)), Part("label", (4,), Prior.CATEGORICAL)))
    start, end = space.sample(1), space.sample(2)
    start, end = start.with_value("label", [1, 0, 0, 0]), end.with_value("label", [0, 0, 0, 1])
    for how in ("linear", "spherical"):
        codes = walk(space, start, end, 11, how)
        assert codes.shape == (11, 20)
        np.testing.assert_allclose(codes[0], space.pack(start), atol=1e-5)
        np.testing.assert_allclose(codes[-1], space.pack(end), atol=1e-5)
        np.testing.assert_allclose(codes[5, 16:], [0.5, 0, 0, 0.5], atol=1e-6)
        np.testing.assert_allclose(codes[:, 16:].sum(1), 1, atol=1e-5)


def test_a_walk_goes_around_the_centre_of_an_empirical_part():
    factor = ((1.0, 0.0), (0.0, 1.0))
    space = LatentSpace((Part("z", (2,), Prior.EMPIRICAL, mean=(10.0, 0.0), factor=factor),))
    start = space.centre().with_value("z", [11, 0])
    end = space.centre().with_value("z", [10, 1])
    codes = walk(space, start, end, 3, "spherical")
    np.testing.assert_allclose(codes[1], [10 + 0.5**0.5, 0.5**0.5], atol=1e-5)


def test_truncation_of_the_ends_is_in_the_walk():
    space = LatentSpace((Part("z", (4,)),))
    code = space.sample(3).with_truncation(0.5)
    np.testing.assert_allclose(walk(space, code, code, 2, "linear")[0], 0.5 * space.pack(code), rtol=1e-6)


def test_a_walk_through_three_codes_repeats_no_joint():
    space = LatentSpace((Part("z", (4,)),))
    codes = [space.sample(i) for i in range(3)]
    path = walk_through(space, codes, 11, "linear")
    assert path.shape == (21, 4)
    np.testing.assert_allclose(path[10], space.pack(codes[1]), atol=1e-6)
    assert walk_through(space, codes[:1], 11, "linear").shape == (1, 4)


def test_quantiles_lie_evenly_between_those_of_the_ends():
    normal = NormalDist()
    a, b = np.array([-1.0, 0.0, 3.0], np.float32), np.array([1.0, 2.0, 3.0], np.float32)
    got = quantile(a, b, np.linspace(0, 1, 5))
    np.testing.assert_array_equal(got[[0, -1]], [a, b])
    shares = np.array([[normal.cdf(float(x)) for x in row] for row in got])
    np.testing.assert_allclose(
        np.diff(shares, axis=0), np.tile((shares[-1] - shares[0]) / 4, (4, 1)), atol=1e-6
    )
    assert np.isfinite(quantile(20 * a, -20 * b, np.linspace(0, 1, 5))).all()


def test_a_walk_through_quantiles_minds_the_prior():
    space = LatentSpace((
        Part("z", (2,), Prior.EMPIRICAL, mean=(5.0, 5.0), factor=((2.0, 0.0), (0.0, 1.0))),
        Part("u", (2,), Prior.UNIFORM),
    ))  # fmt: skip
    start, end = space.sample(1), space.sample(2)
    codes = walk(space, start, end, 5, "quantile")
    np.testing.assert_allclose(codes[[0, -1]], [space.pack(start), space.pack(end)], atol=1e-5)
    np.testing.assert_allclose(codes[2, 2:], (codes[0, 2:] + codes[-1, 2:]) / 2, atol=1e-6)
