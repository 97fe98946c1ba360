"""UDR, unsupervised disentanglement ranking (Duan et al. 2020): do models of several seeds agree?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backends.errors import BadData
from explorer.latent.scores.api import Array

ALPHA = 0.1  # of the lasso
INFORMATIVE = 0.01  # nats of KL below which a dimension says nothing


def udr(codes: Sequence[Array], kl: Sequence[Array] | None = None, how: str = "lasso") -> tuple[Array, Array]:
    """Scores `[M]` of M models from their codes `[N, D]` of the same images, and pairs `[M, M]`.

    `kl` `[D]` of each model (mean over images) drops dimensions that say nothing. `how` is `lasso` or
    `spearman`. A model's score is the median over the others. Raises `BadData` for fewer than two.
    """
    if len(codes) < 2:
        raise BadData("UDR compares models of several seeds.", "Give the codes of at least two models.")
    if len({len(z) for z in codes}) > 1:
        raise BadData("The codes are of different numbers of images.", "Encode the same images with each.")
    kept = [np.ones(z.shape[1], bool) if kl is None else kl[m] > INFORMATIVE for m, z in enumerate(codes)]
    scaled = [_standardised(z) for z in codes]
    pairs = np.full((len(codes), len(codes)), np.nan)
    relate = {"lasso": lasso, "spearman": spearman}[how]
    for i, one in enumerate(scaled):
        for j, other in enumerate(scaled):
            if i != j:
                pairs[i, j] = relative_strength(relate(one, other)[np.ix_(kept[i], kept[j])])
    return np.nanmedian(pairs, axis=1), pairs


def informative_nats(codes: Array) -> Array:
    """The KL of each dimension `[D]` where only mean codes `[N, D]`, in deviations of the prior, are known.

    −½ ln(1 − var): what a Gaussian encoder passes whose codes as a whole follow the prior.
    """
    return np.asarray(-0.5 * np.log1p(-np.minimum(codes.var(0), 0.999)))


def relative_strength(relation: Array) -> float:
    """Mean of max² / sum over columns and over rows; 0 for an empty matrix."""
    if not relation.size:
        return 0.0
    halves = [_strength(relation), _strength(relation.T)]
    return sum(halves) / 2


def lasso(one: Array, other: Array) -> Array:
    """|coefficients| of predicting each dimension of `other` from all of `one`: `[D1, D2]`."""
    from sklearn.linear_model import Lasso

    coefficients = np.abs(Lasso(alpha=ALPHA).fit(one, other).coef_)
    return np.asarray(coefficients.reshape(other.shape[1], one.shape[1]).T)


def spearman(one: Array, other: Array) -> Array:
    """|rank correlations| `[D1, D2]`; 0 for constant dimensions."""
    from scipy.stats import rankdata

    first, second = (_standardised(rankdata(z, axis=0)) for z in (one, other))
    return np.asarray(np.abs(first.T @ second) / len(first))


def _strength(relation: Array) -> float:
    total = relation.sum(0)
    return float(np.mean(relation.max(0) ** 2 / np.where(total > 0, total, 1.0)))


def _standardised(z: Array) -> Array:
    spread = z.std(0)
    return np.asarray((z - z.mean(0)) / np.where(spread > 0, spread, 1.0))
