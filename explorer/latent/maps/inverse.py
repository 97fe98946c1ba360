"""From the plane back: what code would be at a spot between the points, and how far it is from any data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.api import Array, LatentSpace, Part, Prior

NEIGHBOURS = 8
FEW = 20_000  # points up to which looking at all is as quick as a tree, and needs no scipy
FAR = 3.0  # times the usual gap between points: beyond it a guess is greyed out
TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Guess:
    """What would be at M spots: `codes` `[M, D]`, the `nearest` rows `[M]` of real points, and how far
    each spot is from data (`off` `[M]`, 1: as near as points are to each other, above `FAR` a mere guess).
    """

    codes: Array
    nearest: NDArray[np.int64]
    off: Array

    @property
    def far(self) -> NDArray[np.bool_]:
        return np.asarray(self.off > FAR)


@dataclass(frozen=True, eq=False)
class Inverse:
    """Codes `[N, D]` at positions `[N, 2]`; `rows` are theirs in the whole map.

    `drawn` says that codes were drawn from a prior (not encoded): then lengths are restored. The mean of
    eight codes drawn from N(0, I) is far too short, and decodes to something grey.
    """

    space: LatentSpace
    codes: Array
    positions: Array
    rows: NDArray[np.int64]
    gap: float
    drawn: bool
    tree: Any = None

    @staticmethod
    def of(space: LatentSpace, codes: Array, positions: Array, drawn: bool = True) -> Inverse:
        """Of the points that are on the map. Above `FEW` this builds a tree: not on the GUI thread."""
        rows = np.flatnonzero(np.isfinite(positions).all(axis=1) & np.isfinite(codes).all(axis=1))
        places = np.ascontiguousarray(positions[rows], np.float32)
        tree = _tree(places) if len(rows) > FEW else None
        made = Inverse(space, codes[rows], places, rows, 1.0, drawn, tree)
        some = places[:: max(1, len(places) // 200)]
        near = made._near(some, 2)[1][:, -1]
        spread = float(np.ptp(places, axis=0).max(initial=0))
        gap = max(float(np.median(near)) if len(near) else 0.0, spread / 500, TINY)
        return Inverse(space, codes[rows], places, rows, gap, drawn, tree)

    def at(self, spots: Array) -> Guess:
        """What would be at spots `[M, 2]`: neighbours on the map, weighted by a Gaussian of distance."""
        spots = np.asarray(spots, np.float32).reshape(-1, 2)
        found, distances = self._near(spots, NEIGHBOURS)
        width = np.maximum(np.median(distances, axis=1, keepdims=True), TINY)
        weights = np.exp(-0.5 * (distances / width) ** 2) + TINY
        weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
        near = self.codes[found]  # [M, k, D]
        mixed = [self._mixed(p, near[:, :, self.space.slices[p.name]], weights) for p in self.space.parts]
        codes = np.concatenate(mixed, axis=1) if mixed else near[:, 0]
        return Guess(
            codes.astype(np.float32), self.rows[found[:, 0]], (distances[:, 0] / self.gap).astype(np.float32)
        )

    def _near(self, spots: Array, count: int) -> tuple[NDArray[np.int64], Array]:
        """Rows (of `codes`) and distances `[M, k]` on the map, nearest first."""
        count = min(count, len(self.positions))
        if self.tree is not None:
            distances, found = self.tree.query(spots, count)
            return np.asarray(found).reshape(len(spots), -1), np.asarray(distances).reshape(len(spots), -1)
        apart = spots[:, None] - self.positions[None]
        squares = np.einsum("mnc,mnc->mn", apart, apart)
        found = np.argpartition(squares, count - 1, axis=1)[:, :count]
        near = np.take_along_axis(squares, found, axis=1)
        order = np.argsort(near, axis=1, kind="stable")
        return np.take_along_axis(found, order, axis=1), np.sqrt(np.take_along_axis(near, order, axis=1))

    def _mixed(self, part: Part, values: Array, weights: Array) -> Array:
        """Values `[M, k, d]` of a part as one: `[M, d]`."""
        if part.prior is Prior.CATEGORICAL:  # between two classes there is none: the weightier one
            votes = np.einsum("mk,mkd->md", weights, values)
            return np.eye(part.size, dtype=np.float32)[votes.argmax(axis=1)]
        if part.role == "noise" or part.prior is Prior.IMAGE:  # the nearest's: means of noise are no noise
            return values[:, 0]
        if part.prior is Prior.ANGLE:
            sine, cosine = (np.einsum("mk,mkd->md", weights, f(values)) for f in (np.sin, np.cos))
            return np.arctan2(sine, cosine)
        if not self.drawn or part.prior is Prior.UNIFORM:
            return np.einsum("mk,mkd->md", weights, values)
        around = (values - part.centre) / part.deviation
        mean = np.einsum("mk,mkd->md", weights, around)
        wanted = np.einsum("mk,mk->m", weights, np.linalg.norm(around, axis=2))
        mean *= (wanted / np.maximum(np.linalg.norm(mean, axis=1), TINY))[:, None]
        return mean * part.deviation + part.centre


def _tree(places: Array) -> Any:
    from scipy.spatial import cKDTree

    return cKDTree(places, balanced_tree=False, compact_nodes=False)
