"""The two loops that numpy has no words for, compiled once per machine. Importing this needs numba.

Only `loops.py` imports it, and does without where it can't be had.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core import config

from explorer.latent.maps.cache import folder

CLIP = np.float32(4.0)
NEGATIVES = 5
PIECES = 18  # low bits of a float that say where between two entries of a table of forces it lies
FRACTION = np.float32(1.0 / (1 << PIECES))


def _compiled(signature: str) -> Callable[[Callable[..., Any]], Any]:
    """Compile for one signature, and keep the result beside this file, else in a folder that can be written.

    numba's own fallback is the user's home, which may be read-only too.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        usual = config.CACHE_DIR
        places = (usual, str(folder("kernels")), str(Path(tempfile.gettempdir()) / f"latent-{os.getpid()}"))
        try:
            for place in places:
                config.CACHE_DIR = place
                try:
                    return numba.njit(signature, cache=True, nogil=True, fastmath=True)(function)
                except (OSError, RuntimeError):  # nothing can be written there
                    continue
        finally:
            config.CACHE_DIR = usual
        return numba.njit(signature, nogil=True, fastmath=True)(function)

    return decorate


@_compiled("float32(float32[::1], float32)")
def looked_up(table: Any, square: Any) -> Any:
    """The force at a squared distance, between the two entries of a table that enclose it.

    The upper bits of a positive float count finer and finer steps: they are the index.
    """
    bits = np.float32(square).view(np.int32)
    at = bits >> PIECES
    part = np.float32(bits & ((1 << PIECES) - 1)) * FRACTION
    return table[at] + (table[at + 1] - table[at]) * part


@_compiled(
    "void(float32[:, ::1], int32[::1], int32[::1], float32[::1], float32[::1], float32[::1], float32, int64, "
    "uint64)"
)
def epoch(
    positions: Any, heads: Any, tails: Any, pace: Any, pull: Any, push: Any, rate: Any, number: Any, seed: Any
) -> None:
    """Move positions `[N, 2]` by one epoch, edge after edge; see `loops.numpy_epoch` for the meaning."""
    count = np.uint64(positions.shape[0])
    state = seed
    for edge in range(heads.shape[0]):
        often = np.float64(pace[edge])
        if np.int64(number * often) == np.int64((number - 1) * often):
            continue
        head, tail = heads[edge], tails[edge]
        x, y = positions[head, 0], positions[head, 1]
        dx, dy = x - positions[tail, 0], y - positions[tail, 1]
        square = dx * dx + dy * dy
        if square > 0:
            force = looked_up(pull, square)
            dx = rate * max(-CLIP, min(CLIP, force * dx))
            dy = rate * max(-CLIP, min(CLIP, force * dy))
            x, y = x + dx, y + dy
            positions[tail, 0] -= dx
            positions[tail, 1] -= dy
        for _ in range(NEGATIVES):
            state ^= state << np.uint64(13)
            state ^= state >> np.uint64(7)
            state ^= state << np.uint64(17)
            other = np.int64(((state >> np.uint64(32)) * count) >> np.uint64(32))
            dx, dy = x - positions[other, 0], y - positions[other, 1]
            square = dx * dx + dy * dy
            if square > 0 and other != head:
                force = looked_up(push, square)
                x += rate * max(-CLIP, min(CLIP, force * dx))
                y += rate * max(-CLIP, min(CLIP, force * dy))
        positions[head, 0], positions[head, 1] = x, y


@_compiled("void(float32[:, ::1], float32[:, ::1], int64, int32[::1], int32[:, ::1], float32[:, ::1])")
def keep_least(scores: Any, lowest: Any, first: Any, skip: Any, rows: Any, values: Any) -> None:
    """Go on with the k least of each row, in order, in rows and values `[M, k]`, by more scores `[M, n]`.

    They are those of columns `first` onwards; column `skip[row]` doesn't count. `lowest` `[M, g]` is the
    least of every g-th column: most groups hold nothing that is near.
    """
    k, groups = rows.shape[1], lowest.shape[1]
    for row in range(scores.shape[0]):
        worst = values[row, k - 1]
        for group in range(groups):
            if lowest[row, group] >= worst:
                continue
            for column in range(group, scores.shape[1], groups):
                score = scores[row, column]
                if score < worst and first + column != skip[row]:
                    at = k - 1
                    while at > 0 and values[row, at - 1] > score:
                        values[row, at] = values[row, at - 1]
                        rows[row, at] = rows[row, at - 1]
                        at -= 1
                    values[row, at], rows[row, at] = score, first + column
                    worst = values[row, k - 1]
