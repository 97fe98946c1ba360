"""Many codes on a plane: PCA at once, then UMAP or t-SNE; where a new code goes; how far to trust it.

Plain functions on arrays, run as jobs. The layouts begin at the PCA, so the first frame is already a
map and the last one has grown out of it; the same points, options and seed give the same map.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.api import Array, BadData, LatentSpace
from explorer.latent.task import Task
from explorer.latent.umap_layout import epochs_for, layout, neighbour_edges

METHODS = {"pca": "PCA", "umap": "UMAP", "tsne": "t-SNE"}
FEWEST = 3
JUDGED = 2000  # points; quality is measured on so many at most
NEAREST = 15
PROBES = 50  # points whose nearest neighbour tells how dense the others lie
FRAME = 0.2  # seconds between two frames of a growing layout
DOUBTFUL = 0.65  # trustworthiness below which a map shows more noise than neighbourhood


@dataclass(frozen=True)
class Quality:
    """How far to trust a map; NaN where it can't be measured.

    `trustworthiness` is 1 when all neighbours on the map are neighbours in the latent space and
    about 0.5 by chance (Venna and Kaski 2001); `kept` is the share of neighbours that stayed;
    `accuracy` that of naming a point's class by its neighbours on the map, `chance` that of always
    naming the commonest class.
    """

    trustworthiness: float = float("nan")
    kept: float = float("nan")
    accuracy: float = float("nan")
    chance: float = float("nan")

    @property
    def doubtful(self) -> bool:
        return self.trustworthiness < DOUBTFUL

    def sentence(self) -> str:
        """The line under a map."""
        if np.isnan(self.trustworthiness):
            return "Too few points to say how far this map can be trusted."
        said = f"Trustworthiness {self.trustworthiness:.2f} (chance 0.50) · neighbours kept {self.kept:.0%}"
        if not np.isnan(self.accuracy):
            said += f" · class from neighbours {self.accuracy:.0%} (chance {self.chance:.0%})"
        return said


def project(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Positions `[N, 2]` of arrays `points` `[N, d]`, NaN for points that aren't numbers.

    Options: `method` (see `METHODS`), `seed`, `neighbours` (UMAP), `min_dist` (UMAP), `perplexity`
    (t-SNE). Sends the PCA as a partial result. Arrays may hold `labels` `[N]` for the quality;
    `data` holds `quality` and `note`. Raises `BadData` when there is nothing to map.
    """
    points = np.asarray(arrays["points"], np.float32).reshape(len(arrays["points"]), -1)
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(points).all(axis=1))
    usable = points[finite]
    _refuse_nothing(usable)
    first = pca(usable)
    task.partial({"positions": _spread(first, finite)}, "PCA")
    positions, note = _layout(task, usable, first, options, finite)
    task.progress(0.95, "Measuring how far the map can be trusted")
    labels = arrays.get("labels")
    judged = quality(usable, positions, None if labels is None else labels[finite])
    if left_out := int((~finite).sum()):
        note = f"{note} {left_out} points have values that aren't numbers and are left out.".strip()
    data = {"quality": _json(judged), "note": note}
    return {"positions": _spread(positions, finite), "data": data}


def pca(points: Array) -> Array:
    """The two directions in which `[N, d]` varies most: `[N, 2]`, each with its larger tail positive."""
    centred = points - points.mean(axis=0, dtype=np.float64)
    if points.shape[1] == 1:
        return np.column_stack([centred, np.zeros(len(points))]).astype(np.float32)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, :-3:-1]
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), [0, 1]] < 0, -1, 1)
    return np.asarray(centred @ axes, np.float32)


