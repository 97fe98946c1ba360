"""Codes as points of a map, and points as codes again: in standard deviations, without labels and noise."""

from __future__ import annotations

import numpy as np

from backends.api import Array, Code, LatentSpace, Part


def standardised(space: LatentSpace, codes: Array, part: str = "") -> Array:
    """Codes `[N, D]` as points `[N, d]`: their continuous content parts, or `part`, in standard deviations.

    A label is left out, else it alone would be what the map shows; a space of labels only keeps them.
    """
    parts = mapped_parts(space, part)
    columns = [(codes[:, space.slices[p.name]] - p.centre) / p.deviation for p in parts]
    return np.concatenate(columns, axis=1).astype(np.float32)


def restored(space: LatentSpace, points: Array, rest: Code, part: str = "") -> Array:
    """Points `[N, d]` as packed codes `[N, D]`; what a map leaves out (label, noise) is as in `rest`."""
    codes = np.repeat(space.pack(rest)[None], len(points), axis=0)
    at = 0
    for p in mapped_parts(space, part):
        codes[:, space.slices[p.name]] = points[:, at : at + p.size] * p.deviation + p.centre
        at += p.size
    return codes


def mapped_parts(space: LatentSpace, part: str = "") -> list[Part]:
    """The parts that a map shows, in the order of its columns; `part` alone where it is named."""
    if part:
        return [space[part]]
    return [p for p in space.parts if p.continuous and p.role == "content"] or list(space.parts)
