"""Parallel coordinates: one upright axis for each quantity, one line across them for each run. No Qt.

Inselberg 1985. What stands here is only where things lie: 0 is the lower end of an axis, 1 its upper end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
SPANS = 30.0  # how many times its least value the largest must be for a logarithmic axis
FEW = 7  # values that are all written at an axis
MARKS = 5  # on an axis of more


@dataclass(frozen=True)
class Axis:
    """One quantity: `values` `[N]`, NaN where not known; with `labels`, value i stands for `labels[i]`."""

    name: str
    values: tuple[float, ...]
    labels: tuple[str, ...] = ()
    log: bool = False

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The least and the largest value, as the axis counts them."""
        known = self._counted[np.isfinite(self._counted)]
        return (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)

    @cached_property
    def places(self) -> Numbers:
        """Where each line crosses, 0 to 1 `[N]`; NaN where it doesn't."""
        return self._placed(self._counted)

    @cached_property
    def marks(self) -> list[tuple[float, str]]:
        """What is written at the axis: place and text."""
        if self.labels:
            values = np.arange(len(self.labels), dtype=float)
            return list(zip(self._placed(values).tolist(), self.labels, strict=True))
        values = np.unique(self._counted[np.isfinite(self._counted)])
        if not len(values):
            return []
        if len(values) > FEW:
            values = np.linspace(*self.ends, MARKS)
        places = self._placed(values)
        return [(float(place), self._text(value, 3)) for place, value in zip(places, values, strict=True)]

    def text_at(self, place: float) -> str:
        """The value at a place of the axis, in words."""
        low, high = self.ends
        value = low + place * (high - low)
        return self.labels[round(value)] if self.labels else self._text(value)

    @cached_property
    def _counted(self) -> Numbers:
        values = np.asarray(self.values, float)
        return np.log10(values) if self.log else values

    def _placed(self, counted: Numbers) -> Numbers:
        low, high = self.ends
        return (counted - low) / (high - low) if high > low else np.where(np.isfinite(counted), 0.5, np.nan)

    def _text(self, counted: float, digits: int = 4) -> str:
        return f"{10**counted if self.log else counted:.{digits}g}"


def axis_of(name: str, values: Sequence[Any]) -> Axis:
    """The axis of a column: numbers on a scale (a logarithmic one where they span much), else labels."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        numbers = tuple(float("nan") if value is None else float(value) for value in values)
        sound = np.array(numbers)[np.isfinite(numbers)]
        log = len(sound) > 0 and bool(sound.min() > 0 and sound.max() >= SPANS * sound.min())
        return Axis(name, numbers, log=log)
    labels = tuple(dict.fromkeys(str(value) for value in known))
    indices = tuple(float("nan") if v is None else float(labels.index(str(v))) for v in values)
    return Axis(name, indices, labels)


def heights(axes: Sequence[Axis]) -> Numbers:
    """The places of all lines on all axes `[N, A]`."""
    return np.stack([axis.places for axis in axes], 1) if axes else np.zeros((0, 0))


def inside(axes: Sequence[Axis], ranges: Mapping[str, tuple[float, float]]) -> NDArray[np.bool_]:
    """Which lines pass through every range `[N]`; ranges are of places, by the axis's name."""
    count = len(axes[0].values) if axes else 0
    kept = np.ones(count, bool)
    for axis in axes:
        if axis.name in ranges:
            low, high = sorted(ranges[axis.name])
            kept &= np.nan_to_num(axis.places, nan=-1.0) >= low
            kept &= np.nan_to_num(axis.places, nan=2.0) <= high
    return kept


def nearest(places: Numbers, x: float, y: float, tall: float) -> tuple[int, float]:
    """The line nearest to a point and how far above or below it is, in pixels; -1 where there is none.

    `places` `[N, A]`; `x` counts axes from 0, `y` is a place, `tall` the height of an axis in pixels.
    """
    count, axes = places.shape
    if not count or axes < 2 or not 0 <= x <= axes - 1:
        return -1, float("inf")
    left = min(int(x), axes - 2)
    share = x - left
    between = places[:, left] * (1 - share) + places[:, left + 1] * share
    at = between if share else places[:, left]  # on an axis the other end may be unknown
    away = np.where(np.isfinite(at), np.abs(at - y) * tall, np.inf)
    best = int(away.argmin())
    return (best, float(away[best])) if np.isfinite(away[best]) else (-1, float("inf"))
