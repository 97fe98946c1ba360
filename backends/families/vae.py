"""Variational autoencoder (Kingma and Welling 2014).

Config: `likelihood` is `bernoulli` (logistic output, for nearly binary data) or `gaussian` (identity
output of unit variance, for continuous data).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from backends.api import Capability
from backends.model import Model, Sheet
from backends.nets import build
from backends.probes.weights import FIRST_LAYER, first_layer
from backends.registry import Family
from backends.space import LatentSpace, Part

LOGVAR_RANGE = (-12.0, 8.0)  # a posterior that collapses to a point or explodes gives infinities


class VariationalAutoencoder(Model):
    """`encoder` gives mean and log variance, `decoder` the raw image; see `shown`."""

    def __init__(self, config: dict[str, Any]) -> None:
        space = LatentSpace((Part("z", (config["latent"],)),))
        can = frozenset({Capability.GENERATES, Capability.ENCODES})
        super().__init__(config, space, can, build.image_shape(config))
        self.encoder = build.encoder(config, 2 * config["latent"])
        self.decoder = build.decoder(config, config["latent"])
        self.views = (FIRST_LAYER,) if config["body"] == "mlp" else ()

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Images `[N, C, H, W]` -> mean and log variance of q(z|x), both `[N, d]`."""
        mean, logvar = self.encoder(images).chunk(2, 1)
        return mean, logvar.clamp(*LOGVAR_RANGE)

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        return shown(self.decoder(codes), self.config["likelihood"])

    def encode(self, images: Tensor) -> Tensor:
        """The mean of the posterior."""
        return self.posterior(images)[0]

    def view(
        self, name: str, codes: Tensor | None, images: Tensor | None, options: Mapping[str, Any]
    ) -> Iterator[Sheet]:
        if name == FIRST_LAYER.name and self.views:
            yield first_layer(self.encoder, self.image_shape)
        else:
            yield from super().view(name, codes, images, options)


def shown(raw: Tensor, likelihood: str) -> Tensor:
    """What a decoder's raw output looks like, in [0, 1]: the mean of the likelihood."""
    return raw.sigmoid() if likelihood == "bernoulli" else raw.clamp(0, 1)


FAMILY = Family(
    name="vae",
    title="Variational autoencoder",
    description="An encoder and a decoder around a normal latent space: smooth to walk in, a little soft.",
    defaults={
        "image_size": 28, "channels": 1, "latent": 16, "body": "conv", "width": 32, "depth": 0,
        "likelihood": "bernoulli", "upsample": "transposed",
    },
    make=VariationalAutoencoder,
)  # fmt: skip
