"""Plain (or denoising) autoencoder (Hinton and Salakhutdinov 2006; Vincent et al. 2010).

It has no prior of its own, so codes are drawn from a mixture of Gaussians that `set_prior` fits to encoded
training data. Config as for the variational autoencoder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from torch import Tensor

from backends import mixture
from backends.api import Capability
from backends.families.vae import shown
from backends.model import Model, Sheet
from backends.nets import build
from backends.probes.weights import FIRST_LAYER, first_layer
from backends.registry import Family
from backends.space import Array, LatentSpace, Part, Prior


class Autoencoder(Model):
    """`encoder` gives the code, `decoder` the raw image."""

    def __init__(self, config: dict[str, Any]) -> None:
        space = LatentSpace((empirical("z", np.zeros(config["latent"]), np.eye(config["latent"])),))
        can = frozenset({Capability.GENERATES, Capability.ENCODES})
        super().__init__(config, space, can, build.image_shape(config))
        self.encoder = build.encoder(config, config["latent"])
        self.decoder = build.decoder(config, config["latent"])
        self.views = (FIRST_LAYER,) if config["body"] == "mlp" else ()

    def set_prior(self, codes: Array) -> None:
        """Measure the prior on encoded training data `[N, d]`, N > d."""
        self.space = LatentSpace((measured("z", codes),))

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        return shown(self.decoder(codes), self.config["likelihood"])

    def encode(self, images: Tensor) -> Tensor:
        codes: Tensor = self.encoder(images)
        return codes

    def view(
        self, name: str, codes: Tensor | None, images: Tensor | None, options: Mapping[str, Any]
    ) -> Iterator[Sheet]:
        if name == FIRST_LAYER.name and self.views:
            yield first_layer(self.encoder, self.image_shape)
        else:
            yield from super().view(name, codes, images, options)


def measured(name: str, codes: np.ndarray) -> Part:
    """A part whose prior is that of codes `[N, d]`, N > d: mean, covariance, and a mixture to draw from."""
    codes = np.asarray(codes, np.float64)
    part = empirical(name, codes.mean(0), mixture.root(np.atleast_2d(np.cov(codes.T))))
    return replace(part, mixture=mixture.fit(codes))


def empirical(name: str, mean: np.ndarray, factor: np.ndarray) -> Part:
    """A part with the prior N(mean, factor factor^T), `[d]` and `[d, d]`, in six digits."""
    rows = tuple(tuple(float(f"{v:.6g}") for v in row) for row in factor)
    middle = tuple(float(f"{v:.6g}") for v in mean)
    return Part(name, (len(mean),), Prior.EMPIRICAL, mean=middle, factor=rows)


FAMILY = Family(
    name="autoencoder",
    title="Autoencoder",
    description="An encoder and a decoder with a narrow middle: sharp copies, a latent space with gaps.",
    defaults={
        "image_size": 28, "channels": 1, "latent": 16, "body": "conv", "width": 32, "depth": 0,
        "likelihood": "bernoulli", "upsample": "transposed",
    },
    make=Autoencoder,
)  # fmt: skip
