"""Clouds of known shape."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np


def blobs(count: int = 120, size: int = 8, groups: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Well separated groups: points `[N, d]` and which group each belongs to."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % groups
    centres = rng.normal(scale=12, size=(groups, size))
    return (centres[labels] + rng.normal(size=(count, size))).astype(np.float32), labels


@lru_cache(1)
def digits() -> tuple[np.ndarray, np.ndarray]:
    """The 1,797 digits of scikit-learn: points `[N, 64]` and labels."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return (pixels / 16).astype(np.float32), labels


class Told:
    """Keeps what a task sends."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, dict, dict]] = []

    def __call__(self, kind: str, data: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        # A copy: over a pipe it would be one too.
        self.messages.append((kind, data, {name: a.copy() for name, a in arrays.items()}))

    def partials(self) -> list[dict]:
        return [arrays for kind, _, arrays in self.messages if kind == "partial"]