def quality(points: Array, positions: Array, labels: NDArray[np.int64] | None = None) -> Quality:
    """How well `[N, 2]` shows the neighbourhoods of `[N, d]`, on at most `JUDGED` random points."""
    from sklearn.manifold import trustworthiness
    from sklearn.neighbors import NearestNeighbors

    rows = np.sort(np.random.default_rng(0).permutation(len(points))[:JUDGED])
    k = min(NEAREST, (len(rows) - 1) // 2)
    if k < 2:
        return Quality()
    there, here = (
        NearestNeighbors(n_neighbors=k).fit(x).kneighbors(return_distance=False)
        for x in (points[rows], positions[rows])
    )
    kept = np.mean([len(set(a) & set(b)) / k for a, b in zip(there, here, strict=True)])
    trusted = trustworthiness(points[rows], positions[rows], n_neighbors=k)
    if labels is None:
        return Quality(float(trusted), float(kept))
    named = labels[rows]
    guess = np.array([np.bincount(votes).argmax() for votes in named[here]])
    chance = np.bincount(named).max() / len(named)
    return Quality(float(trusted), float(kept), float((guess == named).mean()), float(chance))


@dataclass(frozen=True, eq=False)
class Places:
    """Where new codes go on a finished map: among their nearest neighbours in the latent space."""

    points: Array  # [N, d]
    positions: Array  # [N, 2]
    typical: float  # the usual distance of a point to its nearest neighbour
    squares: Array  # [N], of the lengths of the points

    @staticmethod
    def of(points: Array, positions: Array) -> Places:
        kept = np.isfinite(positions).all(axis=1) & np.isfinite(points).all(axis=1)
        points, positions = points[kept], positions[kept]
        squares = (points**2).sum(axis=1)
        some = points[:: max(1, len(points) // PROBES)]
        distances = _distances(some, points, squares)
        nearest = np.partition(distances, min(1, len(points) - 1), axis=1)[:, min(1, len(points) - 1)]
        return Places(points, positions, float(np.median(nearest)), squares)

    def place(self, codes: Array) -> tuple[Array, Array]:
        """Positions `[M, 2]` of `[M, d]`, and how far each is off the data (1: as near as they are).

        The mean of the neighbours' positions, weighted by exp(−(d − d₁) / σ) as in UMAP's graph.
        """
        distances = _distances(codes, self.points, self.squares)
        count = min(NEAREST, len(self.points))
        rows = np.argpartition(distances, count - 1, axis=1)[:, :count]
        near = np.take_along_axis(distances, rows, axis=1)
        least = near.min(axis=1, keepdims=True)
        width = np.maximum((near - least).mean(axis=1, keepdims=True) / 2, 1e-9)
        weights = np.exp(-(near - least) / width)
        weights /= weights.sum(axis=1, keepdims=True)
        positions = np.einsum("mk,mkc->mc", weights, self.positions[rows])
        return positions.astype(np.float32), (least[:, 0] / max(self.typical, 1e-9)).astype(np.float32)


def standardised(space: LatentSpace, codes: Array) -> Array:
    """Codes `[N, D]` as points `[N, d]`: their continuous content parts in standard deviations.

    A label is left out, else it alone would be what the map shows; a space of labels only keeps them.
    """
    parts = [p for p in space.parts if p.continuous and p.role == "content"] or list(space.parts)
    columns = [(codes[:, space.slices[p.name]] - p.centre) / p.deviation for p in parts]
    return np.concatenate(columns, axis=1).astype(np.float32)


def _refuse_nothing(points: Array) -> None:
    if len(points) < FEWEST:
        raise BadData(f"A map needs at least {FEWEST} points, and there are {len(points)}.", "Ask for more.")
    if not np.ptp(points, axis=0).max():
        raise BadData("All these points are the same: there is nothing to map.", "Choose another source.")


def _layout(
    task: Task, points: Array, first: Array, options: dict[str, Any], finite: NDArray[np.bool_]
) -> tuple[Array, str]:
    """The positions by the wished method, and what a person should know about them.

    `finite` says which of all points these are: frames on the way go out for all.
    """
    method, count = options.get("method", "pca"), len(points)
    if method not in METHODS:
        raise BadData(f"There is no map method named {method!r}.", f"Choose one of: {', '.join(METHODS)}.")
    if points.shape[1] <= 2:
        flat = points if points.shape[1] == 2 else first
        return flat, f"This space has {points.shape[1]} dimensions: the map shows it as it is."
    if method == "pca":
        share = first.var(axis=0).sum() / points.var(axis=0).sum()
        return first, f"The two axes hold {share:.0%} of the variance."
    if count < 8:
        return first, f"{METHODS[method]} needs at least 8 points; this is the PCA."
    if method == "umap":
        return _umap(task, points, first, options, finite), ""
    return _tsne(task, points, first, options), ""


def _umap(
    task: Task, points: Array, first: Array, options: dict[str, Any], finite: NDArray[np.bool_]
) -> Array:
    """Our own UMAP, a frame now and then."""
    count, seed = len(points), int(options.get("seed", 0))
    task.progress(0.02, f"Finding the neighbours of {count:,} points")
    edges = neighbour_edges(points, min(int(options.get("neighbours", NEAREST)), count - 1))
    # Equal points would stay equal for ever: a little noise sets them apart.
    noise = np.random.default_rng(seed).normal(scale=1e-3, size=first.shape)
    start = (first / max(np.abs(first).max(), 1e-9) * 10 + noise).astype(np.float32)
    epochs, shown, positions = epochs_for(count), time.monotonic(), start
    for epoch, positions in layout(edges, start, seed, float(options.get("min_dist", 0.1)), epochs):
        task.progress(0.05 + 0.9 * epoch / epochs, f"UMAP of {count:,} points, epoch {epoch} of {epochs}")
        if time.monotonic() - shown > FRAME and epoch < epochs:
            shown = time.monotonic()
            task.partial({"positions": _spread(positions, finite)}, "UMAP")
    return positions


def _tsne(task: Task, points: Array, first: Array, options: dict[str, Any]) -> Array:
    task.progress(0.1, f"t-SNE lays out {len(points)} points")
    from sklearn.manifold import TSNE

    perplexity = min(float(options.get("perplexity", 30)), (len(points) - 1) / 3)
    # The spread of the start that keeps its large-scale order (Kobak and Berens 2019).
    start = first / max(float(first[:, 0].std()), 1e-9) * 1e-4
    seed = int(options.get("seed", 0))
    made = TSNE(perplexity=perplexity, init=start, random_state=seed).fit_transform(points)
    return np.asarray(made, np.float32)


def _distances(some: Array, others: Array, lengths: Array) -> Array:
    """Euclidean distances `[M, N]`, one product of matrices; `lengths` `[N]` are those of others, squared."""
    squares = (some**2).sum(axis=1)[:, None] - 2 * some @ others.T + lengths
    return np.sqrt(np.maximum(squares, 0))


def _spread(positions: Array, finite: NDArray[np.bool_]) -> Array:
    out = np.full((len(finite), 2), np.nan, np.float32)
    out[finite] = positions
    return out


def _json(judged: Quality) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else value for name, value in asdict(judged).items()}


def quality_from(data: dict[str, Any]) -> Quality:
    """The quality that a job told."""
    return Quality(**{name: float("nan") if value is None else value for name, value in data.items()})
