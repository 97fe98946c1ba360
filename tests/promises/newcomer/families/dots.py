"""Dots, the smallest family: a linear autoencoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from backends.api import Capability
from backends.model import Model
from backends.registry import Family
from backends.space import LatentSpace, Part


class Dots(Model):
    """`encoder` gives the code, `decoder` the logits of the pixels."""

    def __init__(self, config: dict[str, Any]) -> None:
        shape = (config["image_size"], config["image_size"], config["channels"])
        space = LatentSpace((Part("z", (config["latent"],)),))
        super().__init__(config, space, frozenset({Capability.GENERATES, Capability.ENCODES}), shape)
        size = shape[0] * shape[1] * shape[2]
        self.encoder, self.decoder = nn.Linear(size, config["latent"]), nn.Linear(config["latent"], size)

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        height, width, channels = self.image_shape
        return self.decoder(codes).sigmoid().view(-1, channels, height, width)

    def encode(self, images: Tensor) -> Tensor:
        return self.encoder(images.flatten(1))


FAMILY = Family("dots", "Dots", "A linear autoencoder.", {"image_size": 28, "channels": 1, "latent": 4}, Dots)
