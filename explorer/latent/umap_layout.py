"""UMAP in numpy: a frame after any epoch, cancelled at once, and nothing to compile.

umap-learn compiles its kernels anew in every process, which takes longer than laying out thousands
of points. This follows its steps (McInnes, Healy and Melville 2018, arXiv:1802.03426) but moves the
points of a slice of the edges at a time instead of one edge after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backends.api import Array

NEGATIVES = 5  # points pushed away for each edge pulled together
SLICES = 4  # of an epoch's edges: more are nearer to one by one, fewer are faster
CLIP = 4.0
EPSILON = 1e-3
LONG, SHORT = 500, 200  # epochs for few and for many points
MANY = 3000

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Edges:
    """Pairs of neighbours `heads` `[E]`, `tails` `[E]` with their strength `weights` `[E]`, 0 to 1."""

    heads: Indices
    tails: Indices
    weights: Array


def layout(
    edges: Edges, start: Array, seed: int, min_dist: float, epochs: int
) -> Iterator[tuple[int, Array]]:
    """Yield (epoch, positions `[N, 2]`) after each epoch, beginning at `start`.

    Every edge is pulled as often as it is strong (eq. 16), the rate falls linearly to zero.
    """
    rng = np.random.default_rng(seed)
    a, b = curve(min_dist)
    positions = start.astype(np.float32).copy()
    strong = edges.weights >= edges.weights.max() / epochs
    heads, tails = edges.heads[strong], edges.tails[strong]
    period = edges.weights.max() / edges.weights[strong]  # epochs between two pulls
    due = period.copy()
    for epoch in range(1, epochs + 1):
        rate = np.float32(1 - (epoch - 1) / epochs)
        active = np.flatnonzero(due <= epoch)
        due[active] += period[active]
        for part in np.array_split(rng.permutation(active), SLICES):
            positions += rate * _pull(positions, heads[part], tails[part], a, b)
            positions += rate * _push(positions, heads[part], rng, a, b)
        yield epoch, positions


def neighbour_edges(points: Array, count: int) -> Edges:
    """The fuzzy graph of `[N, d]`: each point and its `count` nearest (itself among them), symmetric.

    Strengths are exp(−(d − ρ) / σ), ρ the distance of the nearest and σ such that a point's strengths
    add up to log₂ `count` (section 3.1); two directions join as a + b − ab.
    """
    from scipy.sparse import coo_matrix
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=count).fit(points).kneighbors(points)
    distances, rows = found[0].astype(np.float32), found[1]
    nonzero = np.where(distances > 0, distances, np.inf)
    nearest = np.where(np.isfinite(nonzero.min(axis=1)), nonzero.min(axis=1), 0)[:, None]
    away = np.maximum(distances - nearest, 0)
    strengths = np.exp(-away / _widths(away, float(np.log2(count)))[:, None])
    strengths[rows == np.arange(len(points))[:, None]] = 0  # nobody is their own neighbour
    heads = np.repeat(np.arange(len(points)), count)
    one_way = coo_matrix((strengths.ravel(), (heads, rows.ravel())), shape=(len(points),) * 2).tocsr()
    other = one_way.T.tocsr()
    both = (one_way + other - one_way.multiply(other)).tocoo()
    kept = both.data > 0
    return Edges(
        both.row[kept].astype(np.int64), both.col[kept].astype(np.int64), both.data[kept].astype(np.float32)
    )


def curve(min_dist: float, spread: float = 1.0) -> tuple[float, float]:
    """a and b for which 1 / (1 + a x^(2b)) is flat up to `min_dist` and then falls as exp (eq. 17)."""
    from scipy.optimize import curve_fit

    x = np.linspace(0, 3 * spread, 300)
    y = np.where(x < min_dist, 1.0, np.exp(-(x - min_dist) / spread))
    (a, b), _ = curve_fit(lambda x, a, b: 1 / (1 + a * x ** (2 * b)), x, y)
    return float(a), float(b)


def epochs_for(count: int) -> int:
    """How many epochs so many points get."""
    return LONG if count <= MANY else SHORT


def _widths(away: Array, target: float) -> Array:
    """σ `[N]` by bisection, at least a thousandth of the mean distance."""
    low, high = np.zeros(len(away), np.float32), np.full(len(away), np.inf, np.float32)
    width = np.ones(len(away), np.float32)
    for _ in range(64):
        # The point itself is among its neighbours, and does not count.
        total = np.exp(-away / width[:, None]).sum(axis=1) - 1
        high = np.where(total > target, width, high)
        low = np.where(total > target, low, width)
        width = np.where(np.isinf(high), width * 2, (low + high) / 2).astype(np.float32)
        width = np.clip(width, 1e-12, 1e12)
    return np.maximum(width, 1e-3 * max(float(away.mean()), 1e-12)).astype(np.float32)


def _pull(positions: Array, heads: Indices, tails: Indices, a: float, b: float) -> Array:
    """The steps that bring the ends of edges together: `[N, 2]`."""
    apart = positions[heads] - positions[tails]
    square = np.maximum((apart * apart).sum(axis=1), 1e-12)
    power = square**b
    factor = -2 * a * b * power / (square * (1 + a * power))
    step = np.clip(factor[:, None] * apart, -CLIP, CLIP)
    return _sum(heads, step, len(positions)) - _sum(tails, step, len(positions))


def _push(positions: Array, heads: Indices, rng: np.random.Generator, a: float, b: float) -> Array:
    """The steps that keep random points apart: `[N, 2]`."""
    others = rng.integers(len(positions), size=(len(heads), NEGATIVES))
    apart = positions[heads][:, None] - positions[others]  # [E, 5, 2], none for a point and itself
    square = (apart * apart).sum(axis=2)
    factor = 2 * b / ((EPSILON + square) * (1 + a * square**b))
    step = np.clip(factor[..., None] * apart, -CLIP, CLIP)
    return _sum(heads, step.sum(axis=1), len(positions))


def _sum(rows: Indices, steps: Array, count: int) -> Array:
    """Steps `[E, 2]` added up by row: bincount is twenty times faster than `np.add.at`."""
    columns = [np.bincount(rows, weights=steps[:, c], minlength=count) for c in range(2)]
    return np.stack(columns, axis=1).astype(np.float32)
