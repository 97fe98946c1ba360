"""Mutual information gap: by histogram (Locatello et al. 2019) and by densities (Chen et al. 2018)."""

from __future__ import annotations

import numpy as np

from backends.information import gap
from explorer.latent.scores.api import VARIANCES, Array, Effort, Figure, Integers, Result, Sample, score
from explorer.latent.scores.information import entropies, histogram, mutual_information
from explorer.latent.task import Task

BLOCK = 4_000_000  # densities held at a time
HALF_LOG_TAU = 0.5 * np.log(2 * np.pi)


@score(
    "mig",
    Figure("mig", "MIG", "How far the most informative dimension of each factor is ahead of the next one; "
           "the histogram keeps even perfect codes below 1."),
    matrix="Mutual information / entropy of the factor", repeats=True, cost=0.2, order=10,
)  # fmt: skip
def mig(sample: Sample, effort: Effort, rng: np.random.Generator, task: Task) -> Result:
    """20 bins of equal width for each dimension."""
    information = mutual_information(histogram(sample.codes), sample.factors)
    entropy = entropies(sample.factors)
    return Result({"mig": gap(information, entropy)}, information / entropy)


@score(
    "mig_sampled",
    Figure("mig_sampled", "MIG (densities)", "Chen's own estimate from samples of the encoder; it needs data "
           "that cover the grid of factors evenly."),
    matrix="Mutual information by densities / entropy", needs=VARIANCES, cost=3, order=11,
)  # fmt: skip
def mig_sampled(sample: Sample, effort: Effort, rng: np.random.Generator, task: Task) -> Result:
    """I(z_j; v_k) = H(z_j) − H(z_j | v_k) with samples z ~ q(z|x)."""
    assert sample.log_variances is not None
    some = sample.take(rng.permutation(len(sample))[: effort.densities])
    assert some.log_variances is not None
    information = density_information(some.codes, some.log_variances, some.factors, rng, task)
    entropy = entropies(some.factors)
    return Result({"mig_sampled": gap(information, entropy)}, information / entropy)


def density_information(
    means: Array, log_variances: Array, factors: Integers, rng: np.random.Generator, task: Task
) -> Array:
    """Mutual information `[D, K]` of samples of N(mean, variance) `[N, D]` with factors `[N, K]`.

    q(z) is the mean of the N densities, q(z | v) that of the rows with the value v (Chen et al. 2018,
    appendix B). One sample is drawn for each row.
    """
    z = means + np.exp(0.5 * log_variances) * rng.standard_normal(means.shape)
    everywhere = _entropy_of(z, means, log_variances, task)
    table = np.zeros((means.shape[1], factors.shape[1]))
    for k, column in enumerate(factors.T):
        within = np.zeros(means.shape[1])
        for value in np.unique(column):
            at = column == value
            within += at.mean() * _entropy_of(z[at], means[at], log_variances[at], task)
        table[:, k] = np.maximum(everywhere - within, 0)
        task.progress((k + 1) / factors.shape[1])
    return table


def _entropy_of(z: Array, means: Array, log_variances: Array, task: Task) -> Array:
    """−mean log q(z_j) `[D]`, q being the mixture of all rows."""
    out = np.zeros(z.shape[1])
    step = max(1, BLOCK // len(means))
    for d in range(z.shape[1]):
        for at in range(0, len(z), step):
            task.check()
            gaps = z[at : at + step, d, None] - means[None, :, d]
            logs = -0.5 * (gaps**2 * np.exp(-log_variances[:, d]) + log_variances[:, d]) - HALF_LOG_TAU
            top = logs.max(1, keepdims=True)
            out[d] -= (top[:, 0] + np.log(np.exp(logs - top).mean(1))).sum()
    return out / len(z)
