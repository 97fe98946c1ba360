"""Lines of equal density through points, by marching squares over a blurred histogram. numpy alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Field = NDArray[np.float64]

CELLS = 128
BLUR = 2  # cells; three passes of a box of 2 BLUR + 1 are nearly a Gaussian
SHARES = (0.1, 0.3, 0.6)  # of the highest density
# The edges (0 bottom, 1 right, 2 top, 3 left) that a line crosses in a square whose corners above the
# level are those of the bits (1 bottom left, 2 bottom right, 4 top right, 8 top left).
_CROSSED = {
    1: (3, 0), 2: (0, 1), 3: (3, 1), 4: (1, 2), 6: (0, 2), 7: (3, 2),
    8: (2, 3), 9: (2, 0), 11: (2, 1), 12: (1, 3), 13: (1, 0), 14: (0, 3),
}  # fmt: skip
_SADDLES = {5: ((3, 0), (1, 2)), 10: ((0, 1), (2, 3))}


def contours(positions: Floats, shares: tuple[float, ...] = SHARES) -> Floats:
    """Segments `[M, 2, 2]` of the lines where the density of `[N, 2]` is a share of its highest."""
    kept = positions[np.isfinite(positions).all(axis=1)]
    if len(kept) < 3:
        return np.zeros((0, 2, 2), np.float32)
    low, high = kept.min(axis=0), kept.max(axis=0)
    margin = np.maximum((high - low) * 0.06, 1e-6)
    low, step = low - margin, (high - low + 2 * margin) / CELLS
    cells = np.minimum((kept - low) / step, CELLS - 1).astype(np.int64)
    counts = np.bincount(cells[:, 1] * CELLS + cells[:, 0], minlength=CELLS * CELLS)
    density = blurred(counts.reshape(CELLS, CELLS).astype(np.float64))
    lines = [segments(density, share * density.max()) for share in shares]
    return (np.concatenate(lines) * step + low + step / 2).astype(np.float32)


def blurred(field: Field) -> Field:
    """Three passes of a box along both axes; nothing comes in over the border."""
    kernel = np.ones(2 * BLUR + 1) / (2 * BLUR + 1)
    kernel = np.convolve(np.convolve(kernel, kernel), kernel)
    down, across = (_band(kernel, side) for side in field.shape)
    return down @ field @ across.T


def _band(kernel: NDArray[np.float64], side: int) -> Field:
    """The matrix `[side, side]` that multiplies as a convolution with `kernel`."""
    away = np.arange(side)[:, None] - np.arange(side)[None] + len(kernel) // 2
    inside = (away >= 0) & (away < len(kernel))
    return np.where(inside, kernel[np.clip(away, 0, len(kernel) - 1)], 0.0)


def segments(field: Field, level: float) -> Field:
    """Marching squares: where `[H, W]` crosses `level`, in columns and rows: `[M, 2, 2]`."""
    above = (field > level).astype(np.uint8)
    kind: Any = above[:-1, :-1] | above[:-1, 1:] << 1 | above[1:, 1:] << 2 | above[1:, :-1] << 3
    found = [_cross(field, level, kind, k, *edges) for k, edges in _CROSSED.items()]
    found += [_cross(field, level, kind, k, *edges) for k, pairs in _SADDLES.items() for edges in pairs]
    return np.concatenate(found)


def _cross(field: Field, level: float, kind: NDArray[np.uint8], k: int, one: int, other: int) -> Field:
    row, column = np.nonzero(kind == k)
    return np.stack([_edge(field, level, row, column, e) for e in (one, other)], axis=1)


def _edge(
    field: Field, level: float, row: NDArray[np.intp], column: NDArray[np.intp], edge: int
) -> Field:  # fmt: skip
    """Where the level is met on one edge of squares: `[M, 2]`, column and row."""
    (r0, c0), (r1, c1) = (((0, 0), (0, 1)), ((0, 1), (1, 1)), ((1, 0), (1, 1)), ((0, 0), (1, 0)))[edge]
    a, b = field[row + r0, column + c0], field[row + r1, column + c1]
    share = (level - a) / np.where(a == b, 1.0, b - a)
    return np.stack([column + c0 + share * (c1 - c0), row + r0 + share * (r1 - r0)], axis=1)
