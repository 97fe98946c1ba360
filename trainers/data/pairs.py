"""Pairs of images that share what is asked: the weak labels of many papers. No torch.

`Dataset.pairs` makes them from labels or known factors, whatever part of the grid a set has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from backends.errors import BadData

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Grouping:
    """Rows in groups of two or more that agree: `order` has them group by group.

    `first` and `size` are where the group of each place in `order` begins and how large it is.
    """

    order: Integers
    first: Integers
    size: Integers

    @staticmethod
    def of(keys: Integers) -> Grouping:
        """The groups of equal numbers in `keys` `[N]`; rows alone are left out."""
        order = np.argsort(keys, kind="stable")
        _, first, size = np.unique(keys[order], return_index=True, return_counts=True)
        first, size = np.repeat(first, size), np.repeat(size, size)
        kept = size > 1
        shifted = np.cumsum(kept) - 1
        return Grouping(order[kept], shifted[first[kept]], size[kept])

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Integers, Integers]:
        """Rows `[count]`, each as likely as another, and for each another row of its group."""
        at = rng.integers(len(self.order), size=count)
        first, size = self.first[at], self.size[at]
        step = 1 + (rng.random(count) * (size - 1)).astype(np.int64)
        return self.order[at], self.order[first + (at - first + step) % size]


@dataclass(frozen=True, eq=False)
class Pairs:
    """What can be drawn: pairs within one of `groupings`, each as likely as another."""

    groupings: tuple[Grouping, ...]

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Integers, Integers]:
        """Rows `[count]` and their partners `[count]`, never the same row."""
        chosen = rng.integers(len(self.groupings), size=count)
        rows, partners = np.empty(count, np.int64), np.empty(count, np.int64)
        for number in np.unique(chosen):
            at = np.flatnonzero(chosen == number)
            rows[at], partners[at] = self.groupings[number].draw(rng, len(at))
        return rows, partners


def sharing(columns: Integers) -> Pairs:
    """Pairs that agree in all `columns` `[N, F]`, and in the rest as it comes. Raises `BadData` for none."""
    return _checked([Grouping.of(numbered(columns))], "agree in what is asked")


def differing(factors: Integers, most: int) -> Pairs:
    """Pairs that agree in all but at most `most` of `factors` `[N, F]`; which, is drawn for each pair.

    Every choice of `most` factors that has pairs is as likely as another. Raises `BadData` for none.
    """
    count = factors.shape[1]
    if not 1 <= most < count:
        raise BadData(f"Pairs of {count} factors can't differ in {most}.", f"Ask for 1 to {count - 1}.")
    left = [[k for k in range(count) if k not in free] for free in combinations(range(count), most)]
    groupings = (Grouping.of(numbered(factors[:, kept])) for kept in left)
    return _checked(groupings, f"differ in {most} factors at most")


def numbered(columns: Integers) -> Integers:
    """A number for each row of `[N, F]`, the same for rows that agree."""
    numbers = np.zeros(len(columns), np.int64)
    for column in columns.T:
        values, inverse = np.unique(column, return_inverse=True)
        _, numbers = np.unique(numbers * len(values) + inverse, return_inverse=True)
    return numbers.astype(np.int64)


def _checked(groupings: Iterable[Grouping], what: str) -> Pairs:
    found = tuple(grouping for grouping in groupings if len(grouping.order))
    if not found:
        raise BadData(f"No two of these images {what}.", "Use more images, or ask for other factors.")
    return Pairs(found)
