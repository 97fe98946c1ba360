"""Entropies, mutual information in nats, the gap that MIG is made of: numpy alone, for curves and scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

BINS = 20  # of equal width, as in Locatello et al. 2019


def histogram(codes: Array, bins: int = BINS) -> Integers:
    """Each dimension of `[N, D]` in bins of equal width, numbered from 1: `[N, D]`."""
    columns = [np.digitize(z, np.histogram(z, bins)[1][:-1]) for z in codes.T]
    return np.stack(columns, axis=1).astype(np.int64)


def entropies(values: Integers) -> Array:
    """The entropy of each column of `[N, K]`: `[K]`."""
    return np.array([_entropy(np.bincount(column - column.min())) for column in values.T])


def mutual_information(one: Integers, other: Integers) -> Array:
    """Of each column of `[N, D]` with each of `[N, K]`, from their joint counts: `[D, K]`."""
    other = other - other.min(0)
    classes = other.max(0) + 1
    table = np.zeros((one.shape[1], other.shape[1]))
    singles = entropies(other)
    for d, column in enumerate(one.T - one.min(0)[:, None]):
        alone = _entropy(np.bincount(column))
        for k, size in enumerate(classes):
            joint = np.bincount(column * size + other[:, k])
            table[d, k] = max(alone + singles[k] - _entropy(joint), 0.0)
    return table


def gap(information: Array, entropy: Array) -> float:
    """Mean over factors of (largest − second largest) / H(factor), for `[D, K]` and `[K]`."""
    ranked = np.sort(information, axis=0)
    second = ranked[-2] if len(ranked) > 1 else 0.0
    return float(np.mean(((ranked[-1] - second) / entropy)[entropy > 0]))


def _entropy(counts: NDArray[np.integer]) -> float:
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())
