"""BetaVAE score (Higgins et al. 2017): can a linear classifier tell which factor two images share?"""

from __future__ import annotations

import numpy as np

from backends.votes import Groups
from explorer.latent.scores.api import (
    Array,
    Effort,
    Figure,
    Integers,
    Result,
    Sample,
    Share,
    resampled,
    score,
)
from explorer.latent.scores.linear import logistic
from explorer.latent.task import Task

PAIRS = 64  # averaged into one point
BLOCK = 500  # points made at a time


@score(
    "beta_vae",
    Figure("beta_vae", "BetaVAE", "Accuracy of naming the factor that pairs of images share; linearly mixed "
           "codes reach .8 and more: look at MIG too."),
    least_factors=2, cost=0.7, order=40,
)  # fmt: skip
def beta_vae(sample: Sample, effort: Effort, rng: np.random.Generator, task: Task) -> Result:
    """Logistic regression on mean |z1 − z2| over 64 pairs that share one factor."""
    train, test = effort.votes
    points, labels = difference_points(sample, train + test, PAIRS, rng, Share(task, 0, 0.8, ""))
    correct = _correct(points[:train], labels[:train], points[train:], labels[train:])
    spread = {"beta_vae": resampled(correct, rng, effort.bootstraps)}
    return Result({"beta_vae": float(correct.mean())}, spread=spread)


def difference_points(
    sample: Sample, count: int, pairs: int, rng: np.random.Generator, task: Task
) -> tuple[Array, Integers]:
    """Points `[count, D]`, the mean |z1 − z2| over `pairs`, and which factor the pairs share `[count]`."""
    groups = [Groups(column) for column in sample.factors.T]
    able = np.array([k for k, group in enumerate(groups) if len(group.rows)])
    labels = rng.choice(able, count)
    points = np.empty((count, sample.codes.shape[1]))
    for k in able:
        at = np.flatnonzero(labels == k)
        for block in np.split(at, range(BLOCK, len(at), BLOCK)):
            task.progress(float(block[-1]) / count if len(block) else 0.0)
            one, other = groups[k].pairs((len(block), pairs), rng)
            points[block] = np.abs(sample.codes[one] - sample.codes[other]).mean(1)
    return points, labels


def _correct(points: Array, labels: Integers, test: Array, truth: Integers) -> np.ndarray:
    return np.asarray(logistic(points, labels).predict(test) == truth)
