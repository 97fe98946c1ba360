"""The job that makes a map: PCA at once, then the layout frame by frame, then how far to trust it.

The same points, wish and seed give the same bytes; so does a layout that was stopped and went on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.api import Array, BadData
from explorer.latent.maps import cache
from explorer.latent.maps.classic import START_UP, classic
from explorer.latent.maps.graph import UNKNOWN, fuzzy_graph
from explorer.latent.maps.landmarks import landmark_rows
from explorer.latent.maps.landmarks import sentence as landmark_sentence
from explorer.latent.maps.methods import METHODS, Wish
from explorer.latent.maps.neighbours import MOST, Table, neighbour_table
from explorer.latent.maps.pca import pca
from explorer.latent.maps.placing import place_many
from explorer.latent.maps.quality import Quality, measure, preserved
from explorer.latent.maps.tsne import neighbours_for, tsne
from explorer.latent.maps.umap import WARM, epochs_for, started, umap
from explorer.latent.task import Task

FEWEST = 3  # points of a map
FEWEST_LAID_OUT = 8  # points of anything but a PCA
ENGINE = 1  # raised when the same wish gives other bytes


@dataclass(eq=False)
class Making:
    """One layout on its way: the points that are numbers, and which of all N they are (`rows`)."""

    task: Task
    wish: Wish
    points: Array
    rows: NDArray[np.int64]
    count: int
    labels: NDArray[np.int64] | None
    start: Array | None  # a picture to go on from, for the same points
    done: int = 0  # epochs that were made of it already
    keep: bool = True  # tables in the cache
    stopped_at: int = 0
    restarts: int = 0
    tables: dict[tuple[int, str], Table] = field(default_factory=dict)

    def table(self, k: int = MOST) -> Table:
        """The neighbours of these points, searched once."""
        wanted = (k, self.wish.metric)
        if wanted not in self.tables:
            self.tables[wanted] = neighbour_table(self.task, self.points, k, self.wish.metric, self.keep)
        return self.tables[wanted]

    def everywhere(self, values: Array) -> Array:
        """Values of these points `[n, …]` as those of all `[N, …]`, NaN for the others."""
        out = np.full((self.count, *values.shape[1:]), np.nan, np.float32)
        out[self.rows] = values
        return out

    def show(self, positions: Array, text: str, **data: Any) -> None:
        self.task.frame({"positions": self.everywhere(positions)}, text, **data)


def make(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: positions `[N, 2]` of arrays `points` `[N, d]`, NaN for points that aren't numbers.

    Arrays may hold `labels` `[N]` (-1: unknown) and `start` `[N, 2]`, a picture from which the layout goes
    on. Options: those of `Wish`; `epoch`, at which a layout stopped that goes on; `cache` false keeps
    nothing on disk; `neighbours_wanted`, how many `neighbours` `[N, k]` and `distances` come along.
    Partial results hold `positions`; the first is the PCA. Told: `pause`, `finish`, or any of `Wish` but
    the method, with which UMAP goes on from where it is. The result has `positions`, `preserved` `[N]` (how
    many neighbours each point kept); data `quality`, `note`, `epoch`, `epochs`, `landmarks`, `provenance`.
    Raises `BadData`, `BadRequest`, `Cancelled`.
    """
    wish = Wish.of(options)
    making = _begun(task, wish, arrays, options)
    first = pca(making.points)
    task.partial({"positions": making.everywhere(first)}, METHODS["pca"])
    note, left_out = "", making.count - len(making.rows)
    positions, note, table, laid_out = _laid_out(making, first)
    task.progress(0.95, "Measuring how far the map can be trusted")
    judged = measure(task, making.points, positions, table, making.labels)
    if left_out:
        note = f"{note} {left_out} points have values that aren't numbers and are left out.".strip()
    result: dict[str, Any] = {"positions": making.everywhere(positions)}
    if table is not None:
        result["preserved"] = making.everywhere(preserved(table, positions))
        result |= _neighbours(making, table, int(options.get("neighbours_wanted", 0)))
    data = _told(making, judged, note, laid_out)
    return {**result, "data": data}


