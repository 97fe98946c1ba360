"""The first picture of any cloud: the two directions in which it varies most."""

from __future__ import annotations

import numpy as np

from backends.api import Array

BLOCK = 65536  # rows at once: the squares of a million rows need not stand in memory
SQUARE = 1000  # dimensions up to which the covariance is worked out; beyond it is only sounded
SPARE, POWERS = 8, 4


def pca(points: Array, components: int = 2) -> Array:
    """`[N, d]` along its main directions: `[N, components]`, each with its largest entry positive.

    Fewer dimensions than components are filled up with zeros.
    """
    middle, axes = main_axes(points, components)
    out = np.zeros((len(points), components), np.float32)
    out[:, : axes.shape[1]] = (points - middle) @ axes
    return out


def main_axes(points: Array, components: int = 2) -> tuple[Array, Array]:
    """The middle `[d]` and the main directions `[d, c]`, c at most d and `components`."""
    d = points.shape[1]
    middle = points.mean(axis=0, dtype=np.float64)
    axes = _exact(points, middle) if d <= SQUARE else _sounded(points, middle, components)
    axes = axes[:, :components]
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1, 1)
    return middle.astype(np.float32), axes.astype(np.float32)


def _exact(points: Array, middle: np.ndarray) -> np.ndarray:
    """All directions `[d, d]` by the covariance, the longest first."""
    square = np.zeros((points.shape[1],) * 2)
    for at in range(0, len(points), BLOCK):
        centred = points[at : at + BLOCK] - middle
        square += centred.T @ centred
    _, vectors = np.linalg.eigh(square)
    return np.asarray(vectors[:, ::-1])


def _sounded(points: Array, middle: np.ndarray, components: int) -> np.ndarray:
    """A few directions by random soundings (Halko, Martinsson and Tropp 2011, algorithm 4.4)."""
    centred = points - middle.astype(np.float32)
    wide = min(components + SPARE, *points.shape)
    sounding = np.random.default_rng(0).standard_normal((points.shape[1], wide)).astype(np.float32)
    basis = np.linalg.qr(centred @ sounding)[0]
    for _ in range(POWERS):
        basis = np.linalg.qr(centred @ np.linalg.qr(centred.T @ basis)[0])[0]
    _, _, directions = np.linalg.svd(basis.T @ centred, full_matrices=False)
    return np.asarray(directions.T)
