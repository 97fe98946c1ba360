"""FactorVAE score (Kim and Mnih 2018): which dimension varies least when one factor is held?"""

from __future__ import annotations

import numpy as np

from backends.votes import BATCH, DEAD, majority
from explorer.latent.scores.api import Effort, Figure, Result, Sample, score
from explorer.latent.task import Task


@score(
    "factor_vae",
    Figure("factor_vae", "FactorVAE", "Majority vote of the least varying dimension; it gives .8 to fully "
           "mixed codes: look at MIG too."),
    matrix="Share of the votes of each factor", least_factors=2, repeats=True, cost=0.5, order=41,
)  # fmt: skip
def factor_vae(sample: Sample, effort: Effort, rng: np.random.Generator, task: Task) -> Result:
    """Batches of 64; dimensions with a standard deviation below .05 are left out; none left gives 0."""
    return from_votes(sample, *effort.votes, BATCH, rng, task, DEAD)


def from_votes(
    sample: Sample, train: int, test: int, batch: int, rng: np.random.Generator, task: Task, dead: float = 0.0
) -> Result:
    """The score from `train` votes to fit and `test` votes to judge the majority classifier."""
    hits, fitted = majority(sample.codes, sample.factors, train, test, rng, batch, dead, task.check)
    note = "" if fitted.any() else f"No dimension has a standard deviation of {dead:g} or more."
    return Result({"factor_vae": hits}, fitted / np.maximum(fitted.sum(0), 1), note=note)