def usable(points: np.ndarray) -> tuple[Array, NDArray[np.int64]]:
    """Points as `[n, d]` without the rows that aren't numbers, and which rows those are."""
    flat = np.asarray(points, np.float32).reshape(len(points), -1)
    rows = np.flatnonzero(np.isfinite(flat).all(axis=1))
    return (flat if len(rows) == len(flat) else flat[rows]), rows


def refuse_nothing(points: Array) -> None:
    """Raise `BadData` where there is nothing to map."""
    if len(points) < FEWEST:
        raise BadData(f"A map needs at least {FEWEST} points, and there are {len(points)}.", "Ask for more.")
    if not points.shape[1]:
        raise BadData("These points have no dimensions: there is nothing to map.", "Choose another source.")
    if not np.ptp(points, axis=0).max():
        raise BadData("All these points are the same: there is nothing to map.", "Choose another source.")


def _begun(task: Task, wish: Wish, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> Making:
    points, rows = usable(arrays["points"])
    refuse_nothing(points)
    given = {}
    for name, shape in (("labels", (len(arrays["points"]),)), ("start", (len(arrays["points"]), 2))):
        if (found := arrays.get(name)) is not None:
            if np.shape(found) != shape:
                raise BadData(f"{name.capitalize()} of {np.shape(found)} don't fit {shape[0]:,} points.")
            given[name] = np.asarray(found)[rows]
    return Making(
        task, wish, points, rows, len(arrays["points"]), given.get("labels"), given.get("start"),
        int(options.get("epoch", 0)), bool(options.get("cache", True)),
    )  # fmt: skip


def _laid_out(m: Making, first: Array) -> tuple[Array, str, Table | None, int]:
    """Positions, what a person should know about them, their table, and how many were laid out."""
    method, count = m.wish.method, len(m.points)
    rows = landmark_rows(count, m.wish.seed)
    table = m.table() if rows is None else None
    if m.points.shape[1] <= 2:
        flat = m.points if m.points.shape[1] == 2 else first
        return (
            flat,
            f"This space has {m.points.shape[1]} dimensions: the map shows it as it is.",
            table,
            count,
        )
    if method == "pca":
        share = first.var(axis=0).sum() / m.points.var(axis=0).sum()
        return first, f"The two axes hold {share:.0%} of the variance.", table, count
    if count < FEWEST_LAID_OUT:
        return (
            first,
            f"{METHODS[method]} needs at least {FEWEST_LAID_OUT} points; this is the PCA.",
            table,
            count,
        )
    if rows is None:
        positions = _by_method(m, first)
        return positions, _notes(m), table, count
    positions = _around_landmarks(m, first, rows)
    return positions, f"{landmark_sentence(len(rows), count)} {_notes(m)}".strip(), None, len(rows)


def _around_landmarks(m: Making, first: Array, rows: NDArray[np.int64]) -> Array:
    """The landmarks laid out, then all others placed among them."""
    part = replace(
        m, points=m.points[rows], rows=m.rows[rows], labels=None if m.labels is None else m.labels[rows],
        start=None if m.start is None else m.start[rows], tables={},
    )  # fmt: skip
    around = _by_method(part, first[rows])
    m.stopped_at, m.restarts, m.wish = part.stopped_at, part.restarts, part.wish
    m.show(_only(rows, around, len(m.points)), "Landmarks")
    placed = place_many(m.task, m.points, part.points, around)
    placed[rows] = around
    return placed


def _only(rows: NDArray[np.int64], positions: Array, count: int) -> Array:
    out = np.full((count, 2), np.nan, np.float32)
    out[rows] = positions
    return out


def _by_method(m: Making, first: Array) -> Array:
    fresh = m.start is None
    begin = np.where(np.isfinite(m.start), m.start, first) if m.start is not None else first
    if m.wish.method == "umap":
        return _umap(m, begin, fresh)
    if m.wish.method == "classic":
        m.task.progress(0.1, START_UP)
        return classic(m.points, m.wish, m.labels if m.wish.supervised else None)
    return _tsne(m, begin)


def _umap(m: Making, begin: Array, fresh: bool) -> Array:
    """Our own UMAP; what is told on the way is a warm restart from where it is."""
    going_on = m.done > 0 and not fresh
    positions = np.asarray(begin, np.float32) if going_on else started(begin, m.wish.seed, fresh)
    epochs = m.wish.epochs or (WARM if not fresh and not going_on else epochs_for(len(m.points)))
    while True:
        table, labels = m.table(), _supervisors(m)
        edges = fuzzy_graph(table, m.wish.neighbours, labels)
        positions, changes = _epochs(m, edges, positions, epochs)
        if changes is None:
            return positions
        m.wish = m.wish.changed(changes)
        m.restarts, m.done, m.stopped_at = m.restarts + 1, 0, 0
        positions = started(positions, m.wish.seed, fresh=False)
        epochs = m.wish.epochs or WARM


def _epochs(m: Making, edges: Any, start: Array, epochs: int) -> tuple[Array, dict[str, Any] | None]:
    """Epochs until the last one or until something is told: positions, and what was told."""
    positions, count = start, len(m.points)
    for number, positions in umap(
        edges, start, seed=m.wish.seed, min_dist=m.wish.min_dist, spread=m.wish.spread, epochs=epochs,
        done=m.done,
    ):  # fmt: skip
        text = f"UMAP of {count:,} points, epoch {number} of {epochs}"
        m.task.progress(0.05 + 0.9 * number / epochs, text)
        m.show(positions, text, epoch=number, epochs=epochs)
        if changes := m.task.told():
            if changes.pop("finish", False):
                m.stopped_at = number
                break
            if changes := {name: v for name, v in changes.items() if name in Wish.__dataclass_fields__}:
                return positions, changes
    m.wish = replace(m.wish, epochs=epochs)
    return positions, None


def _supervisors(m: Making) -> NDArray[np.int64] | None:
    if not m.wish.supervised:
        return None
    if m.labels is None or not (m.labels != UNKNOWN).any():
        raise BadData("A supervised map needs labels, and these points have none.", "Choose another source.")
    return m.labels


def _tsne(m: Making, begin: Array) -> Array:
    table = m.table(max(neighbours_for(m.wish.perplexity, len(m.points)), 2))

    def look(iteration: int, iterations: int, positions: Array) -> bool:
        text = f"t-SNE of {len(m.points):,} points, step {iteration} of {iterations}"
        m.task.progress(0.05 + 0.9 * iteration / iterations, text)
        m.show(positions, text, epoch=iteration, epochs=iterations)
        if m.task.told().get("finish"):
            m.stopped_at = iteration
        return m.stopped_at > 0

    return tsne(table, begin, m.wish.perplexity, m.wish.seed, look)


def _notes(m: Making) -> str:
    said = []
    if m.wish.method == "umap" and len(m.points) <= m.wish.neighbours:
        said.append(f"There are only {len(m.points)} points for {m.wish.neighbours} neighbours.")
    if m.wish.supervised and m.wish.method in ("umap", "classic"):
        said.append("Supervised: classes are pulled apart by their labels, so their distance proves nothing.")
    if m.stopped_at:
        said.append(f"Stopped at step {m.stopped_at}.")
    return " ".join(said)


def _neighbours(m: Making, table: Table, k: int) -> dict[str, np.ndarray]:
    """Rows among all N of each point's nearest, -1 for points that are left out."""
    if not k:
        return {}
    near = table.first(k)
    rows = np.full((m.count, near.k), -1, np.int32)
    rows[m.rows] = m.rows[near.rows]
    return {"neighbours": rows, "distances": m.everywhere(near.distances)}


def _told(m: Making, judged: Quality, note: str, laid_out: int) -> dict[str, Any]:
    """What is told of a finished map; `provenance` is what it takes to make it again."""
    provenance = {
        **m.wish.to_json(), "points": cache.key(m.points), "engine": ENGINE, "restarts": m.restarts,
        "warm": m.start is not None,
    }  # fmt: skip
    return {
        "quality": judged.to_json(), "note": note, "landmarks": laid_out, "epoch": m.stopped_at,
        "epochs": m.wish.epochs, "provenance": provenance,
    }  # fmt: skip
