"""What a picture of a map shows, and where its points are on paper; pictures and tables are made from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backends.api import Array
from explorer.latent.map_colours import class_colours, value_colours

MOST_NAMES = 30  # classes whose names stand on the map
MANY, LEAST = 50_000, 0.6  # points from which a point may be so small


@dataclass(frozen=True, eq=False)
class Drawing:
    """`positions` `[N, 2]` (NaN: nowhere) with `labels` `[N]` of `names` (-1: unknown) or `values` `[N]`.

    `colour` says what the colours mean, `line` stands below.
    """

    positions: Array
    title: str
    colour: str
    line: str = ""
    labels: NDArray[np.int64] | None = None
    names: tuple[str, ...] = ()
    values: Array | None = None

    def colours(self) -> NDArray[np.uint8]:
        """`[N, 3]`; grey for what isn't known."""
        if self.labels is not None:
            palette = np.concatenate([class_colours(len(self.names)), [(128, 128, 128)]]).astype(np.uint8)
            return palette[self.labels]
        if self.values is not None:
            return value_colours(self.values)
        return np.broadcast_to(class_colours(1), (len(self.positions), 3))

    def placed(self, side: float, fine: float = 1.0) -> tuple[NDArray[np.int64], Array, float]:
        """The rows that are somewhere, in one random order; places `[N, 2]` in a square; radius of a point.

        One scale for both axes, y downwards, a margin of two points. `fine` is how many pixels a point's
        unit has.
        """
        kept = np.flatnonzero(np.isfinite(self.positions).all(axis=1))
        radius = fine * float(
            np.clip(90 / np.sqrt(max(len(kept), 1)), LEAST if len(kept) > MANY else 1.6, 5.0)
        )
        places = np.zeros((len(self.positions), 2), np.float32)
        if len(kept):
            found = self.positions[kept].astype(np.float64)
            low, high = found.min(axis=0), found.max(axis=0)
            scale = (side - 4 * radius - 2) / max(float((high - low).max()), 1e-9)
            places[kept] = (found - (low + high) / 2) * scale * (1, -1) + side / 2
        return np.random.default_rng(0).permutation(kept), places, radius

    def middles(self) -> dict[int, int]:
        """The row at which the name of each class stands; none where there are too many classes."""
        if self.labels is None or len(self.names) > MOST_NAMES:
            return {}
        return medoids(self.positions, self.labels, len(self.names))


def medoids(positions: Array, labels: NDArray[np.int64], count: int) -> dict[int, int]:
    """For each class that occurs, the row nearest to the median of its points."""
    found = {}
    finite = np.isfinite(positions).all(axis=1)
    for label in range(count):
        rows = np.flatnonzero((labels == label) & finite)
        if len(rows):
            away = np.abs(positions[rows] - np.median(positions[rows], axis=0)).sum(axis=1)
            found[label] = int(rows[away.argmin()])
    return found
