"""A trained model that is not changed any more, as a search for directions sees it: codes in, images out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from backends import device
from backends.errors import BadRequest
from backends.model import Model
from backends.probes.components import said_by
from backends.probes.directions import SLOW, whitened_basis
from backends.space import Part

HIDE = 1 << 20  # seeds of held-out codes start here


@dataclass(frozen=True, eq=False)
class Frozen:
    """`model` on the device `where`, and the part of its code through which directions lead."""

    model: Model
    part: Part
    where: str = "cpu"

    def __post_init__(self) -> None:
        if not self.part.continuous or self.part.role == "noise":
            raise BadRequest(f"{self.part.name} has no directions.", "Choose another part.")
        self.model.requires_grad_(False).eval().to(self.where)

    @property
    def size(self) -> int:
        """u, how many independent ways are tried: all dimensions, of an image of noise its slowest waves."""
        return len(self.basis)

    @cached_property
    def basis(self) -> Tensor:
        """One standard deviation along each way: `[u, d]`."""
        found = np.asarray(whitened_basis(self.part), np.float32)
        return device.send(found[:SLOW] if self.part.seeded else found, self.where)

    def draw(self, count: int, step: int) -> Tensor:
        """`count` codes of the prior, others for each step: `[count, D]`."""
        return device.send(self.model.space.sample_many(count, step), self.where)

    def moved(self, codes: Tensor, units: Tensor) -> Tensor:
        """Codes `[N, D]` moved by `units` `[N, u]` standard deviations; gradients go through `units`."""
        at = self.model.space.slices[self.part.name]
        return torch.cat([codes[:, : at.start], codes[:, at] + units @ self.basis, codes[:, at.stop :]], 1)

    def images(self, codes: Tensor) -> Tensor:
        """Codes `[N, D]` -> images `[N, C, H, W]` in [0, 1]."""
        return self.model.generate(codes, {"quality": "preview"}).float()

    def said(self, codes: Tensor, layer: int) -> Tensor:
        """What layer `layer` (from 0) says of codes `[N, D]`: `[N, F]`."""
        return said_by(self.model, layer, codes)

    def must_lead_back(self, answer: Tensor) -> None:
        """Raise `BadRequest` unless gradients come back through what the model answered."""
        if not answer.requires_grad:
            raise BadRequest(
                "No gradient leads from this model's pictures back to its code.",
                "Use principal directions or GANSpace.",
            )
