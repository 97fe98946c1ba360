"""Mutual information of codes and factors, in nats: by histogram (shared with trainings), by neighbours."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma

from backends.information import BINS, entropies, histogram, mutual_information
from explorer.latent.scores.api import Array, Integers

__all__ = ["BINS", "entropies", "histogram", "mutual_information", "neighbour_information"]

NEIGHBOURS = 3  # of Ross's estimator, as in Hsu et al. 2023


def neighbour_information(codes: Array, factors: Integers, rng: np.random.Generator) -> Array:
    """Mutual information by nearest neighbours (Ross 2014, for one continuous variable): `[D, K]`.

    Codes are standardised and jittered by 1e-10 to part equal values. A class with one row is left out.
    """
    spread = codes.std(0)
    z = codes / np.where(spread > 0, spread, 1.0)
    z = z + 1e-10 * np.maximum(1, np.abs(z).mean(0)) * rng.standard_normal(z.shape)
    return np.array([[_ross(column, labels) for labels in factors.T] for column in z.T])


def _ross(z: Array, labels: Integers) -> float:
    """I(z; label) = ψ(N) + <ψ(k)> − <ψ(N_label)> − <ψ(m)>, m being the points as near as the k-th."""
    counts = np.bincount(labels)[labels]
    z, labels, counts = z[counts > 1], labels[counts > 1], counts[counts > 1]
    if not len(z):
        return 0.0
    radius = np.empty(len(z))
    for label in np.unique(labels):
        at = np.flatnonzero(labels == label)
        order = at[np.argsort(z[at])]
        radius[order] = _distance(z[order], min(NEIGHBOURS, len(at) - 1))
    line = np.sort(z)
    radius = np.maximum(radius - 4 * np.spacing(np.abs(z) + radius), 0)  # without the k-th itself
    within = np.searchsorted(line, z + radius, "right") - np.searchsorted(line, z - radius, "left")
    near = np.minimum(NEIGHBOURS, counts - 1)
    found = digamma(len(z)) + digamma(near).mean() - digamma(counts).mean() - digamma(within).mean()
    return max(float(found), 0.0)


def _distance(line: Array, k: int) -> Array:
    """How far the k-th neighbour of each number of the sorted `[n]` is, for k < n."""
    padded = np.concatenate([np.full(k, -np.inf), line, np.full(k, np.inf)])
    at = np.arange(k, k + len(line))
    reach = [np.maximum(line - padded[at - j], padded[at + k - j] - line) for j in range(k + 1)]
    nearest: Array = np.min(reach, axis=0)
    return nearest
