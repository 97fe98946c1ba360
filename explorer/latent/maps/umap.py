"""UMAP epoch by epoch: a frame after each, repeatable to the bit, and nothing of umap-learn.

umap-learn compiles its search for neighbours anew in every process (half a minute at 10,000 points).
This follows its steps (McInnes, Healy and Melville 2018, arXiv:1802.03426) over our table of neighbours,
and starts at a PCA: large distances come out better than from its spectral start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from backends.api import Array
from explorer.latent.maps.graph import Edges
from explorer.latent.maps.loops import Forces, epoch

LONG, SHORT = 500, 200  # epochs for few and for many points, as umap-learn has them
MANY = 10_000
WARM = 200  # epochs of a layout that goes on from another one
EXTENT = 10.0  # of a start, from the middle
WIDEST = 60.0  # extent of a start that is taken as it is


@dataclass(frozen=True)
class Anchor:
    """Positions `[N, 2]` that a layout is held to: each epoch goes `hold` of the way back to them."""

    positions: Array
    hold: float


def umap(
    edges: Edges, start: Array, *, seed: int = 0, min_dist: float = 0.1, spread: float = 1.0,
    epochs: int = 0, done: int = 0, anchor: Anchor | None = None,
) -> Iterator[tuple[int, Array]]:  # fmt: skip
    """Yield (epoch, positions `[N, 2]`) after each epoch from `start`; the array is the same every time.

    `epochs` 0 is as many as suit the number of points. `done` epochs were made already: `start` is where
    they ended, and the rest is, to the bit, what it would have been without the stop.
    """
    epochs = epochs or epochs_for(edges.count)
    positions = np.array(start, np.float32, order="C")
    forces = forces_for(round(min_dist, 4), round(spread, 4))
    pace = edges.weights / max(float(edges.weights.max(initial=0)), 1e-12)
    often = pace * epochs >= 1  # the weakest would never be pulled
    heads, tails, pace = edges.heads[often], edges.tails[often], pace[often].astype(np.float32)
    for number in range(done + 1, epochs + 1):
        rate = 1 - (number - 1) / epochs
        epoch(positions, heads, tails, pace, forces, rate, number, seed)
        if anchor is not None:
            positions += np.float32(anchor.hold) * (anchor.positions - positions)
        yield number, positions


def started(picture: Array, seed: int, fresh: bool = True) -> Array:
    """Where a layout begins: at a `fresh` PCA scaled to `EXTENT`, or at a picture of UMAP's as it is.

    Points at the same place would stay together for ever: a little noise sets them apart.
    """
    picture = np.nan_to_num(np.asarray(picture, np.float32))
    extent = float(np.ptp(picture, axis=0).max(initial=0))
    noise = np.random.default_rng(seed).normal(scale=1e-3, size=picture.shape)
    if fresh or not 1.0 <= extent <= WIDEST:
        picture = picture - picture.mean(axis=0)
        picture = picture / max(float(np.abs(picture).max(initial=0)), 1e-9) * EXTENT
    return (picture + noise).astype(np.float32)


def epochs_for(count: int) -> int:
    """How many epochs so many points get."""
    return LONG if count <= MANY else SHORT


@lru_cache(16)
def forces_for(min_dist: float, spread: float) -> Forces:
    """The forces of a curve; working them out takes milliseconds, a slider asks often."""
    return Forces.of(*curve(min_dist, spread))


def curve(min_dist: float, spread: float = 1.0) -> tuple[float, float]:
    """a and b for which 1 / (1 + a x^(2b)) is flat up to `min_dist` and then falls as exp (eq. 17)."""
    from scipy.optimize import curve_fit

    x = np.linspace(0, 3 * spread, 300)
    y = np.where(x < min_dist, 1.0, np.exp(-(x - min_dist) / spread))
    (a, b), _ = curve_fit(lambda x, a, b: 1 / (1 + a * x ** (2 * b)), x, y, p0=(1.0, 1.0), maxfev=10_000)
    return float(a), float(b)
