"""Maps of the same ids through time, or in two models: each grown from the one before, and held to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.api import Array, BadData, BadRequest
from explorer.latent.maps.graph import fuzzy_graph, joined
from explorer.latent.maps.making import refuse_nothing
from explorer.latent.maps.methods import Wish
from explorer.latent.maps.neighbours import MOST, Table, neighbour_table
from explorer.latent.maps.pca import main_axes, pca
from explorer.latent.maps.quality import measure
from explorer.latent.maps.umap import WARM, Anchor, epochs_for, started, umap
from explorer.latent.task import Task

STEADY = 0.03  # how far each epoch goes back to the map before: 0 follows the data, 0.1 hardly moves
MOST_STEADY = 0.3
LINK = 0.5  # strength of the edge that holds an id of one cloud to itself in the other


@dataclass(frozen=True, eq=False)
class Slices:
    """T clouds `[n, d_t]` of the same ids, the same rows left out of each; `rows` are those of all N."""

    points: list[Array]
    rows: NDArray[np.int64]
    count: int

    @staticmethod
    def of(arrays: dict[str, np.ndarray]) -> Slices:
        """Of arrays `points 0`, `points 1`, …; raises `BadData` where they can't be told apart by id."""
        found: list[Array] = []
        while (points := arrays.get(f"points {len(found)}")) is not None:
            found.append(np.asarray(points, np.float32).reshape(len(points), -1))
        if len(found) < 2:
            raise BadData(
                "Maps are compared when there are two or more.", "Choose another checkpoint or model."
            )
        if len({len(points) for points in found}) > 1:
            raise BadData(
                "These maps have different numbers of points.", "Use the same seeds or images for all."
            )
        rows = np.flatnonzero(np.logical_and.reduce([np.isfinite(p).all(axis=1) for p in found]))
        kept = [points[rows] for points in found]
        for points in kept:
            refuse_nothing(points)
        return Slices(kept, rows, len(found[0]))

    def everywhere(self, positions: Array) -> Array:
        """Positions `[T, n, 2]` as `[T, N, 2]`, NaN for what was left out."""
        out = np.full((len(positions), self.count, 2), np.nan, np.float32)
        out[:, self.rows] = positions
        return out


