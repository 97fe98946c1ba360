"""Sliders along directions: where a code stands on one, and how it moves along it. Numpy alone.

A direction is a displacement `[d]` of a part, one standard deviation of the prior long. Positions are
projections in the prior's own metric (whitened: N(mean, F F^T) is seen through F^-1), in which
principal directions are orthogonal: moving one leaves the others' sliders where they are.
"""

from __future__ import annotations

import numpy as np

from backends.space import Array, Code, Part, Prior


def whiten(part: Part, displacements: Array) -> Array:
    """Displacements `[N, d]` of a part in independent standard deviations `[N, d]`."""
    if part.prior is Prior.EMPIRICAL:
        unfactor = np.linalg.pinv(np.asarray(part.factor, np.float64))
        return (displacements @ unfactor.T).astype(np.float32)
    return (displacements / part.deviation).astype(np.float32)


def positions(part: Part, value: Array, whitened: Array) -> Array:
    """Where a value `[d]` stands on each of K directions (whitened, `[K, d]`): `[K]`."""
    squares = np.maximum((whitened * whitened).sum(axis=1), 1e-12)
    standing = whiten(part, (value - part.centre)[None])[0]
    return (whitened @ standing / squares).astype(np.float32)


def move(code: Code, part: Part, direction: Array, now: float, wanted: float) -> Code:
    """The code moved along a direction `[d]` (a displacement) from position `now` to `wanted`."""
    moved = code.values[part.name] + np.float32(wanted - now) * direction
    return code.with_value(part.name, moved)
