"""Modularity and explicitness (Ridgeway and Mozer 2018)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from explorer.latent.scores.api import Array, Effort, Figure, Integers, Result, Sample, score
from explorer.latent.scores.information import histogram, mutual_information
from explorer.latent.scores.linear import logistic
from explorer.latent.task import Task


@score(
    "modularity",
    Figure("modularity", "Modularity", "Whether each dimension informs of one factor only; fully mixed codes "
           "get .87, and codes that know nothing about as much."),
    matrix="Mutual information (nats)", least_factors=2, repeats=True, cost=0.2, order=30,
)  # fmt: skip
def modularity(sample: Sample, effort: Effort, rng: np.random.Generator, task: Task) -> Result:
    """On the mutual information of 20 bins of equal width."""
    information = mutual_information(histogram(sample.codes), sample.factors)
    return Result({"modularity": modularity_of(information)}, information)


def modularity_of(information: Array) -> float:
    """Mean over dimensions of 1 − Σ_{k ≠ best} m² / (max m² (K − 1)) for `[D, K]`; 0 for a silent one."""
    squared = information**2
    best = squared.max(1)
    rest = squared.sum(1) - best
    heard = best > 0
    scores = np.zeros(len(information))
    scores[heard] = 1 - rest[heard] / (best[heard] * (information.shape[1] - 1))
    return float(scores.mean())


@score(
    "explicitness",
    Figure("explicitness", "Explicitness", "Area under the curve of a linear classifier of each factor from "
           "all dimensions; a rotation of the codes changes nothing.", low=0.5),
    cost=1, order=31,
)  # fmt: skip
def explicitness(sample: Sample, effort: Effort, rng: np.random.Generator, task: Task) -> Result:
    """Multinomial logistic regression on standardised codes, one class against the rest."""
    train, test = sample.split(*effort.fit, rng)
    spread = train.codes.std(0)
    scale = np.where(spread > 0, spread, 1.0)
    seen, unseen = ((part.codes - train.codes.mean(0)) / scale for part in (train, test))
    weights = np.ones((1 + effort.bootstraps, len(test)))
    weights[1:] = rng.multinomial(len(test), np.full(len(test), 1 / len(test)), size=effort.bootstraps)
    areas = []
    for k in range(sample.factors.shape[1]):
        task.progress(k / sample.factors.shape[1])
        areas.append(_areas(seen, train.factors[:, k], unseen, test.factors[:, k], weights))
    mean = np.nanmean(areas, axis=0)
    return Result({"explicitness": float(mean[0])}, spread={"explicitness": mean[1:]})


def area_under_curve(scores: Array, positive: NDArray[np.bool_], weights: Array) -> Array:
    """The ROC area of scores `[n]` under each row of weights `[B, n]`: `[B]`; ties count half."""
    _, rank = np.unique(scores, return_inverse=True)
    order = np.argsort(rank, kind="stable")
    starts = np.flatnonzero(np.diff(rank[order], prepend=-1))
    ups = np.add.reduceat((weights * positive)[:, order], starts, axis=1)
    downs = np.add.reduceat((weights * ~positive)[:, order], starts, axis=1)
    below = np.cumsum(downs, axis=1) - downs
    total = ups.sum(1) * downs.sum(1)
    return (ups * (below + downs / 2)).sum(1) / np.where(total > 0, total, np.nan)


def _areas(seen: Array, labels: Integers, unseen: Array, truth: Integers, weights: Array) -> Array:
    """Mean area over the classes under each row of weights: `[B]`."""
    if len(np.unique(labels)) < 2:
        return np.full(len(weights), np.nan)
    made = logistic(seen, labels)
    sure = made.predict_proba(unseen)
    both = [c for c, label in enumerate(made.classes_) if 0 < (truth == label).sum() < len(truth)]
    found = [area_under_curve(sure[:, c], truth == made.classes_[c], weights) for c in both]
    return np.nanmean(found, axis=0) if found else np.full(len(weights), np.nan)
