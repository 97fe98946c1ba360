"""What all toys share: data, chance of their own, curves, and the snapshot that is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from backends.errors import BadRequest
from backends.nets.mlp import layers
from trainers.learner import update
from trainers.toys import figures
from trainers.toys.distributions import DISTRIBUTIONS, EXTENT, Points
from trainers.toys.settings import ToySettings

SHOWN = 512  # points that are generated, and real ones that they are compared with
GRID = 48  # places a side of the grid of values
FIELD = 15  # arrows a side where arrows show a field
REAL_SEED, NOISE_SEED = 77, 78


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What is seen after a step.

    `points` [N, 2] generated; `foot` and `arrows` [K, 2]: where arrows begin and what they are; `values`
    [G, G] (first row: least y): the critic's or a density; `numbers` are what `sentences` speaks of.
    """

    step: int
    points: Points
    foot: Points
    arrows: Points
    values: Points
    numbers: dict[str, float]

    def arrays(self) -> dict[str, np.ndarray]:
        return {"points": self.points, "foot": self.foot, "arrows": self.arrows, "values": self.values}


class Toy:
    """A model that learns points; `step` is one turn of its training. Same settings, same course.

    `row` holds what is plotted of the last step.
    """

    def __init__(self, settings: ToySettings) -> None:
        self.settings, self.steps = settings, 0
        self.row: dict[str, float] = {}
        self.data = DISTRIBUTIONS[settings.data]
        self.real = self.data.sample(SHOWN, np.random.default_rng(REAL_SEED))
        self._random = np.random.default_rng(settings.seed)
        self._state = torch.Generator().manual_seed(settings.seed).get_state()
        self.networks: dict[str, Any] = {}
        self.optimisers: dict[str, torch.optim.Optimizer] = {}
        with self.chance():
            self.build()

    # What each kind says

    def build(self) -> None:
        """Make networks (into `networks`) and optimisers."""
        raise NotImplementedError

    def turn(self) -> dict[str, Tensor]:
        """One turn of training: what is plotted."""
        raise NotImplementedError

    def generated(self) -> Tensor:
        """`SHOWN` points `[N, 2]` from noise that never changes."""
        raise NotImplementedError

    def drawn(self, points: Tensor) -> tuple[Tensor, Tensor, Tensor, dict[str, float]]:
        """Arrows' feet and arrows `[K, 2]`, values `[GRID^2]` at `places(GRID)`, and more numbers."""
        raise NotImplementedError

    # What can be asked

    def step(self) -> None:
        self._count(self.turn)

    def step_critic(self) -> None:
        """The critic alone. Raises `BadRequest` where there is none."""
        raise BadRequest("Only a game has a critic.", "Choose “Game (GAN)”.")

    def step_generator(self) -> None:
        """The generator alone. Raises `BadRequest` where there is no game."""
        raise BadRequest("Only a game has two players.", "Choose “Game (GAN)”.")

    def change(self, settings: ToySettings) -> None:
        """Go on with other rates and weights."""
        self.settings = settings

    def snapshot(self) -> Snapshot:
        """What there is to see now; changes nothing."""
        with torch.no_grad():
            points = self.generated()
        foot, arrows, values, numbers = self.drawn(points)
        found = points.numpy()
        numbers = {**self.row, **numbers, **figures.measured(found, self.real, self.data.centres)}
        return Snapshot(self.steps, found, foot.detach().numpy(), arrows.detach().numpy(),
                        values.detach().reshape(GRID, GRID).numpy(), numbers)  # fmt: skip

    # For the kinds

    @contextmanager
    def chance(self) -> Iterator[None]:
        """Draw from this toy's own course of random numbers."""
        outside = torch.get_rng_state()
        torch.set_rng_state(self._state)
        try:
            yield
        finally:
            self._state = torch.get_rng_state()
            torch.set_rng_state(outside)

    def batch(self) -> Tensor:
        """Real points `[B, 2]`."""
        return torch.from_numpy(self.data.sample(self.settings.batch, self._random))

    def descend(self, name: str, loss: Tensor, rate: float) -> Tensor:
        """A step of one network down a loss; the norm of its gradient."""
        update(self.optimisers[name], loss, rate)
        grads = [p.grad for p in self.networks[name].parameters() if p.grad is not None]
        return torch.stack(torch._foreach_norm(grads)).norm()

    def optimise(self, betas: tuple[float, float] = (0.9, 0.999)) -> None:
        """Adam over each network."""
        self.optimisers = {
            name: torch.optim.Adam(network.parameters(), 1e-3, betas, fused=True)
            for name, network in self.networks.items()
        }

    def _count(self, turn: Any) -> None:
        with self.chance():
            found = turn()
        self.steps += 1
        self.row = {name: float(value) for name, value in found.items()}


def network(inputs: int, width: int, outputs: int) -> nn.Sequential:
    """Three hidden layers."""
    return nn.Sequential(*layers([inputs, width, width, width]), nn.Linear(width, outputs))


def noise(size: int, seed: int = NOISE_SEED) -> Tensor:
    """`[SHOWN, size]` from N(0, I), always the same."""
    return torch.randn(SHOWN, size, generator=torch.Generator().manual_seed(seed))


def places(side: int) -> Tensor:
    """`[side^2, 2]` over all that is shown, row by row from the least y."""
    steps = (torch.arange(side) + 0.5) / side * 2 * EXTENT - EXTENT
    up, across = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack([across.flatten(), up.flatten()], 1)


def slope_of(value: Any, at: Tensor) -> Tensor:
    """The gradient of sum value(at) `[K, 2]`."""
    at = at.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(value(at).sum(), at)
    return gradient
