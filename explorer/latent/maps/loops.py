"""The inner loops of the map: compiled by numba where it can be had, in numpy else.

Both give the same map in quality, not in bytes; one machine always takes the same one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from backends.api import Array

NEGATIVES = 5  # points pushed away for each edge pulled together
SLICES = 4  # of an epoch's edges in numpy: more are nearer to one by one, fewer are faster
CLIP = 4.0
TILE = 2048  # points whose scores are worked out together
GROUPS = 128  # of the scores of a tile: one look at its least spares looking at all of a group
EPSILON = 1e-3
PIECES = 18  # as in `compiled`
ENTRIES = (255 << 23 >> PIECES) + 2  # of a table of forces: one for each step of a float's upper bits

Indices = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Forces:
    """How strongly points at a squared distance pull and push, for 1 / (1 + a x^(2b)), and tables of both."""

    a: float
    b: float
    pull: Array
    push: Array

    @staticmethod
    def of(a: float, b: float) -> Forces:
        bits = np.minimum(np.arange(ENTRIES, dtype=np.int64) << PIECES, 0x7F7FFFFF).astype(np.int32)
        square = np.maximum(bits.view(np.float32).astype(np.float64), 1e-30)
        return Forces(a, b, *(f.astype(np.float32) for f in (_pull(square, a, b), _push(square, a, b))))


@lru_cache(1)
def compiled() -> ModuleType | None:
    """The compiled loops; None where numba is missing or broken."""
    try:
        from explorer.latent.maps import compiled as found
    except Exception:  # noqa: BLE001  a numba that doesn't fit its numpy fails in many ways, and numpy serves
        return None
    return found


def epoch(
    positions: Array, heads: Indices, tails: Indices, pace: Array, forces: Forces, rate: float, number: int,
    seed: int,
) -> None:  # fmt: skip
    """Move positions `[N, 2]` in place by epoch `number` (from 1) of a layout.

    An edge of heads, tails `[E]` is pulled in `pace` `[E]` (0 to 1) of all epochs, and pushes its head away
    from `NEGATIVES` random points each time. What happens depends on `seed` and `number` alone, so a layout
    that goes on later is the one that never stopped.
    """
    if (loops := compiled()) is not None:
        state = np.random.SeedSequence((seed, number)).generate_state(1, np.uint64)[0] | np.uint64(1)
        loops.epoch(
            positions,
            heads,
            tails,
            pace,
            forces.pull,
            forces.push,
            np.float32(rate),
            number,
            np.uint64(state),
        )
    else:
        numpy_epoch(positions, heads, tails, pace, forces, rate, number, seed)


def numpy_epoch(
    positions: Array, heads: Indices, tails: Indices, pace: Array, forces: Forces, rate: float, number: int,
    seed: int,
) -> None:  # fmt: skip
    """`epoch` in numpy: the edges of a slice move together instead of one after the other."""
    rng = np.random.default_rng((seed, number))
    often = pace.astype(np.float64)
    active = np.flatnonzero(np.floor(number * often) > np.floor((number - 1) * often))
    for part in np.array_split(rng.permutation(active), SLICES):
        head, tail = heads[part], tails[part]
        step = rate * _forced(positions[head] - positions[tail], forces, _pull)
        positions += _sum(head, step, len(positions)) - _sum(tail, step, len(positions))
        others = rng.integers(len(positions), size=(len(head), NEGATIVES))
        apart = positions[head][:, None] - positions[others]  # [E, 5, 2], none for a point and itself
        positions += _sum(head, rate * _forced(apart, forces, _push).sum(axis=1), len(positions))


def least(block: Array, others: Array, half_squares: Array, k: int, skip: Indices) -> Indices:
    """Rows `[M, k]` of the others `[N, d]` nearest to each of a block `[M, d]`, in order.

    Nearest by `half_squares` `[N]` of the others less their product; row `skip[m]` doesn't count for m.
    """
    if (loops := compiled()) is None:
        return _numpy_least(block, others, half_squares, k, skip)
    rows = np.full((len(block), k), -1, np.int32)
    values = np.full((len(block), k), np.finfo(np.float32).max, np.float32)
    scores = np.empty((len(block), TILE), np.float32)
    for first in range(0, len(others), TILE):  # what lies in the processor's cache is scanned at once
        tile = others[first : first + TILE]
        np.matmul(block, tile.T, out=scores[:, : len(tile)])
        np.subtract(half_squares[first : first + TILE], scores[:, : len(tile)], out=scores[:, : len(tile)])
        scores[:, len(tile) :] = np.finfo(np.float32).max
        lowest = scores.reshape(len(block), -1, GROUPS).min(axis=1)
        loops.keep_least(scores, lowest, first, skip, rows, values)
    return rows


def _numpy_least(block: Array, others: Array, half_squares: Array, k: int, skip: Indices) -> Indices:
    scores = half_squares - block @ others.T
    own = np.flatnonzero(skip >= 0)
    scores[own, skip[own]] = np.inf
    found = np.argpartition(scores, k - 1, axis=1)[:, :k]
    order = np.argsort(np.take_along_axis(scores, found, axis=1), axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1).astype(np.int32)


def _pull(square: NDArray[np.float64], a: float, b: float) -> NDArray[np.float64]:
    """The gradient's factor for neighbours (negative: towards each other)."""
    power = square**b
    return -2 * a * b * power / (square * (1 + a * power))


def _push(square: NDArray[np.float64], a: float, b: float) -> NDArray[np.float64]:
    """The gradient's factor for random pairs."""
    return 2 * b / ((EPSILON + square) * (1 + a * square**b))


def _forced(apart: Array, forces: Forces, factor: object) -> Array:
    square = np.maximum((apart.astype(np.float64) ** 2).sum(axis=-1), 1e-12)
    strength = (_pull if factor is _pull else _push)(square, forces.a, forces.b)
    return np.clip(strength[..., None] * apart, -CLIP, CLIP).astype(np.float32)


def _sum(rows: Indices, steps: Array, count: int) -> Array:
    """Steps `[E, 2]` added up by row: bincount is twenty times faster than `np.add.at`."""
    columns = [np.bincount(rows, weights=steps[:, c], minlength=count) for c in range(2)]
    return np.stack(columns, axis=1).astype(np.float32)
