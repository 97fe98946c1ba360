"""Convolutional networks for square images of 16, 28, 32 and 64 pixels, grey or colour.

A `width` of w means w channels at full resolution, doubled at each halving, 4 w at most: that keeps
files small and the low resolutions cheap. Every step between resolutions is a 4x4 kernel of stride 2,
whose size is a multiple of the stride, so transposed convolutions leave no checkerboards.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backends.nets.mlp import SLOPE, ImageShape, LabelTable, score, spectral_norm

WIDEST = 4  # times `width`


def resolutions(size: int) -> list[int]:
    """From full resolution down to the smallest map: 28, 14, 7 or 64, 32, 16, 8, 4."""
    out = [size]
    while out[-1] % 2 == 0 and out[-1] > 4:
        out.append(out[-1] // 2)
    return out


def channels_at(size: int, width: int) -> list[int]:
    """Channels at each of `resolutions(size)`."""
    return [width * min(2**level, WIDEST) for level in range(len(resolutions(size)))]


class Residual(nn.Module):
    """x + conv(act(norm(x))), 3x3: more depth at one resolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, maps: Tensor) -> Tensor:
        change: Tensor = self.conv(F.relu(self.norm(maps)))
        return maps + change


def down(given: int, wanted: int, *, norm: bool) -> list[nn.Module]:
    conv = nn.Conv2d(given, wanted, 4, 2, 1, bias=not norm)
    return [conv, *([nn.BatchNorm2d(wanted)] if norm else []), nn.LeakyReLU(SLOPE)]


def up(given: int, wanted: int, *, norm: bool, how: str) -> list[nn.Module]:
    """Double the resolution: a transposed convolution, or nearest neighbours and a convolution."""
    if how == "nearest":
        conv: list[nn.Module] = [
            nn.Upsample(scale_factor=2),
            nn.Conv2d(given, wanted, 3, 1, 1, bias=not norm),
        ]
    else:
        conv = [nn.ConvTranspose2d(given, wanted, 4, 2, 1, bias=not norm)]
    return [*conv, *([nn.BatchNorm2d(wanted)] if norm else []), nn.ReLU()]


class ConvEncoder(nn.Sequential):
    """Images `[N, C, H, W]` -> `[N, outputs]`."""

    def __init__(self, shape: ImageShape, outputs: int, width: int, depth: int = 0) -> None:
        size, _, colours = shape
        wide = channels_at(size, width)
        parts: list[nn.Module] = [nn.Conv2d(colours, wide[0], 3, padding=1), nn.LeakyReLU(SLOPE)]
        for given, wanted in pairwise(wide):
            parts += down(given, wanted, norm=True)
            parts += [Residual(wanted) for _ in range(depth)]
        features = wide[-1] * resolutions(size)[-1] ** 2
        super().__init__(*parts, nn.Flatten(), nn.Linear(features, outputs))


class ConvDecoder(nn.Sequential):
    """Codes `[N, inputs]` -> raw images `[N, C, H, W]` (no output function)."""

    def __init__(
        self, inputs: int, shape: ImageShape, width: int, depth: int = 0, how: str = "transposed"
    ) -> None:
        size, _, colours = shape
        wide, least = channels_at(size, width)[::-1], resolutions(size)[-1]
        parts: list[nn.Module] = [
            nn.Linear(inputs, wide[0] * least**2, bias=False),
            nn.Unflatten(1, (wide[0], least, least)),
            nn.BatchNorm2d(wide[0]),
            nn.ReLU(),
        ]
        for given, wanted in pairwise(wide):
            parts += [Residual(given) for _ in range(depth)]
            parts += up(given, wanted, norm=True, how=how)
        super().__init__(*parts, nn.Conv2d(wide[-1], colours, 3, padding=1))


class ConvDiscriminator(nn.Module):
    """Images in [-1, 1] `[N, C, H, W]` (and class weights `[N, K]`) -> scores `[N]`.

    No batch norm, so that a score depends on its own image; the spread over the batch is appended as
    one map, with which it sees a collapse (Karras et al. 2018, section 3).
    """

    def __init__(self, shape: ImageShape, width: int, classes: int = 0, *, spectral: bool = False) -> None:
        super().__init__()
        size, _, colours = shape
        wide, least = channels_at(size, width), resolutions(size)[-1]
        parts: list[nn.Module] = [nn.Conv2d(colours, wide[0], 3, padding=1), nn.LeakyReLU(SLOPE)]
        for given, wanted in pairwise(wide):
            parts += down(given, wanted, norm=False)
        self.body = nn.Sequential(*parts)
        self.join = nn.Conv2d(wide[-1] + 1, wide[-1], 3, padding=1)
        self.score = nn.Linear(wide[-1] * least**2, 1)
        self.labels = LabelTable(classes, wide[-1]) if classes else None
        if spectral:
            spectral_norm(self)

    def forward(self, images: Tensor, weights: Tensor | None = None) -> Tensor:
        maps = F.leaky_relu(self.join(with_spread(self.body(images))), SLOPE)
        return score(maps.mean((2, 3)), self.score(maps.flatten(1)), self.labels, weights)


def with_spread(maps: Tensor) -> Tensor:
    """Append the mean standard deviation over the batch as one more channel: `[N, C + 1, H, W]`."""
    spread = (maps.var(0, unbiased=False) + 1e-8).sqrt().mean()
    return torch.cat([maps, spread.expand(len(maps), 1, *maps.shape[2:])], 1)


class ConvFeatures(nn.Sequential):
    """Images `[N, C, H, W]` -> features `[N, F]`, F = `features`: the body of a classifier."""

    def __init__(self, shape: ImageShape, width: int, features: int) -> None:
        parts: list[nn.Module] = []
        size, _, given = shape
        for wanted in channels_at(size, width):
            parts += [*_same(given, wanted), *_same(wanted, wanted), nn.MaxPool2d(2)]
            given = wanted
        parts += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(given, features), nn.ReLU()]
        super().__init__(*parts)


def _same(given: int, wanted: int) -> list[nn.Module]:
    return [nn.Conv2d(given, wanted, 3, padding=1, bias=False), nn.BatchNorm2d(wanted), nn.ReLU()]


def init_dcgan(network: nn.Module) -> None:
    """Normal weights of deviation 0.02 (Radford et al. 2016, section 3)."""
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
            nn.init.normal_(module.weight, 1, 0.02)


def init_leaky(network: nn.Module) -> None:
    """Normal weights that keep the signal's scale through LeakyReLU (He et al. 2015, equation 15).

    Without batch norm, DCGAN's 0.02 shrinks narrow layers' signals until the discriminator is blind.
    """
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, SLOPE)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
