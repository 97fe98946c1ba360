"""Choose codes worth looking at: the surest of each class, two that differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def surest(labels: NDArray[np.int64], confidence: NDArray[np.float32]) -> dict[int, int]:
    """For each class that occurs, the row of which the classifier is surest: `{class: row}`."""
    best: dict[int, int] = {}
    for row in np.argsort(-np.asarray(confidence), kind="stable"):
        best.setdefault(int(labels[row]), int(row))
    return best


def two_different(labels: NDArray[np.int64], confidence: NDArray[np.float32]) -> tuple[int, int]:
    """The rows of the two surest samples of different classes; of one class alone, the two surest."""
    best = surest(labels, confidence)
    rows = sorted(best.values(), key=lambda row: -confidence[row])[:2]
    if len(rows) < 2:
        rows = [int(row) for row in np.argsort(-np.asarray(confidence), kind="stable")[:2]]
    return (rows[0], rows[-1])
