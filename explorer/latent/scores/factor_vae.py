"""FactorVAE score (Kim and Mnih 2018): which dimension varies least when one factor is held?"""

from __future__ import annotations

import numpy as np

from explorer.latent.scores.api import Array, Effort, Figure, Result, Sample, score
from explorer.latent.scores.groups import Groups
from explorer.latent.task import Task

BATCH = 64
DEAD = 0.05  # standard deviation below which a dimension has no vote
BLOCK = 2_000  # votes cast at a time


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
    variance = sample.codes.var(0, ddof=1)
    active = np.flatnonzero((variance > 0) & (np.sqrt(variance) >= dead))
    if not len(active):
        return Result({"factor_vae": 0.0}, np.zeros((sample.codes.shape[1], sample.factors.shape[1])),
                      note=f"No dimension has a standard deviation of {dead:g} or more.")  # fmt: skip
    scaled = sample.codes[:, active] / np.sqrt(variance[active])
    groups = [Groups(column) for column in sample.factors.T]
    fitted, judged = (_votes(scaled, groups, n, batch, rng, task) for n in (train, test))
    named = fitted.argmax(1)
    hits = judged[np.arange(len(active)), named].sum() / max(judged.sum(), 1)
    matrix = np.zeros((sample.codes.shape[1], len(groups)))
    matrix[active] = fitted / np.maximum(fitted.sum(0), 1)
    return Result({"factor_vae": float(hits)}, matrix)


def _votes(
    scaled: Array, groups: list[Groups], count: int, batch: int, rng: np.random.Generator, task: Task
) -> Array:
    """How often each dimension varied least while each factor was held: `[D, K]`."""
    table = np.zeros((scaled.shape[1], len(groups)))
    able = [k for k, group in enumerate(groups) if len(group.rows)]
    for k, votes in zip(able, rng.multinomial(count, np.full(len(able), 1 / len(able))), strict=True):
        for at in range(0, votes, BLOCK):
            task.check()
            rows = groups[k].alike(min(BLOCK, votes - at), batch, rng)
            least = scaled[rows].var(1).argmin(1)
            table[:, k] += np.bincount(least, minlength=len(table))
    return table
