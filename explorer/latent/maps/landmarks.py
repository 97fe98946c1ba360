"""Maps of more points than have exact neighbours: a random part is laid out, the rest is placed among it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EXACT = 50_000  # points up to which all are laid out
LANDMARKS = 12_000


def landmark_rows(count: int, seed: int) -> NDArray[np.int64] | None:
    """The random rows that are laid out, in order; None where all are."""
    if count <= EXACT:
        return None
    return np.sort(np.random.default_rng(seed).choice(count, LANDMARKS, replace=False))


def sentence(laid_out: int, count: int) -> str:
    """What to say of it."""
    return f"{laid_out:,} landmarks of {count:,} points are laid out, the rest is placed among them."
