"""Where codes lie in clumps: Gaussians of one shape around several centres, in numpy alone (no torch).

A single Gaussian over clumped codes puts most of its draws between the clumps, where a decoder has seen
nothing. A mixture that is fitted once the autoencoder is trained mends that (Ghosh et al. 2020, From
Variational to Deterministic Autoencoders, "ex-post density estimation").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 64  # centres
LEAST = 50  # codes for each centre
DIGITS = 5

Row = tuple[float, ...]


@dataclass(frozen=True)
class Mixture:
    """The density sum_k shares[k] N(centres[k], factor factor^T).

    `shares` `[K]` sum to one, `centres` are `[K, d]`, `factor` `[d, d]` is the same for all.
    """

    shares: Row
    centres: tuple[Row, ...]
    factor: tuple[Row, ...]

    def sample(self, rng: np.random.Generator, count: int) -> NDArray[np.float32]:
        """`count` draws: `[count, d]`. Row 0 is the same for every count."""
        which, where = rng.spawn(2)
        shares = np.asarray(self.shares)
        chosen = which.choice(len(shares), count, p=shares / shares.sum())
        normal = where.standard_normal((count, len(self.factor)))
        drawn = np.asarray(self.centres)[chosen] + normal @ np.asarray(self.factor).T
        return drawn.astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        return {
            "shares": list(self.shares),
            "centres": [list(row) for row in self.centres],
            "factor": [list(row) for row in self.factor],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Mixture:
        """What `to_json` wrote. Raises `ValueError`, `KeyError` or `TypeError` for anything else."""
        shares, centres, factor = _row(data["shares"]), _rows(data["centres"]), _rows(data["factor"])
        rows = (*centres, *factor)
        fits = len(shares) == len(centres) and {len(row) for row in rows} == {len(factor)}
        if not fits or not np.isfinite((*shares, *sum(rows, ()))).all() or min(shares) < 0 or not sum(shares):
            raise ValueError("the parts of a prior's mixture don't fit together")
        return Mixture(shares, centres, factor)


def fit(codes: np.ndarray) -> Mixture | None:
    """A mixture for codes `[N, d]`: centres by k-means, one for each 50 codes but at most 64, and the
    covariance around them. None for fewer than 100 different codes, which can't show clumps.
    """
    centres = min(MOST, len(np.unique(codes, axis=0)) // LEAST)
    if centres < 2:
        return None
    from sklearn.cluster import KMeans

    found = KMeans(centres, n_init=1, random_state=0).fit(codes)
    beside = codes - found.cluster_centers_[found.labels_]
    shares = np.bincount(found.labels_, minlength=centres) / len(codes)
    return Mixture(_row(shares), _rows(found.cluster_centers_), _rows(root(np.atleast_2d(np.cov(beside.T)))))


def root(covariance: np.ndarray) -> np.ndarray:
    """A factor `[d, d]` of a covariance, which a dead dimension may make singular (Cholesky would fail)."""
    values, vectors = np.linalg.eigh(covariance)
    factor: np.ndarray = vectors * np.sqrt(np.maximum(values, 0))
    return factor


def _row(values: Any) -> Row:
    return tuple(float(f"{float(v):.{DIGITS}g}") for v in values)


def _rows(values: Any) -> tuple[Row, ...]:
    return tuple(_row(row) for row in values)
