"""Codes that differ in chance alone: what a model makes of one wish with several seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backends.api import Array, Code, LatentSpace


def variants(space: LatentSpace, code: Code, seeds: Sequence[int]) -> Array:
    """One packed code for each seed, `[N, D]`: noise as the seed gives it, everything else as in `code`.

    Where no part is noise, every continuous part comes from the seed; labels always stay.
    """
    noise = [p for p in space.parts if p.seeded] or [p for p in space.parts if p.continuous]
    rows = []
    for seed in seeds:
        drawn = space.sample(seed).values
        changed = {**code.values, **{part.name: drawn[part.name] for part in noise}}
        rows.append(space.pack(Code(changed)))
    return np.stack(rows) if rows else np.zeros((0, space.size), np.float32)
