"""Curves of measurements that come for hours: light to keep and light to draw. No Qt."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

MOST_POINTS = 800  # of one curve on the screen, about one a pixel; more only costs time to draw
MOST_ROWS = 8192  # of one curve in memory, ten for each pixel


@dataclass(frozen=True, eq=False)
class Curve:
    """One metric over a training: `steps`, `seconds`, `values` and the smoothed `means`, each `[n]`."""

    name: str
    steps: Numbers
    seconds: Numbers
    values: Numbers
    means: Numbers


@dataclass
class Series:
    """One metric as it grows. However long that goes on, at most `MOST_ROWS` rows are kept.

    A row stands for `each` measurements in a row: their last step and second, lowest, highest and mean
    value. At first that is one; when there are too many rows, neighbours are joined and it is twice as many.
    """

    each: int = 1
    _rows: list[array[float]] = field(default_factory=lambda: [array("d") for _ in range(5)])
    _open: list[tuple[float, float, float]] = field(default_factory=list)  # not yet a row

    def add(self, step: float, seconds: float, value: float) -> None:
        """One more measurement."""
        self._open.append((step, seconds, value))
        if len(self._open) == self.each:
            for column, number in zip(self._rows, _joined(self._open), strict=True):
                column.append(number)
            self._open = []
            if len(self._rows[0]) >= MOST_ROWS:
                self._halve()

    def curve(self, name: str, smoothing: int) -> Curve:
        """Light to draw; `means` are over `smoothing` measurements."""
        rows = np.array([np.frombuffer(column) for column in self._rows])
        if self._open:
            rows = np.concatenate([rows, np.array(_joined(self._open))[:, None]], 1)
        steps, seconds, low, high, mean = rows
        means = moving_mean(mean, max(round(smoothing / self.each), 1))
        if self.each > 1:  # both ends of what a row spans
            steps, seconds, means = (np.repeat(column, 2) for column in (steps, seconds, means))
            low = np.stack([low, high], 1).ravel()
        light = light_rows(low)
        return Curve(name, steps[light], seconds[light], low[light], means[light])

    def _halve(self) -> None:
        rows = np.array([np.frombuffer(column) for column in self._rows])
        left, right = rows[:, 0::2], rows[:, 1::2]
        steps, seconds = right[:2]
        low, high = np.fmin(left[2], right[2]), np.fmax(left[3], right[3])
        mean = (left[4] + right[4]) / 2
        self._rows = [array("d", column.tobytes()) for column in (steps, seconds, low, high, mean)]
        self.each *= 2


def light_rows(values: Numbers, most: int = MOST_POINTS) -> NDArray[np.int64]:
    """At most `most` rows that keep a curve's looks: the lowest and the highest value of each stretch."""
    count = len(values)
    if count <= most:
        return np.arange(count)
    stretches = max(most // 2 - 1, 1)
    edges = np.linspace(0, count, stretches + 1).astype(int)
    flat = np.where(np.isfinite(values), values, 0.0)
    rows = {0, count - 1}
    for begin, end in pairwise(edges):
        rows.add(int(begin + flat[begin:end].argmin()))
        rows.add(int(begin + flat[begin:end].argmax()))
    return np.array(sorted(rows))


def moving_mean(values: Numbers, window: int) -> Numbers:
    """The mean over `window` neighbouring values, over fewer at the ends; NaNs are left out."""
    if window <= 1 or not len(values):
        return values
    known = np.isfinite(values)
    sums = np.concatenate([[0.0], np.where(known, values, 0.0).cumsum()])
    counts = np.concatenate([[0], known.cumsum()])
    at = np.arange(len(values))
    low, high = np.maximum(at - window // 2, 0), np.minimum(at + (window + 1) // 2, len(values))
    number = counts[high] - counts[low]
    return np.where(number > 0, (sums[high] - sums[low]) / np.maximum(number, 1), np.nan)


def _joined(measured: list[tuple[float, float, float]]) -> tuple[float, float, float, float, float]:
    """A row of some measurements: last step and second, lowest, highest and mean value."""
    values = [value for _, _, value in measured]
    step, seconds, _ = measured[-1]
    return step, seconds, min(values), max(values), sum(values) / len(values)
