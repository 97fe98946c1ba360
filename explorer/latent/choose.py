"""Choose codes worth looking at: the surest of each class, two that differ, some that differ most."""

from __future__ import annotations

from typing import Any

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


def furthest_apart(points: NDArray[Any], count: int) -> list[int]:
    """Rows of `[N, F]` of which each next one is furthest from those before (Gonzalez 1985).

    The first is the one furthest from the mean.
    """
    flat = np.asarray(points, np.float32)
    nearest = ((flat - flat.mean(0)) ** 2).sum(1)
    rows: list[int] = []
    for _ in range(min(count, len(flat))):
        rows.append(int(nearest.argmax()))
        distance = ((flat - flat[rows[-1]]) ** 2).sum(1)
        nearest = distance if len(rows) == 1 else np.minimum(nearest, distance)
    return rows
