"""One table of nearest neighbours: exact, cancelled within a second, worked out once and kept on disk.

Layouts, quality, clusters, dense paths and the strip of nearest points all read it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backends.api import Array, BadData
from explorer.latent.maps import cache
from explorer.latent.maps.loops import Indices, least
from explorer.latent.task import Task

MOST = 30  # neighbours in a table
METRICS = ("euclidean", "cosine")
BLOCK = 384  # points whose neighbours are searched together
AT_ONCE = 20_000_000  # numbers in a block: giving up is noticed between two of them
SPARE = 4  # more than asked for are looked at exactly: a product of matrices rounds


@dataclass(frozen=True, eq=False)
class Table:
    """For each of N points its k nearest others, the nearest first: `rows` and `distances` `[N, k]`."""

    rows: Indices
    distances: Array

    @property
    def k(self) -> int:
        return int(self.rows.shape[1])

    def __len__(self) -> int:
        return len(self.rows)

    def first(self, k: int) -> Table:
        """The k nearest alone."""
        return Table(self.rows[:, :k], self.distances[:, :k])


def neighbour_table(
    task: Task, points: Array, k: int = MOST, metric: str = "euclidean", keep: bool = True
) -> Table:
    """The table of `[N, d]`, from the cache where it was worked out before. Raises `Cancelled`, `BadData`.

    There are never more than N - 1 neighbours. `keep` false neither reads nor writes the cache.
    """
    k = min(k, len(points) - 1)
    path = cache.folder("neighbours") / f"{cache.key(points, metric, k)}.npz" if keep else None
    found = cache.load(path) if path is not None else None
    if found is not None and "rows" in found and found["rows"].shape == (len(points), k):
        return Table(found["rows"], found["distances"])
    rows, distances = nearest(task, points, points, k, metric, own=True)
    if path is not None:
        cache.save(path, {"rows": rows, "distances": distances})
    return Table(rows, distances)


def nearest(
    task: Task, some: Array, others: Array, k: int, metric: str = "euclidean", own: bool = False
) -> tuple[Indices, Array]:
    """Rows and distances `[M, k]` of the k of `others` `[N, d]` nearest to each of `some` `[M, d]`.

    `own` says that both are the same points, and none is its own neighbour. Cosine distances are
    1 - cos. Raises `Cancelled` between two blocks, `BadData` for an unknown metric.
    """
    some, others = _prepared(some, others, metric)
    wide = min(k + SPARE, len(others) - own)
    half_squares = (others**2).sum(axis=1) / 2
    rows, distances = np.empty((len(some), k), np.int32), np.empty((len(some), k), np.float32)
    step = max(1, min(BLOCK, AT_ONCE // max(len(others), wide * others.shape[1], 1)))
    for at in range(0, len(some), step):
        task.progress(at / len(some), f"Finding the neighbours of {len(some):,} points")
        block = some[at : at + step]
        skip = np.arange(at, at + len(block), dtype=np.int32) if own else np.full(len(block), -1, np.int32)
        found = least(block, others, half_squares, wide, skip)
        rows[at : at + step], distances[at : at + step] = _sorted(block, others, found, k)
    if metric == "cosine":
        distances = (distances**2 / 2).astype(np.float32)
    return rows, distances


def _prepared(some: Array, others: Array, metric: str) -> tuple[Array, Array]:
    """Points as they are compared by Euclid, around their middle, where single precision is best."""
    if metric not in METRICS:
        raise BadData(f"There is no distance named {metric!r}.", f"Choose one of: {', '.join(METRICS)}.")
    if metric == "cosine":
        some, others = (
            x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12) for x in (some, others)
        )
    middle = others.mean(axis=0, dtype=np.float64).astype(np.float32)
    around = np.ascontiguousarray(others - middle, np.float32)
    return (around if some is others else np.ascontiguousarray(some - middle, np.float32)), around


def _sorted(block: Array, others: Array, found: Indices, k: int) -> tuple[Indices, Array]:
    """The k nearest of those found, by differences instead of products; equal ones by their row."""
    apart = others[found]
    apart -= block[:, None]
    exact = np.sqrt(np.einsum("mkd,mkd->mk", apart, apart))
    order = np.lexsort((found, exact), axis=1)[:, :k]
    return np.take_along_axis(found, order, axis=1), np.take_along_axis(exact, order, axis=1)
