"""t-SNE by openTSNE over our table of neighbours: frames on the way, paused and cancelled at any time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from backends.api import Array
from explorer.latent.maps.neighbours import Table

EARLY, LATE = 250, 500  # iterations with exaggeration and without, openTSNE's own
EVERY = 5  # iterations between two looks at what the person wants
RADIUS = 10.0  # mean square distance from the middle: t-SNE's own scale grows from a ten-thousandth
START = 1e-4  # deviation of a start that keeps its large-scale order (Kobak and Berens 2019)
MANY = 10_000  # points from which forces are worked out on a grid

Step = Callable[[int, int, Array], bool]


def neighbours_for(perplexity: float, count: int) -> int:
    """How many neighbours a perplexity reads of so many points."""
    return int(min(3 * perplexity, count - 1))


def tsne(table: Table, start: Array, perplexity: float, seed: int, on_step: Step) -> Array:
    """Positions `[N, 2]`, grown from `start` `[N, 2]`, scaled to `RADIUS`.

    `on_step(iteration, iterations, positions)` is asked every few iterations whether to stop; it may raise.
    """
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    known = PrecomputedNeighbors(table.rows.astype(np.int64), table.distances.astype(np.float64))
    fitting = min(perplexity, max(1.0, table.k / 3))
    affinities = PerplexityBasedNN(perplexity=fitting, knn_index=known, n_jobs=1, random_state=seed)
    embedding = TSNEEmbedding(
        _started(start, seed), affinities, n_jobs=1, random_state=seed,
        negative_gradient_method="fft" if len(table) >= MANY else "bh",
    )  # fmt: skip
    stopped = False
    for before, count, exaggeration in ((0, EARLY, 12), (EARLY, LATE, 1)):

        def look(iteration: int, _: float, positions: Array, before: int = before) -> bool:
            nonlocal stopped
            stopped = on_step(before + iteration, EARLY + LATE, scaled(positions))
            return stopped

        if not stopped:
            embedding = embedding.optimize(
                count, exaggeration=exaggeration, momentum=0.8, callbacks=[look], callbacks_every_iters=EVERY
            )
    return scaled(np.asarray(embedding))


def scaled(positions: Array) -> Array:
    """Around the middle, with a root mean square distance of `RADIUS` from it."""
    around = np.asarray(positions, np.float64) - np.mean(positions, axis=0)
    size = float(np.sqrt((around**2).sum(axis=1).mean()))
    return (around * (RADIUS / max(size, 1e-12))).astype(np.float32)


def _started(start: Array, seed: int) -> Array:
    around = np.nan_to_num(np.asarray(start, np.float64))
    around = around - around.mean(axis=0)
    noise = np.random.default_rng(seed).normal(scale=1e-2, size=around.shape)  # equal points come apart
    return np.asarray((around / max(float(around[:, 0].std()), 1e-12) + noise) * START)
