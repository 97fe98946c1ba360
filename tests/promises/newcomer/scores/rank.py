"""Rank, the smallest score."""

from __future__ import annotations

import numpy as np

from explorer.latent.scores.api import Effort, Figure, Result, Sample, score
from explorer.latent.task import Task


@score(
    "rank",
    Figure("rank", "Rank", "How many dimensions vary; it says nothing of factors.", high=1000),
    repeats=True,
)
def rank(sample: Sample, effort: Effort, rng: np.random.Generator, task: Task) -> Result:
    return Result({"rank": float(np.linalg.matrix_rank(sample.codes))})
