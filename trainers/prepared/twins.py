"""Which images are there twice, to the byte or to the eye. No torch."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainers.data.api import Images, Integers
from trainers.data.images import with_channels

BITS = 64
BLOCK = 256  # rows that are compared with all others of their band at once
ONES = np.array([bin(byte).count("1") for byte in range(256)], np.uint8)


def groups(images: Images, alike: int | None) -> Integers:
    """For each of `[N, S, S, C]` the row of the first image like it (its own where there is none) `[N]`.

    `alike` None asks for equal bytes, else for fingerprints that differ in at most so many bits; what
    is alike to something alike is in the same group.
    """
    first = np.arange(len(images))
    seen: dict[bytes, int] = {}
    for row, image in enumerate(images):
        first[row] = seen.setdefault(hashlib.sha256(image.tobytes()).digest(), row)
    return first if alike is None else _joined(first, fingerprints(images), alike)


def fingerprints(images: Images) -> NDArray[np.uint8]:
    """64 bits of each image `[N, 64]`: whether brightness rises from cell to cell of 8 rows of 9.

    Krawetz 2013, "Kind of like that": unmoved by size, contrast and small changes.
    """
    grey = with_channels(images, 1)[..., 0]
    small = np.stack(
        [np.asarray(Image.fromarray(g).resize((9, 8), Image.Resampling.BOX), np.int16) for g in grey]
    )
    return (small[:, :, 1:] > small[:, :, :-1]).reshape(len(images), BITS).astype(np.uint8)


def _joined(first: Integers, bits: NDArray[np.uint8], alike: int) -> Integers:
    """Groups of rows whose bits differ in at most `alike` places; the first row stands for its group.

    Two such rows agree in at least one of `alike + 1` bands of bits: only those are compared.
    """
    parent = first.copy()

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = row = int(parent[parent[row]])
        return row

    codes = np.packbits(bits, axis=1)
    rows = np.flatnonzero(first == np.arange(len(first)))
    for band in np.array_split(np.arange(BITS), alike + 1):
        met: dict[bytes, list[int]] = defaultdict(list)
        for row, part in zip(rows, np.packbits(bits[rows][:, band], axis=1), strict=True):
            met[part.tobytes()].append(int(row))
        for bucket in met.values():
            for one, other in _near(codes, np.array(bucket), alike):
                low, high = sorted((root(one), root(other)))
                parent[high] = low
    return np.array([root(row) for row in range(len(parent))], np.int64)


def _near(codes: NDArray[np.uint8], rows: Integers, alike: int) -> Iterator[tuple[int, int]]:
    """Pairs of rows of `codes` `[N, 8]` that differ in at most `alike` bits."""
    for begin in range(0, len(rows), BLOCK):
        some = codes[rows[begin : begin + BLOCK]]
        apart = ONES[some[:, None] ^ codes[rows[begin:]][None]].sum(-1, dtype=np.uint8)
        for one, other in np.argwhere(apart <= alike):
            if one < other:
                yield int(rows[begin + one]), int(rows[begin + other])
