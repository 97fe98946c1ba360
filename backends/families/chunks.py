"""An autoencoder whose code falls into chunks that can be exchanged between images (Hu et al. 2018, MIX).

It has no prior of its own, so each chunk is drawn from a mixture of Gaussians that `set_prior` fits to
encoded training data, independent of the other chunks: that they may be combined freely is what the training
is for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from backends.api import Capability
from backends.families.autoencoder import empirical, measured
from backends.model import Model
from backends.nets import build
from backends.nets.patches import PatchDecoder, PatchEncoder
from backends.registry import Family
from backends.space import Array, LatentSpace

BODIES = ("conv", "mlp", "patches")


class ChunkedAutoencoder(Model):
    """`encoder` gives all chunks one after the other, `decoder` the raw image."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.count, size = config["chunks"], config["latent"]
        nothing = np.zeros(size), np.eye(size)
        space = LatentSpace(tuple(empirical(_name(n), *nothing) for n in range(self.count)))
        can = frozenset({Capability.GENERATES, Capability.ENCODES})
        super().__init__(config, space, can, build.image_shape(config))
        self.encoder, self.decoder = _networks(config, self.count * size)

    @property
    def ends(self) -> tuple[nn.Linear, nn.Linear]:
        """The encoder's last layer and the decoder's first: a row and a column for each number of a code."""
        encoder, decoder = ([layer for layer in network.modules() if isinstance(layer, nn.Linear)]
                            for network in (self.encoder, self.decoder))  # fmt: skip
        return encoder[-1], decoder[0]

    def numbers(self, chunks: Iterable[int]) -> Tensor:
        """Where the numbers of chunks, counted from 0, stand in a code."""
        return torch.arange(self.space.size).reshape(self.count, -1)[list(chunks)].flatten()

    def leave_out(self, chunks: Collection[int], means: Tensor) -> None:
        """Remove chunks that always say the same, `means` `[D]` of all numbers; `set_prior` must follow."""
        kept = self.numbers(n for n in range(self.count) if n not in chunks)
        gone = self.numbers(chunks)
        written, read = self.ends
        read.bias.data += read.weight.data[:, gone] @ means[gone]
        read.weight.data, read.in_features = read.weight.data[:, kept], len(kept)
        written.weight.data, written.out_features = written.weight.data[kept], len(kept)
        written.bias.data = written.bias.data[kept]
        self.count -= len(chunks)
        self.config["chunks"] = self.count

    def set_prior(self, codes: Array) -> None:
        """Measure each chunk on encoded training data `[N, D]`."""
        chunks = np.split(np.asarray(codes, np.float64), self.count, axis=1)
        self.space = LatentSpace(tuple(measured(_name(n), chunk) for n, chunk in enumerate(chunks)))

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        images: Tensor = self.decoder(codes).sigmoid()
        return images

    def encode(self, images: Tensor) -> Tensor:
        codes: Tensor = self.encoder(images)
        return codes


def _networks(config: Mapping[str, Any], code: int) -> tuple[nn.Module, nn.Module]:
    if config["body"] != "patches":
        return build.encoder(config, code), build.decoder(config, code)
    shape, width, depth = build.image_shape(config), config["width"], config["depth"]
    return PatchEncoder(shape, code, width, depth), PatchDecoder(code, shape, width, depth)


def _name(number: int) -> str:
    return f"chunk {number + 1}"


FAMILY = Family(
    name="chunks",
    title="Mixing autoencoder",
    description="A code in chunks: each can be taken from another image, and the mix looks real.",
    defaults={
        "image_size": 28, "channels": 1, "latent": 8, "chunks": 8, "body": "patches", "width": 16, "depth": 0,
        "upsample": "transposed",
    },
    make=ChunkedAutoencoder,
    choices={"body": BODIES},
    ranges={"chunks": (2, 64), "latent": (1, 256)},
)  # fmt: skip
