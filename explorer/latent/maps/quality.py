"""How far a map can be trusted, in numbers with a word on each; and where its faults lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.api import Array
from explorer.latent.maps.loops import Indices
from explorer.latent.maps.neighbours import Table, nearest
from explorer.latent.task import Task

JUDGED = 2000  # points; quality is measured on so many at most
NEAREST = 15
PAIRS = 20_000
DOUBTFUL = 0.65  # trustworthiness below which a map shows more noise than neighbourhood
NAN = float("nan")
WORDS = {
    "trustworthiness": ("Trustworthiness", "Whether neighbours on the map are so in truth; 0.5 is chance."),
    "kept": ("Neighbours kept", "The share of the 15 nearest in truth that are so on the map."),
    "accuracy": ("Class from neighbours", "How often the 15 nearest on the map name a point's class."),
    "correlation": ("Distances", "Rank correlation of distances with true ones. Where it is low, read only "
                    "who is near whom."),
    "hubness": ("Hubs", "Skewness of how often points are somebody's neighbour. Above 2, a few points are "
                "everybody's neighbour and nearness says little."),
}  # fmt: skip
SOURCES = {"features": "features of the images", "data": "encoded data"}


@dataclass(frozen=True)
class Quality:
    """How far to trust a map; NaN where it can't be measured. `WORDS` says what each means.

    Trustworthiness as of Venna and Kaski (2001); hubness is the skewness of Radovanovic et al. (2010);
    `chance` is the accuracy of always naming the commonest class.
    """

    trustworthiness: float = NAN
    kept: float = NAN
    accuracy: float = NAN
    chance: float = NAN
    correlation: float = NAN
    hubness: float = NAN

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
        if not np.isnan(self.correlation):
            said += f" · distances {self.correlation:.2f}"
        return said

    def explained(self) -> list[tuple[str, float, str]]:
        """(title, value, what it means) for each figure that could be measured."""
        return [(WORDS[name][0], getattr(self, name), WORDS[name][1]) for name in WORDS
                if not np.isnan(getattr(self, name))]  # fmt: skip

    def to_json(self) -> dict[str, float | None]:
        return {name: None if np.isnan(value) else value for name, value in asdict(self).items()}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Quality:
        return Quality(**{name: NAN if value is None else float(value) for name, value in data.items()})


def better_source(source: str, classifier: bool, encodes: bool) -> str:
    """What to map where codes are noise: `features`, `data`, or nothing known."""
    if source == "codes" and classifier:
        return "features"
    return "data" if source != "data" and encodes else ""


def warning(quality: Quality, better: str = "") -> str:
    """What to say of a map that is mostly noise, naming a source of `better_source`; else nothing."""
    if not quality.doubtful:
        return ""
    said = (
        "This map is mostly noise: these points have no neighbourhoods that a plane could show, as is "
        "usual for codes drawn from a prior of many dimensions."
    )
    return f"{said} Map {SOURCES[better]} instead." if better else said


def measure(
    task: Task, points: Array, positions: Array, table: Table | None = None,
    labels: NDArray[np.integer[Any]] | None = None,
) -> Quality:  # fmt: skip
    """How well `[N, 2]` shows the neighbourhoods of `[N, d]`, on at most `JUDGED` random points."""
    rows = np.sort(np.random.default_rng(0).permutation(len(points))[:JUDGED])
    k = min(NEAREST, (len(rows) - 1) // 2)
    if k < 2:
        return Quality()
    some, places = points[rows], positions[rows]
    there = table.rows[rows, :k] if table is not None else _others(task, points, rows, k)
    here = _others(task, positions, rows, k)
    kept = float((here[:, :, None] == there[:, None]).any(axis=2).mean())
    trusted = trustworthiness(some, places, k)
    correlation = rank_correlation(points, positions)
    hubs = hubness(table) if table is not None else NAN
    if labels is None:
        return Quality(trusted, kept, correlation=correlation, hubness=hubs)
    accuracy, chance = _by_vote(labels, rows, here)
    return Quality(trusted, kept, accuracy, chance, correlation, hubs)


def trustworthiness(points: Array, positions: Array, k: int) -> float:
    """1 when the k nearest on the map are the k nearest in truth; about 0.5 by chance. O(N²)."""
    count = len(points)
    truth = _squares(points)
    np.fill_diagonal(truth, -1)  # itself first
    order = np.argsort(truth, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(count)[None], axis=1)
    shown = _squares(positions)
    np.fill_diagonal(shown, np.inf)
    near = np.argpartition(shown, k - 1, axis=1)[:, :k]
    strangers = np.maximum(np.take_along_axis(ranks, near, axis=1) - k, 0).sum()
    return float(1 - strangers * 2 / (count * k * (2 * count - 3 * k - 1)))


def preserved(table: Table, positions: Array) -> Array:
    """For each point the share of its nearest neighbours that are near on the map too: `[N]`, 0 to 1."""
    from scipy.spatial import cKDTree

    k = min(NEAREST, table.k)
    _, found = cKDTree(positions).query(positions, k + 1)
    there = table.rows[:, :k]
    kept = np.zeros(len(positions), np.float32)
    for column in range(k + 1):  # a point itself is never in its table
        kept += (there == found[:, [column]]).any(axis=1)
    return np.minimum(kept / k, 1).astype(np.float32)


def rank_correlation(points: Array, positions: Array) -> float:
    """Spearman's rank correlation of the distances of random pairs; NaN when all are equal."""
    pairs = np.random.default_rng(1).integers(len(points), size=(PAIRS, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    a, b = (np.linalg.norm(x[pairs[:, 0]] - x[pairs[:, 1]], axis=1) for x in (points, positions))
    if not np.ptp(a) or not np.ptp(b):
        return NAN
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def hubness(table: Table) -> float:
    """Skewness of how often each point is among the nearest of others; NaN when all are so equally often."""
    counts = np.bincount(table.first(NEAREST).rows.ravel(), minlength=len(table)).astype(np.float64)
    deviation = counts.std()
    return float(((counts - counts.mean()) ** 3).mean() / deviation**3) if deviation else NAN


def _others(task: Task, points: Array, rows: NDArray[np.int64], k: int) -> Indices:
    """The k nearest others of some rows among all points: `[M, k]`."""
    found, _ = nearest(task, points[rows], points, k + 1)
    own = found == rows[:, None]
    own[~own.any(axis=1), -1] = True  # behind many equal ones: the last is left out instead
    own &= np.cumsum(own, axis=1) == 1
    return found[~own].reshape(len(rows), k)


def _by_vote(labels: NDArray[Any], rows: NDArray[np.int64], here: Indices) -> tuple[float, float]:
    _, named = np.unique(labels, return_inverse=True)
    votes = named[here]
    guess = np.array([np.bincount(v).argmax() for v in votes])
    return float((guess == named[rows]).mean()), float(np.bincount(named).max() / len(named))


def _squares(points: Array) -> Array:
    centred = points - points.mean(axis=0)
    lengths = (centred**2).sum(axis=1)
    return lengths[:, None] + lengths - 2 * centred @ centred.T


def _ranks(values: Array) -> NDArray[np.float64]:
    """Ranks, equal values sharing their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]
