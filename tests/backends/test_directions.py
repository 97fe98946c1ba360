"""Principal directions against generators whose answer is known on paper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backends.errors import BadRequest
from backends.probes.directions import SLOW, Directions, principal, waves
from backends.space import Array, LatentSpace, Part, Prior


def found(space: LatentSpace, matrix: np.ndarray[Any, Any], rows: int = 7) -> Directions:
    """Directions of the linear generator x = A z."""

    def generate(codes: Array) -> np.ndarray[Any, Any]:
        assert len(codes) <= max(rows, 2)
        return codes[:, : matrix.shape[1]] @ matrix.T

    steps = principal(generate, space, space.main, lambda: rows)
    fractions = []
    while True:
        try:
            fractions.append(next(steps))
        except StopIteration as done:
            assert fractions == sorted(fractions)
            assert fractions[-1] == pytest.approx(1)
            result: Directions = done.value
            return result


@pytest.mark.parametrize("rows", [1, 7, 100])
def test_a_linear_generator_gives_its_singular_vectors(rows: int) -> None:
    matrix = np.random.default_rng(0).standard_normal((30, 5)).astype(np.float32)
    got = found(LatentSpace((Part("z", (5,)),)), matrix, rows)
    _, values, vectors = np.linalg.svd(matrix)
    assert np.allclose(got.effects, values / 30**0.5, rtol=1e-3)
    assert np.allclose(np.abs((got.vectors * vectors).sum(1)), 1, atol=1e-3)
    assert (got.vectors[np.arange(5), np.abs(got.vectors).argmax(1)] > 0).all()


def test_dead_dimensions_come_last_and_the_label_is_left_alone() -> None:
    space = LatentSpace((Part("z", (4,)), Part("label", (3,), Prior.CATEGORICAL)))
    matrix = np.zeros((10, 4), np.float32)
    matrix[:, 2], matrix[0, 1] = 1, 1
    got = found(space, matrix)
    assert np.allclose(np.abs(got.vectors[0]).argmax(), 2)
    assert np.allclose(got.effects[2:], 0, atol=1e-6)


def test_a_unit_is_one_standard_deviation_of_a_measured_prior() -> None:
    factor = ((2.0, 0.0), (1.0, 0.5))
    part = Part("z", (2,), Prior.EMPIRICAL, mean=(1.0, -1.0), factor=factor)
    got = found(LatentSpace((part,)), np.eye(2, dtype=np.float32))
    covariance = np.array(factor) @ np.array(factor).T
    lengths = np.einsum("kd,de,ke->k", got.vectors, np.linalg.inv(covariance), got.vectors)
    assert np.allclose(lengths, 1, atol=1e-3)  # Mahalanobis length
    assert np.allclose(got.effects**2, np.sort(np.linalg.eigvalsh(covariance))[::-1] / 2, rtol=1e-3)


def test_classes_have_no_directions() -> None:
    space = LatentSpace((Part("label", (3,), Prior.CATEGORICAL),))
    with pytest.raises(BadRequest, match="classes"):
        found(space, np.eye(3, dtype=np.float32))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 5, 4)])
def test_waves_are_orthogonal_and_the_slow_ones_come_first(shape: tuple[int, int, int]) -> None:
    size = int(np.prod(shape))
    rows = waves(shape, size)
    assert np.allclose(rows @ rows.T, np.eye(size), atol=1e-5)
    assert np.allclose(np.abs(rows[0]).max(), (shape[1] * shape[2]) ** -0.5)  # no wave at all: the mean
    assert np.array_equal(waves(shape, 7), rows[:7])
    bends = np.abs(np.diff(rows.reshape(size, *shape), axis=2)).sum((1, 2, 3))
    assert bends[: size // 8].mean() < bends[-size // 8 :].mean() / 2


def test_of_noise_only_slow_waves_are_measured_and_all_span_it() -> None:
    part = Part("x_T", (1, 12, 12))
    weights = np.zeros((3, 144), np.float32)
    weights[0], weights[1] = waves(part.shape, 144)[5], 3 * waves(part.shape, 144)[2]
    got = found(LatentSpace((part,)), weights)
    assert got.effects[:2] == pytest.approx([3 / 3**0.5, 1 / 3**0.5], rel=1e-3)
    assert abs(got.vectors[0] @ weights[1]) == pytest.approx(3, rel=1e-3)
    assert (got.effects[SLOW:] == 0).all()
    assert np.allclose(got.vectors @ got.vectors.T, np.eye(144), atol=1e-4)


def test_of_vast_noise_there_are_only_those_that_were_measured() -> None:
    space = LatentSpace((Part("x_T", (3, 64, 64)),))
    got = found(space, np.ones((1, 10), np.float32), rows=64)
    assert got.vectors.shape == (SLOW, 3 * 64 * 64)
