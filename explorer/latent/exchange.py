"""What each group does to a picture: how much it changes, which groups do nothing, which do the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from backends.api import Array

Pixels = NDArray[np.uint8]

DEAD = 1.5 / 255  # root mean square change of a pixel that nobody sees
ALIKE = 0.9  # cosine of two groups' patterns from which they are taken for the same


def effects(images: Pixels, base: Pixels) -> Array:
    """Root mean square change of a pixel (in [0, 1]) by each group: `[G]`.

    `images` `[G, S, H, W, C]` are the picture `base` `[H, W, C]` with group g from source s.
    """
    return np.asarray(np.sqrt((_changes(images, base) ** 2).mean((1, 2))), np.float32)


def likeness(images: Pixels, base: Pixels) -> Array:
    """How far two groups change the picture in the same way: `[G, G]`, 0 to 1; 0 with a dead one.

    The cosine, without its sign, between the main patterns of their changes: the first right singular
    vectors over all sources. So it doesn't matter how much each source happens to change.
    """
    changes = _changes(images, base)
    patterns = np.stack([_pattern(change) for change in changes])
    patterns *= (effects(images, base) >= DEAD)[:, None]
    return np.asarray(np.abs(patterns @ patterns.T), np.float32)


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


def _pattern(change: Array) -> Array:
    """The direction `[pixels]` of length one along which rows `[S, pixels]` lie most."""
    _, vectors = np.linalg.eigh((change @ change.T).astype(np.float64))
    pattern = vectors[:, -1].astype(np.float32) @ change
    return np.asarray(pattern / max(float(np.linalg.norm(pattern)), 1e-9), np.float32)


def _changes(images: Pixels, base: Pixels) -> Array:
    """`[G, S, pixels]`."""
    step = images.astype(np.float32) - base.astype(np.float32)
    return np.asarray(step.reshape(*images.shape[:2], -1) / 255, np.float32)
