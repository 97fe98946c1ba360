"""What is plotted of a toy: every step at first, averages later, so that a long course stays cheap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST = 600  # points of a curve


@dataclass(frozen=True, eq=False)
class Line:
    """One curve, as `CurvesView` draws it."""

    name: str
    steps: NDArray[np.float64]
    seconds: NDArray[np.float64]
    values: NDArray[np.float64]
    means: NDArray[np.float64]


class Trace:
    """Rows of steps as they come; beyond `MOST` points neighbours are averaged."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """A new toy."""
        self.names: list[str] = []
        self._table = np.zeros((0, 2))  # step, seconds, values
        self._rest = np.zeros((0, 2))  # rows that don't fill a point yet
        self._each = 1  # steps in a point

    def add(self, names: Sequence[str], rows: NDArray[np.float32], seconds: float) -> None:
        """`rows` `[k, 1 + m]`: step and values, by the names that there are now (they only grow)."""
        for name in names[len(self.names) :]:
            self.names.append(name)
            self._table, self._rest = (
                np.pad(t, ((0, 0), (0, 1)), constant_values=np.nan) for t in (self._table, self._rest)
            )
        timed = np.insert(rows.astype(np.float64), 1, seconds, axis=1)
        self._rest = np.concatenate([self._rest, timed])
        self._take_in()
        while len(self._table) > MOST:
            even = len(self._table) // 2 * 2
            self._rest = np.concatenate([self._table[even:].repeat(self._each, 0), self._rest])
            self._table = _averaged(self._table[:even], 2)
            self._each *= 2
            self._take_in()

    def lines(self, smoothing: int = 1) -> list[Line]:
        """The curves, with averages over `smoothing` points before each."""
        table = self._table
        return [
            Line(name, table[:, 0], table[:, 1], values := table[:, 2 + index], _smoothed(values, smoothing))
            for index, name in enumerate(self.names)
        ]

    def _take_in(self) -> None:
        whole = len(self._rest) // self._each * self._each
        self._table = np.concatenate([self._table, _averaged(self._rest[:whole], self._each)])
        self._rest = self._rest[whole:]


def _averaged(rows: NDArray[np.float64], each: int) -> NDArray[np.float64]:
    """The means of every `each` rows, leaving out what isn't known."""
    groups = rows.reshape(-1, each, rows.shape[1])
    known = np.isfinite(groups)
    sums, counts = np.where(known, groups, 0).sum(1), known.sum(1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _smoothed(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    if window <= 1 or not len(values):
        return values
    known = np.isfinite(values)
    sums, counts = np.cumsum(np.where(known, values, 0)), np.cumsum(known)
    before = np.maximum(np.arange(len(values)) - window, -1)
    sums = sums - np.where(before >= 0, sums[before], 0)
    counts = counts - np.where(before >= 0, counts[before], 0)
    return np.where(known, sums / np.maximum(counts, 1), np.nan)
