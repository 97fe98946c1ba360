"""The 1,797 handwritten digits that come with scikit-learn: always there."""

from __future__ import annotations

import numpy as np

from trainers.data.api import DataKind, Dataset, Source, Wish


def read(wish: Wish) -> Dataset:
    """8 x 8 grey images of ten digits."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    rows = wish.rows(len(images), held_out=True)
    grey = np.rint(images[rows].reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)
    return Dataset(
        images=grey,
        labels=np.asarray(labels[rows], np.int64),
        classes=tuple("0123456789"),
        name="Digits of scikit-learn",
        licence="CC BY 4.0",
        source="Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits (UCI)",
    )


SOURCES = (Source(DataKind("digits", "Digits, 8 pixels (scikit-learn)"), read, lambda: True),)
