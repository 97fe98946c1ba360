"""How dependent the dimensions are on each other, whatever the factors: correlations of a fitted Gaussian."""

from __future__ import annotations

import numpy as np

from explorer.latent.scores.api import CODES, Array, Effort, Figure, Result, Sample, score
from explorer.latent.scores.information import histogram, mutual_information
from explorer.latent.task import Task


@score(
    "dependence",
    Figure("total_correlation", "Total correlation", "Nats that the dimensions share if they are "
           "Gaussian; codes that know nothing can have none.", high=5.0, lower_is_better=True),
    Figure("wasserstein", "Wasserstein correlation", "Distance of the Gaussian from one of independent "
           "dimensions, as a share of its variance.", lower_is_better=True),
    Figure("pairwise", "Pairwise information", "Mean mutual information of two dimensions, 20 bins each; it "
           "sees dependence that is not linear.", high=1.0, lower_is_better=True),
    needs=CODES, repeats=True, cost=0.4, order=60,
)  # fmt: skip
def dependence(sample: Sample, effort: Effort, rng: np.random.Generator, task: Task) -> Result:
    """On the mean codes; constant dimensions are left out, and one alone depends on nothing."""
    z = sample.codes[:, sample.codes.var(0) > 0]
    if z.shape[1] < 2:
        return Result({"total_correlation": 0.0, "wasserstein": 0.0, "pairwise": 0.0})
    covariance = np.cov(z, rowvar=False)
    binned = histogram(z)
    pairs = mutual_information(binned, binned)[np.triu_indices(z.shape[1], 1)]
    total = total_correlation(covariance)
    return Result(
        {
            "total_correlation": total,
            "wasserstein": wasserstein_correlation(covariance) / float(np.trace(covariance)),
            "pairwise": float(pairs.mean()),
        },
        note="" if np.isfinite(total) else "One dimension is a copy of others.",
    )


def total_correlation(covariance: Array) -> float:
    """½ (Σ log S_dd − log det S) nats, infinite for a singular matrix."""
    sign, log_determinant = np.linalg.slogdet(covariance)
    if sign <= 0:
        return float("inf")
    return max(0.5 * float(np.log(np.diag(covariance)).sum() - log_determinant), 0.0)


def wasserstein_correlation(covariance: Array) -> float:
    """Squared 2-Wasserstein distance of N(0, S) from N(0, diag S): 2 tr S − 2 tr (S^½ diag(S) S^½)^½."""
    roots = np.sqrt(np.diag(covariance))
    values = np.linalg.eigvalsh(covariance * np.outer(roots, roots))
    return max(float(2 * np.trace(covariance) - 2 * np.sqrt(np.maximum(values, 0)).sum()), 0.0)
