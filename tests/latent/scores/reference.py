"""The data of the published reference tests: ten factors, each uniform on 1 … 10, seen as they are."""

from __future__ import annotations

import numpy as np

from explorer.latent.scores import Sample

GRID = (3, 6, 40, 32, 32)  # dSprites


def ten_factors(count: int) -> np.ndarray:
    return np.random.RandomState(0).randint(1, 11, size=(count, 10))


def identity(count: int) -> Sample:
    y = ten_factors(count)
    return Sample.of(y.astype(float), y)


def duplicated(count: int) -> Sample:
    y = ten_factors(count)
    return Sample.of(np.hstack([y, y]).astype(float), y)


def zeros(count: int) -> Sample:
    y = ten_factors(count)
    return Sample.of(np.zeros(y.shape), y)


def permuted(count: int) -> Sample:
    """Every row in an order of its own: all dimensions know equally little of every factor."""
    y, rng = ten_factors(count), np.random.RandomState(0)
    return Sample.of(np.stack([rng.permutation(row) for row in y]).astype(float), y)


def grid_factors(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.stack([rng.integers(size, size=count) for size in GRID], axis=1)


def grid_cases(count: int) -> dict[str, Sample]:
    """Exact, noisy, partly and fully mixed codes of the dSprites grid."""
    y, rng = grid_factors(count), np.random.default_rng(1)
    z = (y - y.mean(0)) / y.std(0)
    noisy = np.hstack([z + 0.1 * rng.standard_normal(z.shape), 0.01 * rng.standard_normal(z.shape)])
    turned = z.copy()
    turned[:, 3:] = z[:, 3:] @ (np.array([[1, 1], [-1, 1]]) / np.sqrt(2))
    mixing = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    codes = {"exact": z, "noisy": noisy, "turned": turned, "mixed": z @ mixing}
    return {name: Sample.of(one, y) for name, one in codes.items()}
