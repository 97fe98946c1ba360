"""Ways between codes: straight, on the great circle, through the quantiles. Arrays in, arrays out."""

from __future__ import annotations

from itertools import pairwise
from statistics import NormalDist

import numpy as np

from backends.api import Array, Code, LatentSpace, Part, Prior

NORMAL = NormalDist()
SURE = 1e-12  # quantiles nearer to 0 or 1 have no finite place


def linear(a: Array, b: Array, t: Array) -> Array:
    """Codes (1 − t) a + t b for a, b `[d]` and t `[n]`: `[n, d]`."""
    t = np.asarray(t, np.float32)[:, None]
    return ((1 - t) * a + t * b).astype(np.float32)


def spherical(a: Array, b: Array, t: Array) -> Array:
    """Codes on the great circle through a and b `[d]`, lengths interpolated linearly: `[n, d]`.

    White, "Sampling Generative Networks" (2016): sin((1−t)ω)/sin ω a + sin(tω)/sin ω b, with ω the
    angle between the two. Where they point the same way (or one is zero) the way is linear.
    """
    t = np.asarray(t, np.float32)[:, None]
    length_a, length_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if length_a < 1e-6 or length_b < 1e-6:
        return linear(a, b, t[:, 0])
    unit_a, unit_b = a / length_a, b / length_b
    omega = np.arccos(np.clip(unit_a @ unit_b, -1.0, 1.0))
    if omega < 1e-4:
        return linear(a, b, t[:, 0])
    if np.pi - omega < 1e-4:
        # Opposite points have no single great circle: bend through a fixed perpendicular.
        unit_b = _perpendicular(unit_a)
        arc = np.cos(t * np.pi) * unit_a + np.sin(t * np.pi) * unit_b
    else:
        arc = (np.sin((1 - t) * omega) * unit_a + np.sin(t * omega) * unit_b) / np.sin(omega)
    return (arc * ((1 - t) * length_a + t * length_b)).astype(np.float32)


def quantile(a: Array, b: Array, t: Array) -> Array:
    """Codes whose quantiles lie evenly between those of a and b `[d]`, in standard deviations: `[n, d]`.

    Each coordinate goes through the normal distribution, Φ⁻¹((1 − t) Φ(a) + t Φ(b)), so that what is rare
    is passed quickly (`lerp_gaussian` of dribnet/plat).
    """
    t64 = np.asarray(t, np.float64)[:, None]
    low, high = (np.array([NORMAL.cdf(float(x)) for x in end]) for end in (a, b))
    between = np.clip((1 - t64) * low + t64 * high, SURE, 1 - SURE)
    out = np.array([NORMAL.inv_cdf(q) for q in between.ravel()], np.float32).reshape(between.shape)
    out[t64[:, 0] == 0], out[t64[:, 0] == 1] = a, b
    return out


WAYS = {"linear": linear, "spherical": spherical, "quantile": quantile}


def walk(space: LatentSpace, start: Code, end: Code, steps: int, how: str) -> Array:
    """`steps` packed codes from `start` to `end`, both included: `[steps, D]`.

    Each part goes its own way: continuous parts `how` (see `WAYS`, around their centre), categorical
    parts by blending their weights, so that a conditional model morphs too. Truncation is interpolated
    into the codes. One step is `start` alone.
    """
    t = np.linspace(0, 1, steps, dtype=np.float32) if steps > 1 else np.zeros(1, np.float32)
    columns = []
    for part in space.parts:
        a, b = _truncated(space, part.name, start), _truncated(space, part.name, end)
        columns.append(_way(part, a - part.centre, b - part.centre, t, how) + part.centre)
    return np.concatenate(columns, axis=1).astype(np.float32)


def _way(part: Part, a: Array, b: Array, t: Array, how: str) -> Array:
    if how == "quantile":
        if part.prior in (Prior.GAUSSIAN, Prior.EMPIRICAL) and not part.seeded:
            return quantile(a / part.deviation, b / part.deviation, t) * part.deviation
        how = "spherical" if part.seeded else "linear"  # noise of an image: thousands of numbers
    curved = part.continuous and part.prior is not Prior.ANGLE and part.size > 1
    return WAYS[how if curved else "linear"](a, b, t)


def walk_through(space: LatentSpace, codes: list[Code], steps: int, how: str) -> Array:
    """A walk through several codes, `steps` pictures between each two, joints not repeated: `[n, D]`."""
    if len(codes) == 1:
        return walk(space, codes[0], codes[0], 1, how)
    legs = [walk(space, a, b, steps, how) for a, b in pairwise(codes)]
    return np.concatenate([legs[0]] + [leg[1:] for leg in legs[1:]])


def _truncated(space: LatentSpace, part: str, code: Code) -> Array:
    packed = space.truncate(space.pack(code)[None], code.truncation)[0]
    return packed[space.slices[part]]


def _perpendicular(unit: Array) -> Array:
    axis = np.zeros_like(unit)
    axis[int(np.abs(unit).argmin())] = 1.0
    away = axis - (axis @ unit) * unit
    return away / np.linalg.norm(away)
