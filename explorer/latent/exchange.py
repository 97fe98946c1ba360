"""What each group does to a picture: how much it changes, which groups do nothing, which do the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from backends.api import Array

Pixels = NDArray[np.uint8]

DEAD = 1.5 / 255  # root mean square change of a pixel that nobody sees
ALIKE = 0.8  # cosine of two groups' changes from which they are taken for the same


def effects(images: Pixels, base: Pixels) -> Array:
    """Root mean square change of a pixel (in [0, 1]) by each group: `[G]`.

    `images` `[G, S, H, W, C]` are the picture `base` `[H, W, C]` with group g from source s.
    """
    return np.asarray(np.sqrt((_changes(images, base) ** 2).mean((1, 2))), np.float32)


def likeness(images: Pixels, base: Pixels) -> Array:
    """The cosine of the changes by each two groups, over all sources: `[G, G]`; 0 with a dead one."""
    flat = _changes(images, base).reshape(len(images), -1)
    lengths = np.linalg.norm(flat, axis=1)
    alive = effects(images, base) >= DEAD
    unit = flat / np.where(lengths > 0, lengths, 1)[:, None] * alive[:, None]
    return np.asarray(unit @ unit.T, np.float32)


def families(like: Array, least: float = ALIKE) -> list[tuple[int, ...]]:
    """Sets of groups of which each is like another one of its set: connected, of two or more."""
    left, found = set(range(len(like))), []
    while left:
        todo, seen = [min(left)], set[int]()
        while todo:
            at = todo.pop()
            if at not in seen:
                seen.add(at)
                todo += [int(i) for i in np.flatnonzero(like[at] >= least) if i in left and i != at]
        left -= seen
        if len(seen) > 1:
            found.append(tuple(sorted(seen)))
    return found


def _changes(images: Pixels, base: Pixels) -> Array:
    """`[G, S, pixels]`."""
    step = images.astype(np.float32) - base.astype(np.float32)
    return np.asarray(step.reshape(*images.shape[:2], -1) / 255, np.float32)
