"""The opponents of a generator, needed in training only: they say how real an image looks.

All take images in [-1, 1] `[N, C, H, W]` and class weights `[N, K]` (or None) and give a pair: scores `[N]`,
and for a critic that names classes logits `[N, K]`, else None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backends.nets.conv import (
    ConvDecoder,
    channels_at,
    down,
    init_leaky,
    resolutions,
    shrink,
)
from backends.nets.mlp import HIDDEN_PER_WIDTH, SLOPE, ImageShape, LabelTable, MlpDecoder, layers, pixels
from backends.nets.resnet import resnet_trunk

Verdict = tuple[Tensor, Tensor | None]


@dataclass(frozen=True)
class Critical:
    """How a critic is built.

    `labels` says how it is told the class: `none`, `concatenation` (planes of ones beside the image, Mirza
    and Osindero 2014), `projection` (Miyato and Koyama 2018), or that it names the class itself, `auxiliary`
    (Odena et al. 2017). With `spread` it also sees how much the images of a batch differ.
    """

    width: int
    norm: str = "none"
    downsample: str = "strided"
    spectral: bool = False
    spread: bool = True
    labels: str = "none"
    classes: int = 0


class Critic(nn.Module):
    """`body` gives maps `[N, C, s, s]` (an mlp features `[N, F]`), from which all is read."""

    def __init__(self, config: Mapping[str, Any], how: Critical) -> None:
        super().__init__()
        self.how, self.pools, self.flat = how, config["body"] == "resnet", config["body"] == "mlp"
        parts, channels, side = trunk(config, how)
        self.body = nn.Sequential(*parts)
        flat = channels if self.pools else channels * side**2
        self.join = join(channels, flat=self.flat) if how.spread else None
        self.score = nn.Linear(flat, 1)
        self.labels = LabelTable(how.classes, channels) if how.labels == "projection" else None
        self.names = nn.Linear(flat, how.classes) if how.labels == "auxiliary" else None
        if how.spectral:
            spectral_norm(self)
        else:
            init_leaky(self)

    def forward(self, images: Tensor, weights: Tensor | None = None) -> Verdict:
        maps = self.body(self._told(images, weights))
        if self.join is not None:
            maps = F.leaky_relu(self.join(with_spread(maps)), SLOPE)
        pooled = maps.mean((2, 3)) if maps.ndim == 4 else maps
        features = pooled if self.pools else maps.flatten(1)
        scores = self.score(features)[:, 0]
        if self.labels is not None:
            scores = scores + match(pooled, self.labels, weights)
        return scores, None if self.names is None else self.names(features)

    def _told(self, images: Tensor, weights: Tensor | None) -> Tensor:
        if self.flat:
            images = images.flatten(1)
        if self.how.labels != "concatenation":
            return images
        assert weights is not None, "a conditional critic needs labels"
        if self.flat:
            return torch.cat([images, weights.to(images.dtype)], 1)
        planes = weights.to(images.dtype)[:, :, None, None].expand(-1, -1, *images.shape[2:])
        return torch.cat([images, planes], 1)


class AutoencodingCritic(nn.Module):
    """BEGAN's critic: an autoencoder whose error |v - D(v)|, mean over an image's pixels, is the score.

    `balance` is k of its loss (Berthelot et al. 2017, equation 6), kept here so that checkpoints have it.
    """

    def __init__(self, config: Mapping[str, Any], how: Critical) -> None:
        super().__init__()
        shape: ImageShape = (config["image_size"], config["image_size"], config["channels"])
        code = config["latent"]
        parts, channels, side = trunk(config, how)
        start = [nn.Flatten()] if config["body"] == "mlp" else []
        self.encoder = nn.Sequential(*start, *parts, nn.Flatten(), nn.Linear(channels * side**2, code))
        if config["body"] == "mlp":
            self.decoder: nn.Module = MlpDecoder(code, shape, how.width)
        else:
            self.decoder = ConvDecoder(
                code, shape, how.width, how="nearest", norm="none", finest=config["finest"]
            )
        self.balance = nn.Buffer(torch.zeros(()))
        init_leaky(self)

    def forward(self, images: Tensor, weights: Tensor | None = None) -> Verdict:
        again = torch.tanh(self.decoder(self.encoder(images)))
        return (images - again).abs().mean((1, 2, 3)), None


def trunk(config: Mapping[str, Any], how: Critical) -> tuple[list[nn.Module], int, int]:
    """Layers of the configuration's body; channels of their last maps, and their side (1 for an mlp)."""
    size = config["image_size"]
    told = how.classes if how.labels == "concatenation" else 0
    if config["body"] == "mlp":
        hidden = how.width * HIDDEN_PER_WIDTH
        sizes = [pixels((size, size, config["channels"])) + told, hidden, hidden]
        return layers(sizes, norm=how.norm), hidden, 1
    colours = config["channels"] + told
    if config["body"] == "resnet":
        parts, channels = resnet_trunk(colours, size, how.width, how.norm, how.downsample)
        return parts, channels, resolutions(size)[-1]
    wide = channels_at(size, how.width)
    if config["finest"] == "half":
        parts = [*shrink(colours, wide[1], how.downsample), nn.LeakyReLU(SLOPE)]
        wide = wide[1:]
    else:
        parts = [nn.Conv2d(colours, wide[0], 3, padding=1), nn.LeakyReLU(SLOPE)]
    for given, wanted in pairwise(wide):
        parts += down(given, wanted, norm=how.norm, how=how.downsample)
    return parts, wide[-1], resolutions(size)[-1]


def join(channels: int, *, flat: bool) -> nn.Module:
    """The layer that reads maps or features with the spread beside them."""
    if flat:
        return nn.Linear(channels + 1, channels)
    return nn.Conv2d(channels + 1, channels, 3, padding=1)


def with_spread(maps: Tensor) -> Tensor:
    """Append the mean standard deviation over the batch as one more channel: `[N, C + 1, …]`.

    A critic that sees it sees a collapse (Karras et al. 2018, section 3).
    """
    spread = (maps.var(0, unbiased=False) + 1e-8).sqrt().mean()
    return torch.cat([maps, spread.expand(len(maps), 1, *maps.shape[2:])], 1)


def match(features: Tensor, labels: LabelTable, weights: Tensor | None) -> Tensor:
    """The class's part of a projection's score, y^T V h: `[N]` (Miyato and Koyama 2018, equation 3)."""
    assert weights is not None, "a conditional critic needs labels"
    return (labels(weights) * features).sum(1) / features.shape[1] ** 0.5


def spectral_norm(network: nn.Module) -> None:
    """Bound the Lipschitz constant of every linear layer and convolution (Miyato et al. 2018)."""
    for module in list(network.modules()):
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.utils.parametrizations.spectral_norm(module)
