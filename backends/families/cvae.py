"""Conditional variational autoencoder (Sohn, Lee and Yan 2015) that also names the class of what it encodes.

The decoder draws from z and the class; the encoder reads an image, names its class, and codes what the class
leaves open (handwriting, colour). So a dropped picture becomes a whole code, and its class can be changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from backends.api import Capability
from backends.families.vae import LOGVAR_RANGE, shown
from backends.model import Model
from backends.nets import build
from backends.nets.mlp import SLOPE
from backends.registry import Family
from backends.space import LatentSpace, Part, Prior


class ConditionalVae(Model):
    """`trunk` gives features of an image, `names` its class, `coder` the posterior given the class."""

    def __init__(self, config: dict[str, Any]) -> None:
        can = frozenset({Capability.GENERATES, Capability.ENCODES, Capability.LABELS})
        super().__init__(config, _space(config, ()), can, build.image_shape(config))
        features, classes = config["features"], config["classes"]
        self.trunk = nn.Sequential(build.encoder(config, features), nn.LeakyReLU(SLOPE))
        self.names = nn.Linear(features, classes)
        self.coder = nn.Sequential(
            nn.Linear(features + classes, features), nn.LeakyReLU(SLOPE),
            nn.Linear(features, 2 * config["latent"]),
        )  # fmt: skip
        self.decoder = build.decoder(config, config["latent"] + classes)

    def set_classes(self, names: tuple[str, ...]) -> None:
        """Name the classes, in the order of the labels."""
        self.space = _space(self.config, names)

    def posterior(self, features: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Features `[N, F]`, class weights `[N, K]` -> mean and log variance of q(z|x, y), both `[N, d]`."""
        mean, logvar = self.coder(torch.cat([features, weights], 1)).chunk(2, 1)
        return mean, logvar.clamp(*LOGVAR_RANGE)

    def decode(self, z: Tensor, weights: Tensor) -> Tensor:
        """The decoder's raw image of z `[N, d]` and class weights `[N, K]`; mixed ones blend classes."""
        raw: Tensor = self.decoder(torch.cat([z, weights], 1))
        return raw

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        return shown(self.decode(self.part(codes, "z"), self.part(codes, "label")), self.config["likelihood"])

    def encode(self, images: Tensor) -> Tensor:
        """The likeliest class and, given it, the mean of the posterior."""
        features = self.trunk(images)
        named = self.names(features).argmax(1)
        weights = nn.functional.one_hot(named, self.config["classes"]).to(features.dtype)
        return torch.cat([self.posterior(features, weights)[0], weights], 1)


def _space(config: Mapping[str, Any], names: tuple[str, ...]) -> LatentSpace:
    names = names or tuple(str(n) for n in range(config["classes"]))
    return LatentSpace((
        Part("z", (config["latent"],)),
        Part("label", (config["classes"],), Prior.CATEGORICAL, names),
    ))  # fmt: skip


FAMILY = Family(
    name="cvae",
    title="Conditional VAE",
    description="An autoencoder that is told the class: its code holds what the class leaves open.",
    defaults={
        "image_size": 28, "channels": 1, "latent": 8, "body": "conv", "width": 32, "depth": 0,
        "likelihood": "bernoulli", "upsample": "transposed", "classes": 10, "features": 128,
    },
    make=ConditionalVae,
)  # fmt: skip
