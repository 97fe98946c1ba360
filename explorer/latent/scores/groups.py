"""Rows that share the value of a factor, to be drawn from: how scores intervene on plain arrays."""

from __future__ import annotations

import numpy as np

from explorer.latent.scores.api import Integers


class Groups:
    """The rows of each value of one factor `[N]`; only values that occur at least twice are drawn."""

    def __init__(self, values: Integers) -> None:
        self._order = np.argsort(values, kind="stable")
        counts = np.bincount(values)
        self._starts = np.cumsum([0, *counts[:-1]])
        self._counts, self._values = counts, values
        self.rows = np.flatnonzero(counts[values] > 1)  # those whose value another row has too

    def alike(self, count: int, size: int, rng: np.random.Generator) -> Integers:
        """`count` batches of rows that share a value, drawn with replacement: `[count, size]`."""
        value = self._values[rng.choice(self.rows, count)]
        inside = rng.random((count, size)) * self._counts[value][:, None]
        return self._order[self._starts[value][:, None] + inside.astype(np.int64)]

    def pairs(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Integers, Integers]:
        """Two different rows with the same value, for each of `shape`."""
        place = np.empty(len(self._order), np.int64)
        place[self._order] = np.arange(len(self._order))
        one = rng.choice(self.rows, shape)
        value = self._values[one]
        count, start = self._counts[value], self._starts[value]
        further = 1 + (rng.random(shape) * (count - 1)).astype(np.int64)
        other = self._order[start + (place[one] - start + further) % count]
        return one, other
