"""How well scores tell anomalies from what is normal, on plain arrays: no model, no pictures.

A higher score means more anomalous. ROC and its area as in Fawcett (2006), "An introduction to ROC analysis";
equal scores count half. The interval is the 95 % percentile bootstrap over both groups apart (Efron and
Tibshirani 1993, chapter 13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.errors import BadRequest
from explorer.latent.task import Task

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]
DRAWS = 500  # of the bootstrap
BINS = 48
SHOWN = 24  # images of each kind that are told
TOLD = 12  # classes in a sentence
MOST_POINTS = 400  # of a curve that is drawn
CAUGHT = 0.95  # where the false alarms are told
CUT = 0.5  # per cent of the scores at either end that share the last bar of the histogram


@dataclass(frozen=True, eq=False)
class Roc:
    """At each of `thresholds` [K], falling: which share of normal (`alarms`) and of anomalies (`caught`) lie
    at or above it, both [K] and rising from 0 to 1."""

    thresholds: Floats
    alarms: Floats
    caught: Floats


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the scores come to.

    `highest`, `alarms` and `missed` are rows: the highest scores of all, the highest of normal images, the
    lowest of anomalies. `groups` are kinds of anomalies: name, how many, area.
    """

    area: float
    low: float
    high: float
    precision: float  # average precision
    prevalence: float  # share of anomalies: what the average precision of chance would be
    at_caught: float  # share of false alarms when 95 % of the anomalies are caught
    baseline: float  # area of the scores compared with, NaN without
    normal: int
    anomalies: int
    groups: tuple[tuple[str, int, float], ...]
    roc: Roc
    edges: Floats
    bars: Floats  # [2, BINS]: shares of normal and of anomalies
    highest: Integers
    alarms: Integers
    missed: Integers

    def sentence(self) -> str:
        """The main figures in words."""
        said = (
            f"ROC area {self.area:.3f} (95 % interval {self.low:.3f} to {self.high:.3f}; 0.5 is chance). "
            f"Average precision {self.precision:.3f} (chance {self.prevalence:.3f}). "
            f"To catch {CAUGHT:.0%} of {self.anomalies:,} anomalies, {self.at_caught:.1%} of "
            f"{self.normal:,} normal images raise a false alarm."
        )
        if np.isfinite(self.baseline):
            said += f" Principal components instead of the model: {self.baseline:.3f}."
        return said

    def by_group(self) -> str:
        """The area for each kind of anomaly, the hardest first; empty when there is but one."""
        if len(self.groups) < 2:
            return ""
        ordered = sorted(self.groups, key=lambda group: group[2])
        said = " · ".join(f"{name} {area:.2f}" for name, _, area in ordered[:TOLD])
        return f"By class: {said}" + (" …" if len(ordered) > TOLD else "")


