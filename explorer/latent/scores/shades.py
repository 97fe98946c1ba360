"""The colours of a matrix of scores, and the order of its rows in which a diagonal shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from explorer.latent.map_colours import value_colours
from explorer.latent.scores.api import Array


def shades(matrix: Array) -> NDArray[np.uint8]:
    """Colours of a matrix from 0 to 1, or to its largest value where that is more: `[D, K, 3]`."""
    top = max(1.0, float(np.nanmax(matrix, initial=0.0)))
    ends = np.array([0.0, top], np.float32)
    flat = np.concatenate([np.clip(matrix, 0, None).astype(np.float32).ravel(), ends])
    return value_colours(flat)[:-2].reshape(*matrix.shape, 3)


def by_best_column(matrix: Array) -> NDArray[np.int64]:
    """Rows by the column in which they are largest, strongest first: `[D]`."""
    return np.lexsort((-matrix.max(1), matrix.argmax(1))).astype(np.int64)


def gaps(matrix: Array) -> Array:
    """Largest − second largest of each column `[K]`: how far one dimension is ahead of the others."""
    ranked = np.sort(matrix, axis=0)
    return np.asarray(ranked[-1] - ranked[-2] if len(ranked) > 1 else ranked[-1])


def focus(matrix: Array) -> Array:
    """Largest / sum of each row `[D]`: how far a dimension is about one factor; 0 for a silent one.

    Empty where there is but one factor to be about.
    """
    if matrix.shape[1] < 2:
        return np.zeros(0)
    kept = np.clip(matrix, 0, None)
    total = kept.sum(1)
    return np.asarray(kept.max(1) / np.where(total > 0, total, 1.0))
