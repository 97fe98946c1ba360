"""The picture of a 2-D latent space: its prior's quantiles as a square; equal areas are equally likely.

The square's (u, v) run from 0 to 1, u to the right and v upwards; (0.5, 0.5) is the centre of the prior.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from backends.api import Array, Code, LatentSpace, Part, Prior

NORMAL = NormalDist()
EDGE = 1e-4  # the outermost quantile: 3.7 standard deviations


def has_manifold(space: LatentSpace) -> bool:
    """Whether the part people steer has two dimensions."""
    return space.main.continuous and space.main.size == 2


def grid(space: LatentSpace, code: Code, side: int) -> Array:
    """`side` x `side` packed codes, row by row from the top left, other parts as in `code`: `[side², D]`."""
    middles = (np.arange(side) + 0.5) / side
    rows = [space.pack(at(space, code, u, v)) for v in middles[::-1] for u in middles]
    return np.stack(rows)


def at(space: LatentSpace, code: Code, u: float, v: float) -> Code:
    """The code at a spot of the square."""
    part = space.main
    spread = [_value(part, u), _value(part, v)]
    return code.with_value(part.name, part.centre + part.deviation * np.asarray(spread, np.float32))


def spot(space: LatentSpace, code: Code) -> tuple[float, float]:
    """Where a code is on the square."""
    part = space.main
    x, y = (code.values[part.name] - part.centre) / part.deviation
    return _quantile(part, float(x)), _quantile(part, float(y))


def _value(part: Part, quantile: float) -> float:
    """Standard deviations from the centre at a quantile."""
    quantile = min(max(quantile, EDGE), 1 - EDGE)
    if part.prior in (Prior.UNIFORM, Prior.ANGLE):
        return (2 * quantile - 1) * 3**0.5
    return NORMAL.inv_cdf(quantile)


def _quantile(part: Part, value: float) -> float:
    if part.prior in (Prior.UNIFORM, Prior.ANGLE):
        return min(max((value / 3**0.5 + 1) / 2, 0.0), 1.0)
    return NORMAL.cdf(value)