def judge(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: a verdict as arrays and data (see `verdict_of`).

    Arrays `scores` [N], `anomalous` [N], `groups` [N] (a number for each kind) and perhaps `baseline` [N];
    options `names` of the kinds and `seed`. Raises `BadRequest` when one side is empty.
    """
    scores = np.asarray(arrays["scores"], np.float64)
    anomalous = np.asarray(arrays["anomalous"], bool)
    low, high = interval(scores, anomalous, int(options.get("seed", 0)), task)
    curve = roc(scores, anomalous)
    edges, bars = histogram(scores, anomalous)
    compared = arrays.get("baseline")
    order = np.argsort(-scores, kind="stable")
    data = {
        "area": area(scores, anomalous), "low": low, "high": high,
        "precision": average_precision(scores, anomalous), "prevalence": float(anomalous.mean()),
        "at_caught": float(curve.alarms[np.argmax(curve.caught >= CAUGHT)]),
        "baseline": None if compared is None else area(compared, anomalous),
        "normal": int((~anomalous).sum()), "anomalies": int(anomalous.sum()),
        "groups": by_group(scores, anomalous, arrays["groups"], options["names"]),
    }  # fmt: skip
    drawn = thinned(curve)
    return {
        "data": data, "thresholds": drawn.thresholds, "caught": drawn.caught, "roc_alarms": drawn.alarms,
        "edges": edges, "bars": bars, "highest": order[:SHOWN], "alarms": order[~anomalous[order]][:SHOWN],
        "missed": order[anomalous[order]][::-1][:SHOWN],
    }  # fmt: skip


def verdict_of(data: dict[str, Any], arrays: dict[str, np.ndarray]) -> Verdict:
    """The verdict that `judge` told."""
    known: dict[str, Any] = {
        **data,
        "groups": tuple((str(n), int(c), float(a)) for n, c, a in data["groups"]),
    }
    known["baseline"] = float("nan") if data["baseline"] is None else float(data["baseline"])
    curve = Roc(arrays["thresholds"], arrays["roc_alarms"], arrays["caught"])
    rows: dict[str, Any] = {name: arrays[name] for name in ("edges", "bars", "highest", "alarms", "missed")}
    return Verdict(**known, roc=curve, **rows)


def roc(scores: Floats, anomalous: Bools) -> Roc:
    """The whole curve, from no alarm at all (a threshold of infinity) to all. Raises `BadRequest`."""
    _both(anomalous)
    order = np.argsort(-scores, kind="stable")
    falling, hits = scores[order], anomalous[order]
    last = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)  # of each run of equal scores
    caught, alarms = np.cumsum(hits)[last], np.cumsum(~hits)[last]
    return Roc(
        np.append(np.inf, falling[last]), np.append(0, alarms / alarms[-1]), np.append(0, caught / caught[-1])
    )


def area(scores: np.ndarray, anomalous: Bools) -> float:
    """The share of pairs in which the anomaly scores higher than the normal image, equal ones half."""
    curve = roc(np.asarray(scores, np.float64), anomalous)
    return float((np.diff(curve.alarms) * (curve.caught[1:] + curve.caught[:-1]) / 2).sum())


def average_precision(scores: Floats, anomalous: Bools) -> float:
    """Precision averaged over the anomalies as they are caught, sum (R_k - R_k-1) P_k."""
    curve = roc(scores, anomalous)
    caught, alarms = curve.caught[1:] * anomalous.sum(), curve.alarms[1:] * (~anomalous).sum()
    return float((np.diff(curve.caught) * caught / (caught + alarms)).sum())


def interval(
    scores: Floats, anomalous: Bools, seed: int = 0, task: Task | None = None
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the area."""
    _both(anomalous)
    places = np.unique(scores, return_inverse=True)[1].reshape(-1)
    hits, rest, count = places[anomalous], places[~anomalous], int(places.max()) + 1
    rng, found = np.random.default_rng(seed), np.zeros(DRAWS)
    for draw in range(DRAWS):
        if task is not None:
            task.progress(draw / DRAWS, "Interval")
        normal = np.bincount(rest[rng.integers(len(rest), size=len(rest))], minlength=count)
        below = np.cumsum(normal) - normal / 2
        drawn = hits[rng.integers(len(hits), size=len(hits))]
        found[draw] = below[drawn].mean() / len(rest)
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)


def histogram(scores: Floats, anomalous: Bools) -> tuple[Floats, Floats]:
    """Edges [BINS + 1], and which share of normal and of anomalies lies in each bin [2, BINS]."""
    low, high = np.percentile(scores, (CUT, 100 - CUT))
    edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
    inside = np.clip(scores, edges[0], edges[-1])
    counts = [np.histogram(inside[group], edges)[0] / group.sum() for group in (~anomalous, anomalous)]
    return edges, np.stack(counts)


def by_group(
    scores: Floats, anomalous: Bools, groups: np.ndarray, names: Sequence[str]
) -> list[tuple[str, int, float]]:
    """The area of each kind of anomaly against all that is normal."""
    found = []
    for number in np.unique(groups[anomalous]).tolist():
        some = ~anomalous | (groups == number)
        found.append((str(names[number]), int((some & anomalous).sum()), area(scores[some], anomalous[some])))
    return found


def at(scores: Floats, anomalous: Bools, threshold: float) -> tuple[float, float]:
    """Which share of normal and of anomalies scores at least so much."""
    above = scores >= threshold
    return float(above[~anomalous].mean()), float(above[anomalous].mean())


def thinned(curve: Roc, most: int = MOST_POINTS) -> Roc:
    """The same curve by its corners alone, of which at most so many stay."""
    way = np.stack([np.diff(curve.alarms), np.diff(curve.caught)])
    turns = np.abs(way[0, 1:] * way[1, :-1] - way[0, :-1] * way[1, 1:]) > 0
    corners = np.flatnonzero(np.concatenate([[True], turns, [True]]))
    kept = corners[np.unique(np.linspace(0, len(corners) - 1, most).round().astype(int))]
    return Roc(curve.thresholds[kept], curve.alarms[kept], curve.caught[kept])


def _both(anomalous: Bools) -> None:
    if anomalous.all() or not anomalous.any():
        kind = "normal" if anomalous.all() else "anomalous"
        raise BadRequest(f"There is no {kind} image.", "Choose other classes, or other data as anomalies.")
