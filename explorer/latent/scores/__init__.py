"""Figures of disentanglement on plain arrays: codes `[N, D]` and factors `[N, K]`. No Qt, no torch.

A score is one function in one of these files, registered with `@score(…)` (see `api.py`); `measure`
runs all that apply, each with a bootstrap interval, the ceiling and the chance level of these data.
"""

from explorer.latent.scores.api import FAST, FULL, PRESETS, Effort, Figure, Result, Sample, Score, score
from explorer.latent.scores.measuring import Row, measure
from explorer.latent.scores.registry import scores

__all__ = [
    "FAST",
    "FULL",
    "PRESETS",
    "Effort",
    "Figure",
    "Result",
    "Row",
    "Sample",
    "Score",
    "measure",
    "score",
    "scores",
]
