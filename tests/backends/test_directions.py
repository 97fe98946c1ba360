"""Principal directions against generators whose answer is known on paper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backends.errors import BadRequest
from backends.probes.directions import Directions, principal
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
