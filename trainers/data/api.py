"""What a data set is, and what a kind of data set must offer. No torch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backends.errors import BadData
from trainers.data import pairs
from trainers.data.pairs import Pairs

Images = NDArray[np.uint8]
Integers = NDArray[np.int64]
Progress = Callable[[float, str], None]

HELD_OUT = 10  # of a set without a test split of its own, one image in so many is held out
TOO_SMALL_TO_SPLIT = 50  # images; a smaller set is its own test set


@dataclass(frozen=True)
class Dataset:
    """Images in memory: `images` uint8 `[N, H, W, C]`, C 1 or 3.

    `labels` `[N]` index `classes`; `factors` `[N, F]` are the attributes named by `factor_names`.
    """

    images: Images
    labels: Integers | None = None
    classes: tuple[str, ...] = ()
    name: str = ""
    licence: str = ""
    source: str = ""
    factors: Integers | None = None
    factor_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def checksum(self) -> str:
        """SHA-256 of the images, labels and factors: what a run must find again to go on."""
        digest = hashlib.sha256("\0".join(self.classes).encode())
        for array in (self.images, self.labels, self.factors):
            if array is not None:
                digest.update(f"{array.dtype}{array.shape}".encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def pairs(self, sharing: Sequence[str] = (), differing: int = 0) -> Pairs:
        """Pairs that share these factors; without names the label; or all factors but at most `differing`.

        Raises `BadData` for what these data don't have.
        """
        if differing:
            return pairs.differing(self._factors(()), differing)
        return pairs.sharing(self.attributes(sharing))

    def attributes(self, names: Sequence[str] = ()) -> Integers:
        """The values of these factors `[N, F]`, without names the label `[N, 1]`. Raises `BadData`."""
        if names:
            return self._factors(names)
        if self.labels is None:
            raise BadData(
                "These data have no labels.", "Name factors that pairs share, or choose other data."
            )
        return self.labels[:, None]

    def _factors(self, names: Sequence[str]) -> Integers:
        if self.factors is None:
            raise BadData("These data have no known factors.", "Choose data that have: dsprites, scenes.")
        for name in names:
            if name not in self.factor_names:
                listed = ", ".join(self.factor_names)
                raise BadData(f"These data have no factor {name!r}.", f"They have: {listed}.")
        return self.factors[:, [self.factor_names.index(name) for name in names]] if names else self.factors

    def take(self, rows: Integers) -> Dataset:
        """The data set of these rows alone."""
        return replace(
            self,
            images=self.images[rows],
            labels=None if self.labels is None else self.labels[rows],
            factors=None if self.factors is None else self.factors[rows],
        )


@dataclass(frozen=True)
class DataKind:
    """What a form shows of a kind of data: `prefix` is how a spec begins.

    `path` is `none`, `optional` or `required`. `available` says whether it can be read here
    without a download; `advice` says what to do where it can't.
    """

    prefix: str
    title: str
    path: str = "none"
    has_labels: bool = True
    downloads: bool = False
    available: bool = True
    advice: str = ""


@dataclass(frozen=True)
class Wish:
    """What is asked of a kind: `path` is the spec behind its prefix."""

    path: str
    image_size: int
    channels: int | None
    limit: int
    split: str
    progress: Progress

    def rows(self, count: int, held_out: bool) -> Integers:
        """Which of `count` images to use, in ascending order; the same ones every time.

        With `held_out` the set has no test images of its own, and one in ten is kept for `test`.
        """
        order = np.random.default_rng(0).permutation(count)
        if held_out and self.split != "all" and count >= TOO_SMALL_TO_SPLIT:
            cut = max(1, count // HELD_OUT)
            order = order[:cut] if self.split == "test" else order[cut:]
        if self.limit:
            order = order[: self.limit]
        return np.sort(order).astype(np.int64)


@dataclass(frozen=True)
class Source:
    """One kind of data set: what it is called, how it is read and whether it is here.

    `read` returns the wished rows in any size and with 1 or 3 channels, and raises `BadData`.
    Every module of this folder that has `SOURCES` offers them.
    """

    kind: DataKind
    read: Callable[[Wish], Dataset]
    present: Callable[[], bool]


def nothing(_fraction: float, _text: str) -> None:
    """Progress for those who don't look."""


def title_of(path: Path) -> str:
    """A data set's name from where it lies."""
    return path.stem.replace("_", " ").replace("-", " ").strip() or str(path)
