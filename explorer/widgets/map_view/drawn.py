"""A map's points as they are drawn: in one random order, packed, by groups. numpy alone, fit for a thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.widgets.map_view.grid import Grid

Floats = NDArray[np.float32]
Masks = NDArray[np.bool_]
Rows = NDArray[np.int32]

GREY = np.uint32(
    0x48242424
)  # premultiplied ARGB of points that are switched off or not chosen: pale on any ground
REPLACE, ADD, SUBTRACT = "replace", "add", "subtract"  # what an outline does to what is chosen
OFF, UNCHOSEN, LIT = range(3)  # the groups of points, from below to the top
FROM_GRID = 20_000  # points; fewer are gone through faster than looked up
ORDER_SEED = 0


def pack(colours: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Opaque ARGB32 `[N]` of `[N, 3]`."""
    wide: Any = colours.astype(np.uint32)
    return np.uint32(0xFF000000) | (wide[:, 0] << 16) | (wide[:, 1] << 8) | wide[:, 2]


def random_order(count: int) -> Rows:
    """The one order in which `count` points are drawn: any part from its start is a fair sample."""
    return np.random.default_rng(ORDER_SEED).permutation(count).astype(np.int32)


@dataclass(frozen=True, eq=False)
class Names:
    """The ids of points `[N]`, and whose rows they are."""

    ids: NDArray[np.int64]

    def rows_of(self, wanted: NDArray[np.int64]) -> NDArray[np.intp]:
        """The rows of those ids that are here, in the order of `wanted`."""
        if not len(self.ids):
            return np.zeros(0, np.intp)
        if self._consecutive:
            rows = wanted - self.ids[0]
            return np.asarray(rows[(rows >= 0) & (rows < len(self.ids))], np.intp)
        at = np.minimum(np.searchsorted(self.ids, wanted, sorter=self._sorter), len(self.ids) - 1)
        rows = self._sorter[at]
        return np.asarray(rows[self.ids[rows] == wanted], np.intp)

    @cached_property
    def _consecutive(self) -> bool:
        return bool((np.diff(self.ids) == 1).all())

    @cached_property
    def _sorter(self) -> NDArray[np.intp]:
        return np.argsort(self.ids)


@dataclass(frozen=True, eq=False)
class Points:
    """What a map is asked to show, row by row: `positions` `[N, 2]`, `colours` `[N, 3]`, `names` their ids.

    Rows with NaN are not drawn. `off` rows are pale and can't be hit; with `hide` they aren't there.
    While there are `chosen` rows, the others are pale. `target` `[N, 2]` is where points blend to.
    """

    positions: Floats
    colours: NDArray[np.uint8]
    names: Names
    order: Rows
    off: Masks | None = None
    hide: bool = False
    chosen: Masks | None = None
    target: Floats | None = None

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def ids(self) -> NDArray[np.int64]:
        return self.names.ids


@dataclass(frozen=True, eq=False)
class Drawn:
    """Points in the order of drawing: switched off, not chosen, and the rest on top.

    `x`, `y` `[n]`, `colours` `[n]` packed, `rows` `[n]` says whose they are; `groups` are the four ends of
    the three groups; `low`, `high` bound the finite points. `way` `[n, 2]` leads to the target of a blend.
    """

    x: Floats
    y: Floats
    colours: NDArray[np.uint32]
    rows: Rows
    groups: tuple[int, int, int, int]
    low: tuple[float, float]
    high: tuple[float, float]
    way: tuple[Floats, Floats] | None = None
    has_choice: bool = False
    grid: Grid | None = None
    mixing: list[tuple[NDArray[np.float64], NDArray[np.float64], int]] = field(default_factory=list)

    @staticmethod
    def of(points: Points, with_grid: bool = False) -> Drawn:
        """Sort and pack; at a million points a matter of some 50 ms."""
        order = points.order
        kept: Masks = np.asarray(np.isfinite(points.positions).all(axis=1))[order]
        if points.target is not None:
            kept &= np.asarray(np.isfinite(points.target).all(axis=1))[order]
        if points.hide and points.off is not None:
            kept &= ~points.off[order]
        if not kept.all():
            order = order[kept]
        rows, groups = _grouped(order, points.off, points.chosen)
        x, y = (np.ascontiguousarray(points.positions[:, axis]).take(rows) for axis in (0, 1))
        colours = pack(points.colours).take(rows)
        way, ends = None, ([x], [y])
        if points.target is not None:
            there = points.target[rows]
            way = (there[:, 0] - x, there[:, 1] - y)
            ends = ([x, there[:, 0]], [y, there[:, 1]])
        low, high = (
            tuple(float(bound([bound(v) for v in axis])) if len(x) else 0.0 for axis in ends)
            for bound in (np.min, np.max)
        )
        wanted = with_grid and way is None and len(x) >= FROM_GRID
        grid = Grid.of(x, y, (low[0], low[1]), (high[0], high[1])) if wanted else None
        return Drawn(
            x,
            y,
            colours,
            rows,
            groups,
            (low[0], low[1]),
            (high[0], high[1]),
            way,
            points.chosen is not None,
            grid,
        )

    def __len__(self) -> int:
        return len(self.x)

    def mixed(self) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
        """Colours for sums: red and green in one number, blue and a one in the other, and bits left out.

        Two sums over a cell then tell its mean colour exactly: 26 bits hold the sum of all points.
        """
        if not self.mixing:
            less = max(0, int(np.ceil(np.log2(max(len(self), 1) * 255 / 2**26))))
            red, green, blue = (
                np.asarray((self.colours >> shift & 255) >> less, np.float64) for shift in (16, 8, 0)
            )
            self.mixing.append((red + green * float(2**26), blue + float(2**26), less))
        return self.mixing[0]

    def sample(self, chosen: Rows | None, most: int, start: int = 0) -> list[tuple[slice | Rows, int]]:
        """At most about `most` of the points at `chosen` (sorted; None: all) from group `start` on.

        A piece for each group that has points, from its start, and which group it is.
        """
        ends = [int(end) for end in (self.groups if chosen is None else np.searchsorted(chosen, self.groups))]
        share = min(1.0, most / max(ends[3] - ends[start], 1))
        pieces: list[tuple[slice | Rows, int]] = []
        for group in range(start, 3):
            a, b = ends[group], ends[group] + int(np.ceil(share * (ends[group + 1] - ends[group])))
            if b > a:
                pieces.append((slice(a, b) if chosen is None else chosen[a:b], group))
        return pieces


def _grouped(order: Rows, off: Masks | None, chosen: Masks | None) -> tuple[Rows, tuple[int, int, int, int]]:
    if off is None and chosen is None:
        return order, (0, 0, 0, len(order))
    kind = np.full(len(order), 2, np.uint8)
    if chosen is not None:
        kind[~chosen[order]] = 1
    if off is not None:
        kind[off[order]] = 0
    pieces = [order[kind == k] for k in range(3)]
    ends = np.cumsum([0, *(len(piece) for piece in pieces)])
    return np.concatenate(pieces), (int(ends[0]), int(ends[1]), int(ends[2]), int(ends[3]))
