"""Vector-quantised autoencoder (van den Oord, Vinyals and Kavukcuoglu 2017).

An image becomes a small map of vectors, each replaced by the nearest entry of a codebook, so it is told by
whole numbers. To steer such a map by hand it needs fewer and continuous numbers: a code is `latent` whitened
principal components of the maps before they are quantised, as measured on training images. That is a simple
prior, gaussian over maps; what it draws is brought to known entries by the codebook.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from backends.api import Capability, View
from backends.families.vae import shown
from backends.model import Model, Sheet
from backends.nets import build
from backends.nets.conv import down, up
from backends.registry import Family
from backends.space import LatentSpace, Part

SHRINK = 4  # an image of 28 pixels becomes a map of 7

VIEWS = (
    View("map", "Code map", "An image as the codebook's entries: the image, its map (each entry a shade), "
         "and what the decoder makes of the map.", "image"),
    View("codebook", "Codebook", "What each entry looks like when it fills the whole map."),
)  # fmt: skip


class VectorQuantised(Model):
    """`encoder` gives maps `[N, d, h, w]`, `codebook` `[K, d]` the entries, `decoder` the raw image."""

    views = VIEWS

    def __init__(self, config: dict[str, Any]) -> None:
        space = LatentSpace((Part("z", (config["latent"],)),))
        can = frozenset({Capability.GENERATES, Capability.ENCODES})
        super().__init__(config, space, can, build.image_shape(config))
        size, _, colours = self.image_shape
        width, entry = config["width"], config["entry"]
        self.encoder = nn.Sequential(
            *down(colours, 2 * width, norm="batch"), *down(2 * width, 4 * width, norm="batch"),
            nn.Conv2d(4 * width, entry, 1),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Conv2d(entry, 4 * width, 3, padding=1), nn.ReLU(),
            *up(4 * width, 2 * width, norm="batch", how=config["upsample"]),
            *up(2 * width, width, norm="batch", how=config["upsample"]),
            nn.Conv2d(width, colours, 3, padding=1),
        )  # fmt: skip
        self.codebook = nn.Parameter(torch.randn(config["entries"], entry))
        self.map_shape = (entry, size // SHRINK, size // SHRINK)
        flat = entry * (size // SHRINK) ** 2
        self.mean: Tensor
        self.factor: Tensor
        self.register_buffer("mean", torch.zeros(flat))
        self.register_buffer("factor", torch.eye(flat, config["latent"]))

    def nearest(self, maps: Tensor) -> Tensor:
        """Maps `[N, d, h, w]` -> the nearest entry's number at each place `[N, h, w]`."""
        vectors = maps.permute(0, 2, 3, 1)
        apart = self.codebook.square().sum(1) - 2 * vectors @ self.codebook.T
        return apart.argmin(-1)

    def look_up(self, entries: Tensor) -> Tensor:
        """Numbers of entries `[N, h, w]` -> maps `[N, d, h, w]`."""
        return self.codebook[entries].permute(0, 3, 1, 2)

    def set_space(self, maps: Tensor) -> None:
        """Measure mean and principal components on maps `[N, d, h, w]` of training images."""
        flat = maps.flatten(1)
        mean, latent = flat.mean(0), self.config["latent"]
        values, vectors = torch.linalg.eigh(torch.cov((flat - mean).T.double()))
        values, vectors = values.flip(0)[:latent].clamp_min(1e-9), vectors.flip(1)[:, :latent]
        self.mean, self.factor = mean, (vectors * values.sqrt()).float()

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        maps = (self.mean + codes @ self.factor.T).reshape(-1, *self.map_shape)
        return self.paint(self.nearest(maps))

    def paint(self, entries: Tensor) -> Tensor:
        """Numbers of entries `[N, h, w]` -> images in [0, 1]."""
        return shown(self.decoder(self.look_up(entries)), self.config["likelihood"])

    def encode(self, images: Tensor) -> Tensor:
        """The principal components of the map: the factor's columns are orthogonal."""
        flat = self.encoder(images).flatten(1) - self.mean
        return flat @ self.factor / self.factor.square().sum(0)

    def view(
        self, name: str, codes: Tensor | None, images: Tensor | None, options: Mapping[str, Any]
    ) -> Iterator[Sheet]:
        if name == "map" and images is not None:
            yield self._map(images)
        elif name == "codebook":
            entries = torch.arange(self.config["entries"], device=self.mean.device)
            filled = entries[:, None, None].expand(-1, *self.map_shape[1:])
            yield Sheet(self.paint(filled), tuple(str(n) for n in entries.tolist()))
        else:
            yield from super().view(name, codes, images, options)

    def _map(self, images: Tensor) -> Sheet:
        entries = self.nearest(self.encoder(images))
        shades = entries[:, None].float() / max(self.config["entries"] - 1, 1)
        drawn = nn.functional.interpolate(shades, scale_factor=SHRINK).expand_as(images)
        again = self.paint(entries)
        error = float((again - images).square().mean())
        text = f"{entries.unique().numel()} of {self.config['entries']} entries, error {error:.4f}."
        return Sheet(torch.cat([images, drawn, again]), ("image", "map", "decoded"), 3, text)


class Usage(nn.Module):
    """How often each entry was used of late, `counts` `[K]`: a training needs it to go on where it was."""

    def __init__(self, entries: int) -> None:
        super().__init__()
        self.counts: Tensor
        self.register_buffer("counts", torch.zeros(entries))


FAMILY = Family(
    name="vqvae",
    title="Vector-quantised autoencoder",
    description="An autoencoder with a codebook: images become small maps of whole numbers.",
    defaults={
        "image_size": 28, "channels": 1, "latent": 32, "width": 16, "entry": 16, "entries": 64,
        "likelihood": "bernoulli", "upsample": "transposed",
    },
    make=VectorQuantised,
    ranges={"entry": (1, 256), "entries": (2, 4096)},
)  # fmt: skip
