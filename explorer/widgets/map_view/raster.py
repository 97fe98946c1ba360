"""Points written into a picture by numpy: a million in some ten milliseconds. No Qt.

Places outside the picture are drawn in a frame around it that nobody sees: clamping to it is four times
faster than leaving them out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint32]

LEVELS = 4  # steps of opacity at the rim of a disc
SUBPIXELS = 8
FINE = 100_000  # so few points are placed in double precision: zoomed in far, single ones would jitter
MOST_WRITES = 2_000_000  # pixels written in one picture; discs shrink rather than exceed it
BLOCK = 1 << 16  # points placed at once: the arrays between stay in the processor's cache


@dataclass(frozen=True)
class Frame:
    """A picture of `width` × `height` device pixels with an unseen `pad` around; x ↦ `sx` x + `dx`, y too."""

    width: int
    height: int
    sx: float
    dx: float
    sy: float
    dy: float
    pad: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns with the frame around."""
        return self.height + 2 * self.pad, self.width + 2 * self.pad

    def coarse(self, by: int) -> Frame:
        """The same picture in cells of `by` × `by` pixels, with one cell around it."""
        width, height = (-(-side // by) for side in (self.width, self.height))
        return Frame(width, height, self.sx / by, self.dx / by, self.sy / by, self.dy / by, 1)


@dataclass(eq=False)
class Scratch:
    """Arrays used again for every picture."""

    at: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    pixels: Pixels = field(default_factory=lambda: np.zeros((0, 0), np.uint32))

    def blank(self, shape: tuple[int, int]) -> Pixels:
        """A wiped picture; it is overwritten by the next one."""
        if self.pixels.shape != shape:
            self.pixels = np.zeros(shape, np.uint32)
        else:
            self.pixels.fill(0)
        return self.pixels

    def places(self, x: Floats, y: Floats, frame: Frame, keep: int = 0) -> NDArray[np.int32]:
        """The pixel `[n]` of each point in the flat picture; those outside land `keep` from its border."""
        count = len(x)
        if len(self.at) < count:
            self.at = np.empty(count, np.int32)
        rows, columns = frame.shape
        dtype: Any = np.float64 if count < FINE else np.float32
        for a in range(0, count, BLOCK):
            b = min(a + BLOCK, count)
            across = x[a:b].astype(dtype) * dtype(frame.sx)
            across += dtype(frame.dx + frame.pad)
            np.clip(across, keep, columns - 1 - keep, out=across)
            down = y[a:b].astype(dtype) * dtype(frame.sy)
            down += dtype(frame.dy + frame.pad)
            np.clip(down, keep, rows - 1 - keep, out=down)
            at = self.at[a:b]
            at[:] = down
            at *= columns
            at += across.astype(np.int32)
        return self.at[:count]


def stamp(pixels: Pixels, at: NDArray[np.int32], colours: Pixels | np.uint32, diameter: float) -> None:
    """Discs of `diameter` pixels at `at` `[n]`, later on top, in one premultiplied colour or in `[n]`."""
    columns, flat = pixels.shape[1], pixels.reshape(-1)
    shades: dict[int, Pixels | np.uint32] = {LEVELS: colours}
    for dx, dy, level in disc(diameter):
        if level not in shades:
            shades[level] = _paler(colours, level)
        flat[at + np.int32(dy * columns + dx) if dx or dy else at] = shades[level]


def reach(diameter: float) -> int:
    """How far a disc goes from its pixel."""
    return max((max(abs(dx), abs(dy)) for dx, dy, _ in disc(diameter)), default=0)


def affordable(diameter: float, count: int, most: int = MOST_WRITES) -> float:
    """A diameter at most as given with which `count` discs are at most `most` pixels."""
    while diameter > 1 and len(disc(diameter)) * count > most:
        diameter -= 0.5
    return max(diameter, 1.0)


@lru_cache(maxsize=64)
def disc(diameter: float) -> tuple[tuple[int, int, int], ...]:
    """Pixels (dx, dy, level of opacity) of a disc, the palest first: later points keep full cores."""
    if diameter < 2:
        return ((0, 0, LEVELS),)
    if diameter < 2.5:
        return tuple((dx, dy, LEVELS) for dy in (-1, 0) for dx in (-1, 0))
    radius = diameter / 2
    out = int(np.ceil(radius))
    fine = (np.arange(SUBPIXELS) + 0.5) / SUBPIXELS - 0.5
    found = []
    for dy in range(-out, out + 1):
        for dx in range(-out, out + 1):
            covered = np.mean((dx + fine[:, None]) ** 2 + (dy + fine[None]) ** 2 <= radius**2)
            if level := round(float(covered) * LEVELS):
                found.append((dx, dy, level))
    return tuple(sorted(found, key=lambda pixel: pixel[2]))


def counted(at: NDArray[np.int32], shape: tuple[int, int]) -> NDArray[np.int64]:
    """How many of `at` lie in each cell: `[rows, columns]`."""
    return np.bincount(at, minlength=shape[0] * shape[1]).reshape(shape)


def toned(counts: NDArray[np.int64], ramp: Pixels) -> Pixels:
    """Counts `[…]` in a `ramp` of premultiplied colours `[256]`, logarithmically; no point, no colour."""
    high = int(counts.max()) if counts.size else 0
    if high == 0:
        return np.zeros(counts.shape, np.uint32)
    # A table with a place for every count there can be is cheaper than a logarithm for every cell.
    known = np.arange(high + 1) if high < counts.size else counts
    shade = (np.log1p(known) / np.log1p(high) * (len(ramp) - 1)).astype(np.int64)
    colours = ramp[np.maximum(shade, 1)]
    colours[known == 0] = 0
    return colours[counts] if known is not counts else colours


def mixed(
    at: NDArray[np.int32], two: NDArray[np.float64], three: NDArray[np.float64], less: int,
    shape: tuple[int, int],
) -> Pixels:  # fmt: skip
    """The mean colour of each cell, the more opaque the more points; for `Drawn.mixed`'s numbers."""
    cells = shape[0] * shape[1]
    where = at.astype(np.intp)  # once, as bincount would do it at each call
    first, second = (np.bincount(where, weights=w, minlength=cells) for w in (two, three))
    bare = second.reshape(shape)
    bare[[0, -1]] = bare[:, [0, -1]] = 0  # the frame, where those outside lie
    full = np.flatnonzero(second)
    base = float(2**26)
    count = np.floor(second[full] / base)
    green = np.floor(first[full] / base)
    sums = (first[full] - green * base, green, second[full] - count * base)
    alpha = 0.35 + 0.65 * np.log1p(count) / max(float(np.log1p(count.max(initial=1))), 1e-9)
    red, green, blue = (np.rint(s / count * 2**less * alpha).astype(np.uint32) for s in sums)
    out = np.zeros(cells, np.uint32)
    out[full] = np.rint(255 * alpha).astype(np.uint32) << 24 | red << 16 | green << 8 | blue
    return out.reshape(shape)


def _paler(colours: Any, level: int) -> Any:
    """Premultiplied colours at `level` / `LEVELS` of their opacity."""
    even = (colours & np.uint32(0x00FF00FF)) * np.uint32(level) // np.uint32(LEVELS) & np.uint32(0x00FF00FF)
    odd = (colours >> np.uint32(8) & np.uint32(0x00FF00FF)) * np.uint32(level) // np.uint32(LEVELS)
    return even | (odd & np.uint32(0x00FF00FF)) << np.uint32(8)
