"""Colours for points on a map: distinguishable for colour-blind people, on light and dark ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from explorer.latent.palette import class_palette

Colours = NDArray[np.uint8]

# Viridis (van der Walt and Smith 2015): even steps of lightness for everyone.
VIRIDIS = ("440154", "482878", "3e4a89", "31688e", "26828e", "1f9e89", "35b779", "6ece58", "b5de2b", "fde725")
UNKNOWN = (128, 128, 128)


def class_colours(count: int) -> Colours:
    """`[count, 3]` for paper: those that the screen shows on light ground."""
    return class_palette(count)


def value_colours(values: NDArray[np.float32]) -> Colours:
    """`[N, 3]`: dark blue for the least of `[N]`, yellow for the largest; grey for no number."""
    finite = np.isfinite(values)
    if not finite.any():
        return np.full((len(values), 3), UNKNOWN, np.uint8)
    low, high = float(values[finite].min()), float(values[finite].max())
    at = np.where(finite, (values - low) / max(high - low, 1e-12), 0.0)
    table = _parse(VIRIDIS).astype(np.float32)
    steps = np.linspace(0, 1, len(table))
    colours = np.stack([np.interp(at, steps, table[:, c]) for c in range(3)], axis=1)
    colours[~finite] = UNKNOWN
    return np.rint(colours).astype(np.uint8)


def _parse(codes: tuple[str, ...]) -> Colours:
    return np.array([list(bytes.fromhex(code)) for code in codes], np.uint8)
