"""SAP, the separated attribute predictability (Kumar et al. 2018); its machine is shared with trainings."""

from __future__ import annotations

import numpy as np

from backends.separation import named_by_one, separate, separation
from explorer.latent.scores.api import Array, Effort, Figure, Integers, Result, Sample, resampled, score
from explorer.latent.task import Task

__all__ = ["sap", "separate", "separation", "squared_correlations"]

NO_VARIANCE = 1e-12


@score(
    "sap",
    Figure("sap", "SAP", "How much better the best single dimension predicts a factor than the next one; "
           "its ceiling is about .2 on dSprites and depends on the scale of codes."),
    matrix="Test accuracy of one dimension", cost=2, order=12,
)  # fmt: skip
def sap(sample: Sample, effort: Effort, rng: np.random.Generator, task: Task) -> Result:
    """Factors as classes: a linear support-vector machine on each single dimension."""
    train, test = sample.split(*effort.fit, rng)
    hits = []
    for k in range(sample.factors.shape[1]):
        task.progress(k / sample.factors.shape[1])
        truth = test.factors[:, k]
        hits.append(named_by_one(train.codes, train.factors[:, k], test.codes, truth, task.check))
    correct = np.stack(hits, axis=2)  # [n, D, K]
    matrix = correct.mean(0)
    spread = {"sap": np.array([separation(m) for m in resampled(correct, rng, effort.bootstraps)])}
    return Result({"sap": separation(matrix)}, matrix, spread)


def squared_correlations(codes: Array, factors: Integers) -> Array:
    """For factors that are quantities: cov² / (var var) `[D, K]`, 0 for a constant dimension."""
    z, y = codes - codes.mean(0), factors - factors.mean(0)
    covariance = z.T @ y / len(z)
    scale = np.outer((z**2).mean(0), (y**2).mean(0))
    constant = (z**2).mean(0) <= NO_VARIANCE
    table = covariance**2 / np.where(scale > 0, scale, 1.0)
    return np.where(constant[:, None], 0.0, table)
