"""Convolutional networks for square images of 16, 28, 32 and 64 pixels, grey or colour.

A `width` of w means w channels at full resolution, doubled at each halving, 4 w at most: that keeps
files small and the low resolutions cheap. Every step between resolutions is a 4x4 kernel of stride 2,
whose size is a multiple of the stride, so transposed convolutions leave no checkerboards.
"""

from __future__ import annotations

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from backends.nets.mlp import SLOPE, ImageShape
from backends.nets.norms import norm_of

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

    def __init__(self, channels: int, norm: str = "batch") -> None:
        super().__init__()
        (self.norm,) = norm_of(norm, channels) or [nn.Identity()]
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, maps: Tensor) -> Tensor:
        change: Tensor = self.conv(F.relu(self.norm(maps)))
        return maps + change


def down(given: int, wanted: int, *, norm: str, how: str = "strided") -> list[nn.Module]:
    """Halve the resolution: a strided convolution, or a convolution and the mean of 2x2 pixels."""
    return [*shrink(given, wanted, how, bias=norm == "none"), *norm_of(norm, wanted), nn.LeakyReLU(SLOPE)]


def up(given: int, wanted: int, *, norm: str, how: str) -> list[nn.Module]:
    """Double the resolution, see `enlarge`; then norm and ReLU."""
    return [*enlarge(given, wanted, how, bias=norm == "none"), *norm_of(norm, wanted), nn.ReLU()]


def shrink(given: int, wanted: int, how: str, *, bias: bool = True) -> list[nn.Module]:
    """The convolutions alone that halve the resolution."""
    if how == "pooled":
        return [nn.Conv2d(given, wanted, 3, 1, 1, bias=bias), nn.AvgPool2d(2)]
    return [nn.Conv2d(given, wanted, 4, 2, 1, bias=bias)]


def enlarge(given: int, wanted: int, how: str, *, bias: bool = True) -> list[nn.Module]:
    """The convolutions alone that double the resolution.

    transposed (Radford et al. 2016), nearest neighbours then a convolution (Odena et al. 2016), or
    pixelshuffle: four times the channels, laid out as 2x2 pixels (Shi et al. 2016).
    """
    if how == "nearest":
        return [nn.Upsample(scale_factor=2), nn.Conv2d(given, wanted, 3, 1, 1, bias=bias)]
    if how == "pixelshuffle":
        return [nn.Conv2d(given, 4 * wanted, 3, 1, 1, bias=bias), nn.PixelShuffle(2)]
    return [nn.ConvTranspose2d(given, wanted, 4, 2, 1, bias=bias)]


class ConvEncoder(nn.Sequential):
    """Images `[N, C, H, W]` -> `[N, outputs]`."""

    def __init__(self, shape: ImageShape, outputs: int, width: int, depth: int = 0) -> None:
        size, _, colours = shape
        wide = channels_at(size, width)
        parts: list[nn.Module] = [nn.Conv2d(colours, wide[0], 3, padding=1), nn.LeakyReLU(SLOPE)]
        for given, wanted in pairwise(wide):
            parts += down(given, wanted, norm="batch")
            parts += [Residual(wanted) for _ in range(depth)]
        features = wide[-1] * resolutions(size)[-1] ** 2
        super().__init__(*parts, nn.Flatten(), nn.Linear(features, outputs))


class ConvDecoder(nn.Sequential):
    """Codes `[N, inputs]` -> raw images `[N, C, H, W]` (no output function).

    With `finest` half, the last maps have half the image's resolution and give the pixels directly, as in
    DCGAN's paper: for the same time the maps can be about twice as wide.
    """

    def __init__(
        self,
        inputs: int,
        shape: ImageShape,
        width: int,
        depth: int = 0,
        how: str = "transposed",
        norm: str = "batch",
        finest: str = "full",
    ) -> None:
        size, _, colours = shape
        wide, least = channels_at(size, width)[::-1], resolutions(size)[-1]
        inner = wide if finest == "full" else wide[:-1]
        parts: list[nn.Module] = [
            nn.Linear(inputs, wide[0] * least**2, bias=norm == "none"),
            nn.Unflatten(1, (wide[0], least, least)),
            *norm_of(norm, wide[0]),
            nn.ReLU(),
        ]
        for given, wanted in pairwise(inner):
            parts += [Residual(given, norm) for _ in range(depth)]
            parts += up(given, wanted, norm=norm, how=how)
        if finest == "full":
            last: list[nn.Module] = [nn.Conv2d(inner[-1], colours, 3, padding=1)]
        else:
            last = enlarge(inner[-1], colours, how)
        super().__init__(*parts, *last)


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

    Without batch norm, DCGAN's 0.02 shrinks narrow layers' signals until the critic is blind.
    """
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight, SLOPE)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
