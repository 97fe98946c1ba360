"""An autoencoder in two parts: what pairs of images have in common, and what varies between them.

Learnt from pairs alone (Mathieu et al. 2016; Szabó et al. 2018; Jha et al. 2018). The common part's prior is
measured on encoded training data. The varying part is standard normal where its encoder gives a distribution
(`variational`), else measured too. Config: `latent` is the size of the varying part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from backends.api import Capability
from backends.families.autoencoder import empirical, measured
from backends.families.vae import LOGVAR_RANGE, shown
from backends.model import Model
from backends.nets import build
from backends.registry import Family
from backends.space import Array, LatentSpace, Part


class PairedAutoencoder(Model):
    """`encoder` gives the common part, then mean and log variance of the varying one, `decoder` the image."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.sizes = config["common"], config["latent"]
        can = frozenset({Capability.GENERATES, Capability.ENCODES})
        common, varying = (empirical(name, np.zeros(size), np.eye(size))
                           for name, size in zip(("common", "varying"), self.sizes, strict=True))  # fmt: skip
        varying = Part("varying", varying.shape) if config["variational"] else varying
        super().__init__(config, LatentSpace((common, varying)), can, build.image_shape(config))
        spread = self.sizes[1] if config["variational"] else 0
        self.encoder = build.encoder(config, sum(self.sizes) + spread)
        self.decoder = build.decoder(config, sum(self.sizes))

    def set_prior(self, codes: Array) -> None:
        """Measure what has no prior of its own on encoded training data `[N, D]`."""
        common, varying = np.split(codes, [self.sizes[0]], axis=1)
        second = self.space["varying"] if self.config["variational"] else measured("varying", varying)
        self.space = LatentSpace((measured("common", common), second))

    def read(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Images `[N, C, H, W]` -> common `[N, d]`, mean and log variance of varying, both `[N, e]`.

        Without a distribution the log variance is the least there is.
        """
        common, mean, *rest = self._split(self.encoder(images))
        logvar = rest[0].clamp(*LOGVAR_RANGE) if rest else torch.full_like(mean, LOGVAR_RANGE[0])
        return common, mean, logvar

    def decode(self, common: Tensor, varying: Tensor) -> Tensor:
        """The decoder's raw image of both parts."""
        raw: Tensor = self.decoder(torch.cat([common, varying], 1))
        return raw

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        return shown(self.decoder(codes), self.config["likelihood"])

    def encode(self, images: Tensor) -> Tensor:
        common, mean, _ = self.read(images)
        return torch.cat([common, mean], 1)

    def _split(self, out: Tensor) -> list[Tensor]:
        common, varying = self.sizes
        widths = [common, varying] + ([varying] if self.config["variational"] else [])
        return list(out.split(widths, 1))


FAMILY = Family(
    name="pairs",
    title="Common and varying",
    description="Two codes for an image, learnt from pairs: what the two have in common, and what varies.",
    defaults={
        "image_size": 28, "channels": 1, "common": 16, "latent": 16, "variational": True, "body": "conv",
        "width": 16, "depth": 0, "likelihood": "bernoulli", "upsample": "transposed",
    },
    make=PairedAutoencoder,
    ranges={"common": (1, 1024)},
)  # fmt: skip
