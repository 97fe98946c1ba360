"""How near generated points are to the data, as numbers. No torch."""

from __future__ import annotations

import numpy as np

from trainers.toys.distributions import SPREAD, Points

NEAR = 4.0  # standard deviations around a centre in which a point is good
COMPARED = (
    256  # points of each side whose distances are taken: four times as many would cost more than a step
)
LEAST_SHARE = 0.2  # of its fair share of points, for a mode to count as covered


def measured(points: Points, real: Points, centres: Points) -> dict[str, float]:
    """`distance` and `room`; for a mixture also `modes` covered, `of modes`, the share of `good` points."""
    if not np.isfinite(points).all():
        return {"distance": float("nan")}
    found = {"distance": energy_distance(points[:COMPARED], real[:COMPARED]), "room": room(points, real)}
    if len(centres):
        covered, good = modes(points, centres)
        found |= {"modes": float(covered), "of modes": float(len(centres)), "good": good}
    return found


def modes(points: Points, centres: Points) -> tuple[int, float]:
    """How many centres have at least a fifth of their fair share of points near, and the share near any."""
    apart = np.linalg.norm(points[:, None] - centres[None], axis=2)
    near = apart.min(1) < NEAR * SPREAD
    counts = np.bincount(apart.argmin(1)[near], minlength=len(centres))
    return int((counts >= LEAST_SHARE * len(points) / len(centres)).sum()), float(near.mean())


def room(points: Points, real: Points) -> float:
    """How widely points spread, as a share of how real ones do: the areas of their ellipses of deviation."""
    areas = [float(np.sqrt(max(np.linalg.det(np.cov(some.T)), 0.0))) for some in (points, real)]
    return areas[0] / max(areas[1], 1e-9)


def energy_distance(points: Points, others: Points) -> float:
    """sqrt(2 E|x - y| - E|x - x'| - E|y - y'|) of `[N, 2]` and `[M, 2]` (Székely and Rizzo 2013).

    Pairs of a point with itself are left out, so that two draws of one distribution are 0 apart on average.
    """
    squared = 2 * _mean_apart(points, others) - _within(points) - _within(others)
    return float(np.sqrt(max(squared, 0.0)))


def _within(points: Points) -> float:
    return _mean_apart(points, points) * len(points) / max(len(points) - 1, 1)


def _mean_apart(points: Points, others: Points) -> float:
    x = points[:, None, 0] - others[None, :, 0]
    y = points[:, None, 1] - others[None, :, 1]
    return float(np.sqrt(x * x + y * y).mean())
