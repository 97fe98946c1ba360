"""InfoM, InfoC, InfoE: modularity, compactness, explicitness as information (Hsu et al. 2023)."""

from __future__ import annotations

import numpy as np

from explorer.latent.scores.api import Array, Effort, Figure, Integers, Result, Sample, score
from explorer.latent.scores.information import entropies, neighbour_information
from explorer.latent.scores.linear import logistic
from explorer.latent.task import Task

NARROW = 8  # a dimension whose range is less than the widest / 8 is inactive


@score(
    "infomec",
    Figure("infom", "InfoM", "Share of the information of each active dimension that is about one factor."),
    Figure("infoc", "InfoC", "Share of the information about each factor that lies in one active dimension."),
    Figure("infoe", "InfoE", "How much of the entropy of the factors a linear classifier of all dimensions "
           "explains."),
    matrix="Mutual information by neighbours / entropy", least_factors=2, cost=1.5, order=21,
)  # fmt: skip
def infomec(sample: Sample, effort: Effort, rng: np.random.Generator, task: Task) -> Result:
    """Ratios instead of gaps; mutual information by nearest neighbours, without bins."""
    some = sample.take(rng.permutation(len(sample))[: sum(effort.fit)])
    task.progress(0.1)
    table = neighbour_information(some.codes, some.factors, rng) / entropies(some.factors)
    reach = np.ptp(some.codes, axis=0)
    active = reach > reach.max() / NARROW
    task.progress(0.6)
    values = {
        "infom": share_of_best(table[active]),
        "infoc": share_of_best(table[active].T),
        "infoe": explained(some.codes, some.factors, task),
    }
    return Result(values, np.where(active[:, None], table, 0.0))


def share_of_best(table: Array) -> float:
    """Mean over rows of (largest / sum − 1/n) / (1 − 1/n) for rows of n; silent rows don't count.

    0 where all are silent; 1 where there is but one column.
    """
    heard = table.sum(1) > 0 if table.size else np.zeros(0, bool)
    if not heard.any():
        return 0.0
    n = table.shape[1]
    if n == 1:
        return 1.0
    shares = table[heard].max(1) / table[heard].sum(1)
    return float((shares.mean() - 1 / n) / (1 - 1 / n))


def explained(codes: Array, factors: Integers, task: Task) -> float:
    """Mean over factors of (H − H_linear) / H, classes balanced; 0 where nothing is explained."""
    spread = codes.std(0)
    z = (codes - codes.mean(0)) / np.where(spread > 0, spread, 1.0)
    found = []
    for labels in factors.T:
        task.check()
        found.append(_explained(z, labels))
    return float(np.mean(found))


def _explained(z: Array, labels: Integers) -> float:
    """Balanced classes have the entropy ln C, so that a blind classifier explains nothing."""
    counts = np.bincount(labels)
    blind = float(np.log((counts > 0).sum()))
    made = logistic(z, labels, C=np.inf, class_weight="balanced")  # no penalty, as published
    sure = made.predict_proba(z)[np.arange(len(z)), np.searchsorted(made.classes_, labels)]
    logs = np.log(np.maximum(sure, np.finfo(float).tiny))
    weights = 1 / counts[labels]
    return max(1 + float(np.average(logs, weights=weights)) / blind, 0.0)
