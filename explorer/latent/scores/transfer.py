"""Swaps judged by an oracle: does a chunk carry its factor over, and leave the others alone?"""

from __future__ import annotations

import numpy as np

from backends.errors import BadData
from explorer.latent.scores.api import Array, Integers


def transfer(
    mixed: Integers, givers: Integers, receivers: Integers, only_differing: bool = True
) -> tuple[Array, Array]:
    """Transfer T and preservation P, `[C, K]` each, of swapping C chunks in S pairs of images.

    `mixed` `[C, S, K]` is what the oracle says of each image in which chunk c came from the giver;
    `givers` and `receivers` `[S, K]` are the values of the two images. T = P(oracle = giver's value),
    P = P(oracle = receiver's value). Pairs that share a factor prove nothing of it and are left out of
    its column unless `only_differing` is false; NaN where none is left. Raises `BadData`.
    """
    if mixed.shape[1:] != givers.shape or givers.shape != receivers.shape:
        shapes = f"{mixed.shape}, {givers.shape} and {receivers.shape}"
        raise BadData(f"The labels have shapes {shapes}.", "Give [C, S, K], [S, K] and [S, K].")
    counted = (givers != receivers) | (not only_differing)  # [S, K]
    total = np.where(counted.any(0), counted.sum(0), np.nan)
    carried = ((mixed == givers) & counted).sum(1) / total
    kept = ((mixed == receivers) & counted).sum(1) / total
    return carried, kept


def best_chunks(carried: Array, kept: Array) -> list[tuple[int, float, float]]:
    """For each factor the chunk that carries it best, its transfer, and how well it preserves the others."""
    out = []
    for k in range(carried.shape[1]):
        if np.isnan(carried[:, k]).all():
            out.append((-1, float("nan"), float("nan")))
            continue
        c = int(np.nanargmax(carried[:, k]))
        others = np.delete(kept[c], k)
        out.append((c, float(carried[c, k]), float(np.nanmean(others)) if len(others) else float("nan")))
    return out
