"""Stripes: the smallest data set, 60 images that are dark or bright."""

from __future__ import annotations

import numpy as np

from trainers.data.api import DataKind, Dataset, Source, Wish


def read(wish: Wish) -> Dataset:
    """8 × 8 grey images of two classes, each as dark or bright as its class."""
    labels = wish.rows(60, held_out=True) % 2
    images = np.repeat(labels * 255, 64).reshape(-1, 8, 8, 1).astype(np.uint8)
    return Dataset(
        images=images,
        labels=labels,
        classes=("dark", "bright"),
        name="Stripes",
        licence="CC0 1.0",
        source="-",
    )


SOURCES = (Source(DataKind("stripes", "Stripes"), read, lambda: True),)
