"""A random part of a grid of known factors, as a spec asks for it: shared by the data that are drawn here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backends.errors import BadData
from trainers.data.api import HELD_OUT, Integers, Wish

MOST_PIXELS = 512


@dataclass(frozen=True)
class Asked:
    """What a spec says behind its prefix: words that are none of these numbers are in `others`."""

    pixels: int = 0
    count: int = 0
    seed: int = 0
    label: str = ""
    others: tuple[str, ...] = ()


def asked(text: str, names: tuple[str, ...], advice: str) -> Asked:
    """`32,count=5000,seed=1#shape`, all of it optional. Raises `BadData` for what can't be understood."""
    words, _, label = text.partition("#")
    numbers, others = {"pixels": 0, "count": 0, "seed": 0}, []
    for word in filter(None, (word.strip() for word in words.split(","))):
        key, value = word.split("=", 1) if "=" in word else ("pixels", word)
        if key in numbers and value.isdecimal():
            numbers[key] = int(value)
        else:
            others.append(word)
    if label and label not in names:
        raise BadData(f"There is no factor {label!r}.", f"The factors are: {', '.join(names)}.")
    if numbers["pixels"] > MOST_PIXELS:
        raise BadData(f"Images can have up to {MOST_PIXELS} pixels a side.", advice)
    return Asked(**numbers, label=label or names[0], others=tuple(others))


def rows_of(wish: Wish, spec: Asked, total: int, usual: int) -> Integers:
    """Rows of a grid of `total`, ascending, the same ones for the same seed; test rows are others."""
    order = np.random.default_rng(spec.seed).permutation(total)
    cut = total // HELD_OUT
    part = {"test": order[:cut], "train": order[cut:], "all": order}[wish.split]
    wanted = min(wish.limit or total, spec.count or wish.limit or usual)
    return np.sort(part[:wanted]).astype(np.int64)


def at_rows(rows: Integers, sizes: tuple[int, ...]) -> Integers:
    """The factors `[N, F]` at rows `[N]` of a grid; the last factor changes fastest."""
    return np.stack(np.unravel_index(rows, sizes), axis=1).astype(np.int64)
