"""Groups in a cloud: k-means, a Gaussian mixture, HDBSCAN, step by step; how they agree with labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.api import Array, BadData, BadRequest
from explorer.latent.maps.cluster_names import METHODS
from explorer.latent.maps.making import refuse_nothing, usable
from explorer.latent.maps.mixture import EmStep, Mixture, em
from explorer.latent.task import Task

MOST = 60  # clusters
ROUNDS = 100
NOBODY = -1  # the cluster of what belongs to none
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Agreement:
    """How clusters agree with labels: 1 is the same division, 0 no better than chance.

    `ari` is the adjusted Rand index (Hubert and Arabie 1985), `nmi` normalised mutual information,
    `accuracy` the share of points named rightly when each cluster gets the label that fits best, every
    label used once (Hungarian method); `names` gives that label for each cluster, where it got one.
    """

    ari: float
    nmi: float
    accuracy: float
    names: Mapping[int, int]

    def sentence(self) -> str:
        figures = f"ARI {self.ari:.2f}, NMI {self.nmi:.2f}, best assignment {self.accuracy:.0%}"
        return f"Agreement with labels: {figures}"


def cluster(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: `clusters` `[N]` of arrays `points` `[N, d]`, -1 for points of none.

    Arrays may hold `labels` `[N]` (-1: unknown) and `positions` `[N, 2]` of a map. Options: `method` of
    `METHODS`, `count`, `seed`, `smallest` (HDBSCAN). Partial results: `clusters`, and with positions
    `centres` `[K, 2]` and `spreads` `[K, 2, 2]` of them on the map; data `step`, `likelihood`. The result has
    besides, of a mixture, `weights`, `means`, `covariances` and `responsibilities` `[N, K]`; data `sentence`,
    `agreement`, `count`. Raises `BadData`, `BadRequest`, `Cancelled`.
    """
    method = options.get("method", "kmeans")
    if method not in METHODS:
        raise BadRequest(f"There is no clustering named {method!r}.", f"Choose one of: {', '.join(METHODS)}.")
    points, rows = usable(arrays["points"])
    refuse_nothing(points)
    more: dict[str, np.ndarray] = {}
    asked = _Asked(task, points, rows, arrays, int(options.get("count", 10)), int(options.get("seed", 0)))
    if method == "hdbscan":
        found = _hdbscan(task, points, int(options.get("smallest", 0)))
    else:
        asked.check()
        found, more = _kmeans(asked) if method == "kmeans" else _mixture(asked)
    data: dict[str, Any] = {"count": int(found.max() + 1), "sentence": _sentence(found)}
    if (labels := arrays.get("labels")) is not None and (labels[rows] >= 0).any():
        agreed = agreement(found, labels[rows])
        data["agreement"] = {**asdict(agreed), "names": {str(k): v for k, v in agreed.names.items()}}
        data["sentence"] += f" {agreed.sentence()}."
    return {"clusters": asked.everywhere(found), **more, "data": data}


