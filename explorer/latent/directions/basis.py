"""Steps of one standard deviation: between a part's own numbers and independent units of its prior."""

from __future__ import annotations

import numpy as np

from backends.api import Array, Part, Prior


def basis(part: Part) -> Array:
    """Independent steps of one standard deviation of the prior, a row each: `[d, d]`."""
    if part.prior is Prior.EMPIRICAL:
        return np.asarray(part.factor, np.float32).T
    return np.diag(part.deviation)


def units(part: Part, values: Array) -> Array:
    """Values `[N, d]` in independent standard deviations from the centre: `[N, d]`."""
    return ((values - part.centre) @ np.linalg.pinv(basis(part))).astype(np.float32)


def displacements(part: Part, unit_rows: Array) -> Array:
    """Rows `[K, d]` in units, each made one standard deviation long, as displacements of the part."""
    lengths = np.maximum(np.linalg.norm(unit_rows, axis=1, keepdims=True), 1e-12)
    return np.asarray(unit_rows / lengths @ basis(part), np.float32)


def upright(rows: Array) -> Array:
    """Rows `[K, d]` with their largest entry positive: a direction has no sign of its own."""
    return np.asarray(rows * np.sign(rows[np.arange(len(rows)), np.abs(rows).argmax(1)])[:, None])
