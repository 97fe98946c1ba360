"""Generative adversarial networks (Goodfellow et al. 2014) without labels. Only the generator is kept.

How it was trained (see `trainers.gan`) makes no difference to what a generator is, so all of them are one
family. Config: `body` mlp, conv (Radford et al. 2016) or resnet (Miyato et al. 2018); `norm` between its
layers; `finest` full or half: the resolution of its last maps; `upsample` how resolution doubles; `prior` of
z.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from backends.api import Capability
from backends.model import Model
from backends.nets import build
from backends.nets.norms import NORMS
from backends.registry import Family
from backends.space import LatentSpace, Part, Prior

CHOICES: dict[str, tuple[Any, ...]] = {
    "body": ("mlp", "conv", "resnet"),
    "finest": ("full", "half"),
    "norm": NORMS,
    "prior": ("gaussian", "sphere", "uniform"),
    "upsample": ("transposed", "nearest", "pixelshuffle"),
}
DEFAULTS: dict[str, Any] = {
    "image_size": 28, "channels": 1, "latent": 64, "body": "conv", "width": 32, "depth": 0,
    "prior": "gaussian", "upsample": "transposed", "norm": "batch", "finest": "full",
}  # fmt: skip


class Gan(Model):
    """`generator` maps z `[N, d]` to images in [-1, 1]."""

    def __init__(self, config: dict[str, Any]) -> None:
        space = LatentSpace((Part("z", (config["latent"],), Prior(config["prior"])),))
        super().__init__(config, space, frozenset({Capability.GENERATES}), build.image_shape(config))
        self.generator = build.generator(config, config["latent"])

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        images: Tensor = (self.generator(codes) + 1) / 2
        return images


FAMILY = Family(
    name="gan",
    title="GAN",
    description="A generator trained against a critic: sharp images, no encoder.",
    defaults=DEFAULTS,
    make=Gan,
    choices=CHOICES,
)
