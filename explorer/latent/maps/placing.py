"""Where new codes go on a finished map: among their nearest neighbours. No step of a layout, no jitter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backends.api import Array
from explorer.latent.maps.neighbours import nearest
from explorer.latent.task import Task

NEAREST = 15
PROBES = 50  # points whose nearest neighbour tells how dense the others lie
MOST = 20_000  # points among which a code is placed: more cost time and move nothing


@dataclass(frozen=True, eq=False)
class Places:
    """Points `[N, d]` with their positions `[N, 2]`; numpy alone, for the window's process too."""

    points: Array
    positions: Array
    typical: float  # the usual distance of a point to its nearest neighbour
    squares: Array  # [N], of the lengths of the points

    @staticmethod
    def of(points: Array, positions: Array, most: int = MOST) -> Places:
        """Of what is on the map; of more than `most` points a random part."""
        kept = np.flatnonzero(np.isfinite(positions).all(axis=1) & np.isfinite(points).all(axis=1))
        if len(kept) > most:
            kept = np.sort(np.random.default_rng(0).choice(kept, most, replace=False))
        points, positions = points[kept], positions[kept]
        squares = (points**2).sum(axis=1)
        some = points[:: max(1, len(points) // PROBES)]
        distances = _distances(some, points, squares)
        at = min(1, len(points) - 1)
        return Places(
            points, positions, float(np.median(np.partition(distances, at, axis=1)[:, at])), squares
        )

    def place(self, codes: Array) -> tuple[Array, Array]:
        """Positions `[M, 2]` of `[M, d]`, and how far each is off the data (1: as near as they are).

        The mean of the neighbours' positions, weighted by exp(−(d − d₁) / σ) as in UMAP's graph. Off the
        data by more than 2 or 3, a position means little.
        """
        rows, near = self.nearest(codes, NEAREST)
        positions = weighted(self.positions[rows], near)
        return positions, (near[:, 0] / max(self.typical, 1e-9)).astype(np.float32)

    def nearest(self, codes: Array, count: int) -> tuple[np.ndarray, Array]:
        """Rows (of `points`) and distances `[M, count]` of the points nearest to `[M, d]`, nearest first."""
        distances = _distances(codes, self.points, self.squares)
        count = min(count, len(self.points))
        rows = np.argpartition(distances, count - 1, axis=1)[:, :count]
        near = np.take_along_axis(distances, rows, axis=1)
        order = np.argsort(near, axis=1, kind="stable")
        return np.take_along_axis(rows, order, axis=1), np.take_along_axis(near, order, axis=1)


def place_many(task: Task, points: Array, landmarks: Array, positions: Array, k: int = 8) -> Array:
    """Positions `[N, 2]` of `[N, d]` among landmarks `[L, d]` at `[L, 2]`, in blocks. Raises `Cancelled`."""
    rows, near = nearest(task, points, landmarks, min(k, len(landmarks)))
    return weighted(positions[rows], near)


def weighted(positions: Array, near: Array) -> Array:
    """The mean `[M, 2]` of positions `[M, k, 2]`, the nearest (distances `[M, k]`) counting most."""
    least = near.min(axis=1, keepdims=True)
    width = np.maximum((near - least).mean(axis=1, keepdims=True) / 2, 1e-9)
    weights = np.exp(-(near - least) / width)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.einsum("mk,mkc->mc", weights, positions).astype(np.float32)


def _distances(some: Array, others: Array, lengths: Array) -> Array:
    """Euclidean distances `[M, N]`, one product of matrices; `lengths` `[N]` are those of others, squared."""
    squares = (some**2).sum(axis=1)[:, None] - 2 * some @ others.T + lengths
    return np.sqrt(np.maximum(squares, 0))
