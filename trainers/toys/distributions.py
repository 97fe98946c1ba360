"""Distributions of points in the plane, all about as wide as a standard normal one. No torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
Random = np.random.Generator
EXTENT = 2.2  # what is shown goes from -EXTENT to EXTENT both ways
SPREAD = 0.06  # standard deviation of one Gaussian of a mixture
CAT = (
    "  #             #   ",
    "  ##           ##   ",
    "  ###         ###   ",
    "  ####       ####   ",
    "  ###############   ",
    " #################  ",
    " #################  ",
    "###  #########  ### ",
    "##    #######    ## ",
    "###  #########  ### ",
    "################### ",
    "####### ### ####### ",
    " #######   #######  ",
    " ######## ########  ",
    "  ##### ### #####   ",
    "   ####     ####    ",
    "    ###########     ",
    "      #######       ",
)


@dataclass(frozen=True, eq=False)
class Distribution:
    """`sample(n, random)` draws points `[n, 2]`; a mixture has `centres` `[K, 2]`, others none."""

    name: str
    title: str
    help: str
    draw: Callable[[int, Random], NDArray[np.float64]]
    centres: Points = field(default_factory=lambda: np.zeros((0, 2), np.float32))

    def sample(self, count: int, random: Random) -> Points:
        return self.draw(count, random).astype(np.float32)


def _ring_centres() -> Points:
    angles = np.arange(8) * np.pi / 4
    return 1.4 * np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)


def _grid_centres() -> Points:
    across, up = np.meshgrid(np.linspace(-1.4, 1.4, 5), np.linspace(-1.4, 1.4, 5))
    return np.stack([across.ravel(), up.ravel()], 1).astype(np.float32)


def _mixture(centres: Points) -> Callable[[int, Random], NDArray[np.float64]]:
    def draw(count: int, random: Random) -> NDArray[np.float64]:
        return centres[random.integers(len(centres), size=count)] + SPREAD * random.normal(size=(count, 2))

    return draw


def _swiss_roll(count: int, random: Random) -> NDArray[np.float64]:
    turn = 1.5 * np.pi * (1 + 2 * random.random(count))
    roll = np.stack([turn * np.cos(turn), turn * np.sin(turn)], 1) / 7.5
    return roll + 0.04 * random.normal(size=(count, 2))


def _moons(count: int, random: Random) -> NDArray[np.float64]:
    angle, lower = np.pi * random.random(count), random.random(count) < 0.5
    upper = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], 1)
    points = np.where(lower[:, None], -upper, upper)
    return 1.2 * points + 0.07 * random.normal(size=(count, 2))


def _spiral(count: int, random: Random) -> NDArray[np.float64]:
    turn = 3 * np.pi * np.sqrt(random.random(count))
    arm = np.where(random.random(count) < 0.5, 1.0, -1.0) * turn / (3 * np.pi) * 1.8
    return np.stack([arm * np.cos(turn), arm * np.sin(turn)], 1) + 0.04 * random.normal(size=(count, 2))


def _silhouette(count: int, random: Random) -> NDArray[np.float64]:
    rows, columns = np.nonzero(np.array([list(line) for line in CAT]) == "#")
    cell = random.integers(len(rows), size=count)
    x, y = columns[cell] + random.random(count), rows[cell] + random.random(count)
    return np.stack([x - len(CAT[0]) / 2, len(CAT) / 2 - y], 1) * 0.18


def _all() -> tuple[Distribution, ...]:
    ring, grid = _ring_centres(), _grid_centres()
    return (
        Distribution("ring", "Ring of Gaussians", "Eight islands: which of them are found?",
                     _mixture(ring), ring),
        Distribution("grid", "Grid of Gaussians", "Twenty-five islands: hard for most games.",
                     _mixture(grid), grid),
        Distribution("swiss-roll", "Swiss roll", "One thin band, rolled up.", _swiss_roll),
        Distribution("moons", "Two moons", "Two bands that don't touch.", _moons),
        Distribution("spiral", "Two spirals", "Two arms that meet in the middle.", _spiral),
        Distribution("silhouette", "Silhouette of a cat", "An area with an outline, ears and eyes.",
                     _silhouette),
    )  # fmt: skip


DISTRIBUTIONS = {one.name: one for one in _all()}
