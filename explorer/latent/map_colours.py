"""Colours for points on a map: distinguishable for colour-blind people, on light and dark ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.uint8]

# Ten colours found by optimisation over models of colour vision (Petroff 2021, arXiv:2107.02270), but
# for one of its two greys a teal: points that are switched off are grey already.
TEN = ("3f90da", "ffa90e", "bd1f01", "2ca58d", "832db6", "a96b59", "e76300", "b9ac70", "717581", "92dadd")
# Viridis (van der Walt and Smith 2015): even steps of lightness for everyone.
VIRIDIS = ("440154", "482878", "3e4a89", "31688e", "26828e", "1f9e89", "35b779", "6ece58", "b5de2b", "fde725")
UNKNOWN = (128, 128, 128)


def class_colours(count: int) -> Colours:
    """`[count, 3]`: the ten colours, then darker and lighter ones of the same hues."""
    ten = _parse(TEN).astype(np.float32)
    rounds = [ten, ten * 0.6, ten * 0.5 + 127.5, ten * 0.35, ten * 0.3 + 178]
    table = np.concatenate(rounds)
    return table[np.arange(count) % len(table)].astype(np.uint8)


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
