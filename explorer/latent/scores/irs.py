"""IRS, the interventional robustness score (Suter et al. 2019)."""

from __future__ import annotations

import numpy as np

from explorer.latent.scores.api import Array, Effort, Figure, Result, Sample, score
from explorer.latent.task import Task

QUANTILE = 0.99


@score(
    "irs",
    Figure("irs", "IRS", "How far each dimension stays put while its own factor is held and all others "
           "change; a few outliers lower it."),
    matrix="Robustness of the dimension while the factor is held", repeats=True, cost=0.4, order=13,
)  # fmt: skip
def irs(sample: Sample, effort: Effort, rng: np.random.Generator, task: Task) -> Result:
    """The 99th percentile of |z − E[z | factor]|; constant dimensions are dropped, none left gives 0."""
    value, matrix, active = robustness(sample)
    return Result({"irs": value}, matrix, note="" if active else "No dimension varies.")


def robustness(sample: Sample, quantile: float = QUANTILE) -> tuple[float, Array, int]:
    """The score, the matrix `[D, K]` (0 for constant dimensions) and how many dimensions vary."""
    z = sample.codes
    active = z.var(0) > 0
    matrix = np.zeros((z.shape[1], sample.factors.shape[1]))
    if not active.any():
        return 0.0, matrix, 0
    z = z[:, active]
    widest = np.abs(z - z.mean(0)).max(0)
    for k, column in enumerate(sample.factors.T):
        groups = np.split(z[np.argsort(column, kind="stable")], np.cumsum(np.bincount(column))[:-1])
        spreads = [np.quantile(np.abs(g - g.mean(0)), quantile, axis=0) for g in groups if len(g)]
        matrix[active, k] = 1 - np.mean(spreads, axis=0) / widest
    return float(np.average(matrix[active].max(1), weights=widest)), matrix, int(active.sum())
