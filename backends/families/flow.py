"""Normalising flow: an invertible network, so images have an exact density and codes are exact.

Multi-scale as in RealNVP (Dinh et al. 2017) with the steps of Glow (Kingma and Dhariwal 2018). Half of the
numbers leave after the first level as `fine`, normalised given the rest; the others become `coarse`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from backends.api import Capability, Knob, View
from backends.model import Model, Sheet
from backends.nets import build
from backends.nets.coupling import BINS, Coupling, from_logits, gathered, spread, steps, to_logits
from backends.registry import Family
from backends.space import LatentSpace, Part

NOISE_SEED = 0  # of the noise with which a likelihood is measured
TEMPERATURES = 8

HOTTEST = Knob(
    "hottest", "Hottest", 0.2, 1.5, 1.0, help="Temperature of the last picture; 1 is the model's own."
)
VIEWS = (
    View("levels", "Levels", "First the current picture; then with the fine part at zero; then with new fine "
         "parts; then with new coarse parts.", "code"),
    View("temperature", "Temperature", "The current code drawn closer to the centre: calmer pictures, "
         "less variety.", "code", (HOTTEST,)),
)  # fmt: skip


class Flow(Model):
    """`first`, `split` and `second` are invertible; codes are `coarse` `[4C, H/4, W/4]` ×2 and `fine`."""

    views = VIEWS

    def __init__(self, config: dict[str, Any]) -> None:
        can = frozenset({Capability.GENERATES, Capability.ENCODES, Capability.LIKELIHOOD})
        super().__init__(config, _space(config), can, build.image_shape(config))
        colours, hidden, count = config["channels"], config["hidden"], config["flow_steps"]
        self.first = steps(4 * colours, hidden, count)
        self.split = Coupling(4 * colours, hidden)
        self.second = steps(8 * colours, hidden, count)

    def density(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x in [0, 1] `[N, C, H, W]`, continuous -> codes `[N, D]` and log density `[N]` in nats."""
        y, total = to_logits(x)
        y, log_det = self.first(F.pixel_unshuffle(y, 2))
        total = total + log_det
        y, log_det = self.split(y)
        coarse, fine = y.chunk(2, 1)
        total = total + log_det
        coarse, log_det = self.second(F.pixel_unshuffle(coarse, 2))
        codes = torch.cat([coarse.flatten(1), fine.flatten(1)], 1)
        normal = -0.5 * (codes.square().sum(1) + codes.shape[1] * math.log(2 * math.pi))
        return codes, total + log_det + normal

    def decode(self, codes: Tensor) -> Tensor:
        """The inverse of `density`: codes `[N, D]` -> x `[N, C, H, W]`."""
        coarse = self.part(codes, "coarse").reshape(-1, *self.space["coarse"].shape)
        fine = self.part(codes, "fine").reshape(-1, *self.space["fine"].shape)
        y = torch.cat([F.pixel_shuffle(self.second.inverse(coarse), 2), fine], 1)
        return from_logits(F.pixel_shuffle(self.first.inverse(self.split.inverse(y)), 2))

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        return gathered(self.decode(codes))

    def encode(self, images: Tensor) -> Tensor:
        return self.density(spread(images, 0.5))[0]

    def likelihood(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """log P(x) of 8-bit images: the bound by one draw of noise (Theis et al. 2016, section 3.1)."""
        generator = torch.Generator(images.device).manual_seed(NOISE_SEED)
        noise = torch.rand(images.shape[1:], generator=generator, device=images.device)
        _, log_density = self.density(spread(images, noise))
        return log_density - math.prod(images.shape[1:]) * math.log(BINS), None

    def view(
        self, name: str, codes: Tensor | None, images: Tensor | None, options: Mapping[str, Any]
    ) -> Iterator[Sheet]:
        if name == "levels" and codes is not None:
            yield self._levels(codes)
        elif name == "temperature" and codes is not None:
            warm = torch.linspace(0, HOTTEST.value(options), TEMPERATURES)
            captions = tuple(f"{t:.2f}" for t in warm.tolist())
            yield Sheet(self.generate(codes * warm[:, None].to(codes), {}), captions, TEMPERATURES)
        else:
            yield from super().view(name, codes, images, options)

    def _levels(self, codes: Tensor) -> Sheet:
        """Rows of eight: the picture, without `fine`, six new `fine`; then eight new `coarse`."""
        other = torch.from_numpy(self.space.sample_many(14, 1)).to(codes)
        fine, coarse = self.space.slices["fine"], self.space.slices["coarse"]
        rows = codes.repeat(16, 1)
        rows[1, fine] = 0
        rows[2:8, fine] = other[:6, fine]
        rows[8:, coarse] = other[6:, coarse]
        captions = ("current", "fine at 0", *["new fine"] * 6, *["new coarse"] * 8)
        return Sheet(self.generate(rows, {}), captions, 8)


def _space(config: Mapping[str, Any]) -> LatentSpace:
    size, colours = config["image_size"], config["channels"]
    coarse = Part("coarse", (8 * colours, size // 4, size // 4))
    return LatentSpace((coarse, Part("fine", (2 * colours, size // 2, size // 2))))


FAMILY = Family(
    name="flow",
    title="Normalising flow",
    description="An invertible network: exact likelihood, and every image has exactly one code.",
    defaults={"image_size": 28, "channels": 1, "hidden": 64, "flow_steps": 8},
    make=Flow,
    ranges={"hidden": (4, 512), "flow_steps": (1, 64)},
)