def draw(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: `points` `[count, d]` from one component of a mixture (arrays as `cluster` gave them).

    Options: `component`, `count`, `seed`. `units.restored` makes codes of them.
    """
    mixture, component = Mixture.from_arrays(arrays), int(options["component"])
    if not 0 <= component < len(mixture.weights):
        raise BadRequest(f"There is no component {component}.", f"Choose 0 to {len(mixture.weights) - 1}.")
    return {"points": mixture.sample(component, int(options.get("count", 16)), int(options.get("seed", 0)))}


def agreement(clusters: Integers, labels: Integers) -> Agreement:
    """How clusters `[N]` (-1: none) agree with labels `[N]` (-1: unknown, left out)."""
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    known = labels >= 0
    clusters, labels = clusters[known], labels[known]
    groups, at = np.unique(clusters, return_inverse=True)
    classes, named = np.unique(labels, return_inverse=True)
    table = np.zeros((len(groups), len(classes)), np.int64)
    np.add.at(table, (at, named), 1)
    table[groups == NOBODY] = 0  # what belongs to no cluster is named by none
    pairs = list(zip(*linear_sum_assignment(-table), strict=True))
    names = {int(groups[g]): int(classes[c]) for g, c in pairs if table[g, c]}
    right = sum(table[g, c] for g, c in pairs)
    return Agreement(
        float(adjusted_rand_score(labels, clusters)), float(normalized_mutual_info_score(labels, clusters)),
        float(right / len(labels)), names,
    )  # fmt: skip


def kmeans(points: Array, count: int, seed: int) -> Iterator[tuple[Integers, Array]]:
    """Yield (clusters `[N]`, means `[K, d]`) after each of Lloyd's steps, from k-means++ centres."""
    from sklearn.cluster import kmeans_plusplus

    means, _ = kmeans_plusplus(points, count, random_state=seed)
    means = np.array(means, np.float64)
    before: Integers | None = None
    for _ in range(ROUNDS):
        scores = (means**2).sum(axis=1) / 2 - points @ means.T
        found = scores.argmin(axis=1).astype(np.int64)
        sizes = np.bincount(found, minlength=count)
        for k in np.flatnonzero(sizes):
            means[k] = points[found == k].mean(axis=0)
        yield found, means.astype(np.float32)
        if before is not None and np.array_equal(found, before):
            return
        before = found


@dataclass(eq=False)
class _Asked:
    """What a clustering is made from, and where its steps are shown."""

    task: Task
    points: Array
    rows: Integers
    arrays: dict[str, np.ndarray]
    count: int
    seed: int

    def check(self) -> None:
        distinct = len(np.unique(self.points, axis=0)) if len(self.points) <= 20_000 else len(self.points)
        most = min(MOST, distinct)
        if not 1 <= self.count <= most:
            raise BadData(f"{self.count} clusters can't be made of these points.", f"Choose 1 to {most}.")

    def everywhere(self, clusters: Integers) -> Integers:
        out = np.full(len(self.arrays["points"]), NOBODY, np.int64)
        out[self.rows] = clusters
        return out

    def show(self, step: int, clusters: Integers, shares: NDArray[Any] | None = None, **data: Any) -> None:
        """A step as it looks on the map."""
        shown: dict[str, np.ndarray] = {"clusters": self.everywhere(clusters)}
        if (positions := self.arrays.get("positions")) is not None:
            weights = shares if shares is not None else np.eye(self.count)[clusters]
            shown |= on_the_map(positions[self.rows], weights)
        self.task.frame(shown, f"Step {step}", step=step, **data)


def on_the_map(positions: Array, weights: NDArray[Any]) -> dict[str, np.ndarray]:
    """`centres` `[K, 2]` and covariances `spreads` `[K, 2, 2]` of groups with weights `[N, K]` on a map."""
    there = np.isfinite(positions).all(axis=1)
    positions, weights = positions[there].astype(np.float64), weights[there]
    sizes = np.maximum(weights.sum(axis=0), 1e-12)
    centres = weights.T @ positions / sizes[:, None]
    spreads = np.stack([
        ((positions - c) * weights[:, [k]]).T @ (positions - c) / sizes[k] for k, c in enumerate(centres)
    ])  # fmt: skip
    return {"centres": centres.astype(np.float32), "spreads": spreads.astype(np.float32)}


def _kmeans(asked: _Asked) -> tuple[Integers, dict[str, np.ndarray]]:
    steps = kmeans(asked.points, asked.count, asked.seed)
    found, means = next(steps)
    asked.show(1, found)
    for step, (assigned, centres) in enumerate(steps, 2):
        found, means = assigned, centres
        asked.task.progress(step / ROUNDS, f"k-means, step {step}")
        asked.show(step, found)
    return found, {"means": means}


def _mixture(asked: _Asked) -> tuple[Integers, dict[str, np.ndarray]]:
    last: EmStep | None = None
    for last in em(asked.points, asked.count, asked.seed):
        asked.task.progress(
            min(last.number / 50, 0.99), f"EM, step {last.number}: {last.likelihood:.3f} nats a point"
        )
        asked.show(last.number, last.responsibilities.argmax(axis=1), last.responsibilities,
                   likelihood=last.likelihood)  # fmt: skip
    assert last is not None
    shares = np.full((len(asked.arrays["points"]), asked.count), np.nan, np.float32)
    shares[asked.rows] = last.responsibilities
    return last.responsibilities.argmax(axis=1), {**last.mixture.arrays(), "responsibilities": shares}


def _hdbscan(task: Task, points: Array, smallest: int) -> Integers:
    """Campello, Moulavi and Sander (2013); `smallest` 0 takes what suits the number of points."""
    from sklearn.cluster import HDBSCAN

    task.progress(0.1, f"HDBSCAN of {len(points):,} points")
    size = min(max(2, smallest or max(5, len(points) // 100)), len(points))
    return np.asarray(HDBSCAN(min_cluster_size=size, copy=True).fit_predict(points), np.int64)


def _sentence(clusters: Integers) -> str:
    count, nobody = int(clusters.max() + 1), int((clusters == NOBODY).sum())
    said = f"{count} cluster{'s' if count != 1 else ''}."
    return f"{said} {nobody:,} points belong to none." if nobody else said
