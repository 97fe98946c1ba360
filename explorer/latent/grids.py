"""Grids of codes between anchors: the J-diagram of three, four corners, and the MINE grid of many.

White, "Sampling Generative Networks" (2016), section 3, as in dribnet/plat (`grid_layout.py`).
"""

from __future__ import annotations

import numpy as np

from backends.api import Array, LatentSpace
from explorer.latent.mixing import analogy
from explorer.latent.paths import walk


def j_diagram(space: LatentSpace, anchors: Array, side: int, how: str) -> Array:
    """Three anchors `[3, D]` at top left, top right and bottom left: `[side, side, D]`.

    The fourth corner is the analogy c + (b − a), so that a step to the right means the same in every row.
    """
    a, b, c = anchors
    return mine_grid(space, np.stack([a, b, c, analogy(space, b, a, c)]).reshape(2, 2, -1), side - 1, how)


def mine_grid(space: LatentSpace, anchors: Array, gap: int, how: str) -> Array:
    """Anchors `[R, C, D]` stand `gap` cells apart: `[(R − 1) gap + 1, (C − 1) gap + 1, D]`.

    The columns of anchors are walked first, then every row between them; `how` as in `paths.WAYS`. With two
    rows and two columns it is the grid of four corners.
    """
    columns = [_through(space, anchors[:, c], gap, how) for c in range(anchors.shape[1])]
    between = np.stack(columns, 1)  # [height, C, D]
    return np.stack([_through(space, row, gap, how) for row in between])


def _through(space: LatentSpace, codes: Array, gap: int, how: str) -> Array:
    """A walk `[(n − 1) gap + 1, D]` through packed codes `[n, D]`."""
    legs = [
        walk(space, space.unpack(codes[i]), space.unpack(codes[i + 1]), gap + 1, how)[bool(i) :]
        for i in range(len(codes) - 1)
    ]
    return np.concatenate(legs) if legs else codes.copy()
