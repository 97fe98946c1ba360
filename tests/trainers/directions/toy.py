"""A generator whose factors are known: a spot that moves, grows and fades, along hidden axes of its code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from backends.api import Capability
from backends.model import Model
from backends.space import LatentSpace, Part, Prior

D, FACTORS, SIDE = 12, 4, 12


class Spot(Model):
    """`axes` `[4, 12]`: orthonormal ways of right, down, size and brightness; eight more do nothing."""

    def __init__(self, bent: bool = True) -> None:
        space = LatentSpace((Part("label", (2,), Prior.CATEGORICAL), Part("z", (D,))))
        super().__init__({}, space, frozenset({Capability.GENERATES}), (SIDE, SIDE, 1))
        random = torch.Generator().manual_seed(3)
        self.first, self.last = nn.Linear(D, FACTORS, bias=False), nn.Linear(SIDE**2, SIDE**2, bias=False)
        self.bent = bent
        with torch.no_grad():
            axes = torch.linalg.qr(torch.randn(D, FACTORS, generator=random))[0].T
            self.first.weight.copy_(axes)
            self.last.weight.copy_(torch.eye(SIDE**2))

    @property
    def axes(self) -> Tensor:
        return self.first.weight

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        right, down, size, bright = self.first(self.part(codes, "z")).tanh().T[..., None, None]
        y, x = torch.meshgrid(torch.linspace(-1, 1, SIDE), torch.linspace(-1, 1, SIDE), indexing="ij")
        distance = (x - 0.5 * right).square() + (y - 0.5 * down).square()
        spot = (0.6 + 0.4 * bright) * (-distance / (0.12 + 0.09 * size)).exp()
        picture = self.last(spot.flatten(1)).view(-1, 1, SIDE, SIDE)
        return picture if self.bent else (picture > 0.5).float()
