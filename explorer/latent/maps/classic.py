"""umap-learn itself: the reference that our own layout is held to, and a choice for who wants it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.api import Array
from explorer.latent.maps.methods import Wish

START_UP = "umap-learn compiles itself in every process: this may take half a minute before it begins"


def classic(points: Array, wish: Wish, labels: NDArray[np.integer[Any]] | None = None) -> Array:
    """Positions `[N, 2]` of `[N, d]` by umap-learn, with its own search for neighbours and spectral start.

    Nothing can be seen of it on the way; giving it up ends its process.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependencies, about themselves
        from umap import UMAP

        reducer = UMAP(
            n_neighbors=min(wish.neighbours, len(points) - 1), min_dist=wish.min_dist, spread=wish.spread,
            n_epochs=wish.epochs or None, random_state=wish.seed, metric=wish.metric, n_jobs=1,
        )  # fmt: skip
        return np.asarray(reducer.fit_transform(points, y=labels), np.float32)
