"""Votes of the dimension that varies least (Kim and Mnih 2018): numpy alone, for curves and scores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from backends.information import Array, Integers

BATCH = 64  # rows that share a factor, for one vote
DEAD = 0.05  # standard deviation below which a dimension has no vote
BLOCK = 2_000  # votes cast at a time


def majority(
    codes: Array, factors: Integers, train: int, test: int, rng: np.random.Generator,
    batch: int = BATCH, dead: float = DEAD, check: Callable[[], object] = int,
) -> tuple[float, Array]:  # fmt: skip
    """FactorVAE's score of codes `[N, D]`, factors `[N, K]`, and the votes it was fitted on `[D, K]`.

    The majority classifier is fitted on `train` votes, judged on `test`. Dimensions with a standard deviation
    below `dead` have no vote; where none is left, the score is 0 and there are no votes. `check` may raise
    to give up.
    """
    table = np.zeros((codes.shape[1], factors.shape[1]))
    variance = codes.var(0, ddof=1)
    active = np.flatnonzero((variance > 0) & (np.sqrt(variance) >= dead))
    if not len(active):
        return 0.0, table
    scaled = codes[:, active] / np.sqrt(variance[active])
    groups = [Groups(column) for column in factors.T]
    fitted, judged = (_votes(scaled, groups, n, batch, rng, check) for n in (train, test))
    hits = judged[np.arange(len(active)), fitted.argmax(1)].sum() / max(judged.sum(), 1)
    table[active] = fitted
    return float(hits), table


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


def _votes(
    scaled: Array, groups: list[Groups], count: int, batch: int, rng: np.random.Generator,
    check: Callable[[], object],
) -> Array:  # fmt: skip
    """How often each dimension varied least while each factor was held: `[D, K]`."""
    table = np.zeros((scaled.shape[1], len(groups)))
    able = [k for k, group in enumerate(groups) if len(group.rows)]
    for k, votes in zip(able, rng.multinomial(count, np.full(len(able), 1 / len(able))), strict=True):
        for at in range(0, votes, BLOCK):
            check()
            rows = groups[k].alike(min(BLOCK, votes - at), batch, rng)
            least = scaled[rows].var(1).argmin(1)
            table[:, k] += np.bincount(least, minlength=len(table))
    return table
