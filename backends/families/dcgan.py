"""Deep convolutional GAN (Radford, Metz and Chintala 2016). Only the generator is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from backends.api import Capability
from backends.model import Model
from backends.nets import build
from backends.registry import Family
from backends.space import LatentSpace, Part, Prior


class Dcgan(Model):
    """`generator` maps z `[N, d]` to images in [-1, 1]."""

    def __init__(self, config: dict[str, Any]) -> None:
        space = LatentSpace((Part("z", (config["latent"],), Prior(config["prior"])),))
        super().__init__(config, space, frozenset({Capability.GENERATES}), build.image_shape(config))
        self.generator = build.generator(config, config["latent"])

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        images: Tensor = (self.generator(codes) + 1) / 2
        return images


FAMILY = Family(
    name="dcgan",
    title="DCGAN",
    description="A generator trained against a discriminator: sharp images, no encoder.",
    defaults={
        "image_size": 28, "channels": 1, "latent": 64, "body": "conv", "width": 32, "depth": 0,
        "prior": "gaussian", "upsample": "transposed",
    },
    make=Dcgan,
)  # fmt: skip