def series(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: aligned positions `[T, N, 2]` of arrays `points 0` … `[N, d]`, row i the same id in all.

    Options: those of `Wish` (method `umap`, or `pca`: one PCA for all, the control), `steady` 0 to 0.3.
    Partial results hold `positions` `[N, 2]` and data `slice`. Result: `positions`, `drift` `[T - 1]` (the
    median step of a point, in parts of the map's spread); data `quality`, one for each.
    Raises `BadData`, `BadRequest`, `Cancelled`.
    """
    wish, slices = Wish.of(options), Slices.of(arrays)
    steady = float(options.get("steady", STEADY))
    if not 0 <= steady <= MOST_STEADY:
        raise BadRequest(f"Steadiness can't be {steady:g}.", f"Between 0 and {MOST_STEADY:g}.")
    if wish.method not in ("umap", "pca"):
        raise BadRequest("A series is made by UMAP or PCA.", "Choose one of the two.")
    keep = bool(options.get("cache", True))
    tables = [neighbour_table(task, points, MOST, wish.metric, keep) for points in slices.points]
    if wish.method == "pca":
        positions = common_pca(slices.points)
    else:
        positions = _aligned(task, slices, tables, wish, steady)
    judged = [
        measure(task, points, places, table).to_json()
        for points, places, table in zip(slices.points, positions, tables, strict=True)
    ]
    return {"positions": slices.everywhere(positions), "drift": drift(positions), "data": {"quality": judged}}


def pair(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: two clouds of the same ids (two models, same seeds or images) in one layout: `[2, N, 2]`.

    Their spaces need not have the same dimensions: each brings its own neighbours, and `link` (0 to 1)
    holds an id to itself in the other. Options besides: those of `Wish`. Partial results as of `series`,
    `positions` `[2 N, 2]`. Raises `BadData`, `BadRequest`, `Cancelled`.
    """
    wish, slices = Wish.of(options), Slices.of(arrays)
    link = float(options.get("link", LINK))
    if not 0 < link <= 1:
        raise BadRequest(f"The link can't be {link:g}.", "Above 0, at most 1.")
    tables = [
        neighbour_table(task, p, MOST, wish.metric, bool(options.get("cache", True))) for p in slices.points
    ]
    edges = joined([fuzzy_graph(table, wish.neighbours) for table in tables], link)
    start = started(np.concatenate(common_pca(slices.points)), wish.seed)
    positions, epochs = start, wish.epochs or epochs_for(edges.count)
    for number, positions in umap(
        edges, start, seed=wish.seed, min_dist=wish.min_dist, spread=wish.spread, epochs=epochs
    ):
        task.progress(0.05 + 0.9 * number / epochs, f"Epoch {number} of {epochs}")
        apart = slices.everywhere(positions.reshape(len(slices.points), -1, 2))
        task.frame({"positions": apart.reshape(-1, 2)}, f"Epoch {number} of {epochs}")
    split = positions.reshape(len(slices.points), -1, 2)
    return {"positions": slices.everywhere(split), "drift": drift(split), "data": {}}


def common_pca(points: list[Array]) -> Array:
    """All slices on the same two directions `[T, N, 2]`; where their dimensions differ, turned to fit."""
    if len({p.shape[1] for p in points}) == 1:
        middle, axes = main_axes(np.concatenate(points))
        if axes.shape[1] == 2:
            return np.stack([(p - middle) @ axes for p in points]).astype(np.float32)
    found = [_unit(pca(points[0]))]
    for each in points[1:]:
        found.append(turned(_unit(pca(each)), found[-1]))
    return np.stack(found)


def turned(positions: Array, to: Array) -> Array:
    """Positions `[N, 2]` turned or mirrored to lie as near as can be to `to` `[N, 2]` (Procrustes)."""
    middle, aim = positions.mean(axis=0), to.mean(axis=0)
    u, _, v = np.linalg.svd((positions - middle).T @ (to - aim))
    return ((positions - middle) @ (u @ v) + aim).astype(np.float32)


def drift(positions: Array) -> Array:
    """For each step of `[T, N, 2]` the median way of a point, in parts of the map's spread: `[T - 1]`.

    The spread is the root mean square distance from the middle.
    """
    steps = np.median(np.linalg.norm(np.diff(positions, axis=0), axis=2), axis=1)
    around = positions - positions.mean(axis=1, keepdims=True)
    spread = np.sqrt((around**2).sum(axis=2).mean(axis=1))
    return (steps / np.maximum(spread[1:], 1e-12)).astype(np.float32)


def blend(positions: Array, at: float) -> Array:
    """The map at time `at` (0 to T - 1) between two of `[T, N, 2]`: `[N, 2]`."""
    at = min(max(at, 0.0), len(positions) - 1.0)
    before = min(int(at), len(positions) - 2)
    part = np.float32(at - before)
    return np.asarray((1 - part) * positions[before] + part * positions[before + 1], np.float32)


def _aligned(task: Task, slices: Slices, tables: list[Table], wish: Wish, steady: float) -> Array:
    made: list[Array] = []
    for at, table in enumerate(tables):
        edges = fuzzy_graph(table, wish.neighbours)
        first = started(pca(slices.points[0]), wish.seed) if not made else made[-1]
        anchor = Anchor(made[-1], steady) if made else None
        epochs = wish.epochs or (WARM if made else epochs_for(edges.count))
        positions = first
        for number, positions in umap(
            edges, first, seed=wish.seed, min_dist=wish.min_dist, spread=wish.spread, epochs=epochs,
            anchor=anchor,
        ):  # fmt: skip
            text = f"Map {at + 1} of {len(tables)}, epoch {number} of {epochs}"
            task.progress((at + number / epochs) / len(tables), text)
            task.frame({"positions": slices.everywhere(positions[None])[0]}, text, slice=at)
        made.append(positions)
    return np.stack(made)


def _unit(positions: Array) -> Array:
    size = float(np.sqrt((positions**2).sum(axis=1).mean()))
    return (positions / max(size, 1e-12)).astype(np.float32)
