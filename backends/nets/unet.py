"""The U-Net of diffusion models, small enough for a processor.

As in Ho et al. (2020, appendix B) with the blocks of Dhariwal and Nichol (2021): what the time and the class
say scales and shifts the second norm of every residual block. One block a resolution by default, attention
at the lowest only: there is where most of a processor's time buys most (Hoogeboom et al. 2023, section 3).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backends.nets.conv import channels_at
from backends.nets.mlp import ImageShape, LabelTable

GROUPS = 8  # of group norm
HEAD = 32  # channels of an attention head
EMBEDDING = 4  # times `width`: numbers that say time and class
TURNS = 1000.0  # the longest of the waves that say the time, in steps of a thousand


class UNet(nn.Module):
    """Images `[N, C, H, W]`, times `[N]` in (0, 1] and class weights `[N, K]` or None -> `[N, C, H, W]`.

    Class weights of zero mean that nothing is said about the class. The last convolution starts at zero.
    """

    def __init__(self, shape: ImageShape, width: int, depth: int, classes: int, patch: int = 1) -> None:
        super().__init__()
        size, _, colours = shape
        wide, told = channels_at(size // patch, width), EMBEDDING * width
        self.width = width
        self.time = nn.Sequential(nn.Linear(width, told), nn.SiLU(), nn.Linear(told, told))
        self.labels = LabelTable(classes, told) if classes else None
        self.stem = nn.Conv2d(colours, wide[0], patch + 2, patch, 1)
        self.down, kept = _down(wide, depth, told)
        self.middle = nn.ModuleList([
            Residual(wide[-1], wide[-1], told), Attention(wide[-1]), Residual(wide[-1], wide[-1], told),
        ])  # fmt: skip
        self.up = _up(wide, depth, told, kept)
        last = nn.Conv2d(wide[0], colours * patch**2, 3, padding=1)
        self.out = nn.Sequential(norm(wide[0]), nn.SiLU(), last, nn.PixelShuffle(patch))
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]

    def forward(self, images: Tensor, times: Tensor, weights: Tensor | None = None) -> Tensor:
        told = self.time(waves(times, self.width))
        if self.labels is not None and weights is not None:
            told = told + self.labels(weights)
        told = F.silu(told)
        maps = self.stem(images)
        kept = [maps]
        for layer in self.down:
            maps = layer(maps, told)
            kept.append(maps)
        for layer in self.middle:
            maps = layer(maps, told)
        for layer in self.up:
            if isinstance(layer, Residual):
                maps = torch.cat([maps, kept.pop()], 1)
            maps = layer(maps, told)
        out: Tensor = self.out(maps)
        return out


def _down(wide: list[int], depth: int, told: int) -> tuple[nn.ModuleList, list[int]]:
    """Layers from full resolution to the lowest, and the channels of each of their results."""
    layers, kept = nn.ModuleList(), [wide[0]]
    for level, channels in enumerate(wide):
        if level:
            layers.append(Halve(kept[-1]))
            kept.append(kept[-1])
        for _ in range(depth):
            layers.append(Residual(kept[-1], channels, told))
            kept.append(channels)
    return layers, kept


def _up(wide: list[int], depth: int, told: int, kept: list[int]) -> nn.ModuleList:
    """The way back; every residual block reads one of the kept maps besides."""
    layers, kept = nn.ModuleList(), list(kept)
    given = wide[-1]
    for level, channels in reversed(list(enumerate(wide))):
        for _ in range(depth + 1):
            layers.append(Residual(given + kept.pop(), channels, told))
            given = channels
        if level:
            layers.append(Double(channels))
    return layers


def norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(math.gcd(GROUPS, channels), channels)


class Residual(nn.Module):
    """Two 3x3 convolutions beside a straight way; `told` `[N, E]` scales and shifts between them."""

    def __init__(self, given: int, wanted: int, told: int) -> None:
        super().__init__()
        self.first = nn.Sequential(norm(given), nn.SiLU(), nn.Conv2d(given, wanted, 3, padding=1))
        self.told = nn.Linear(told, 2 * wanted)
        self.norm = norm(wanted)
        self.second = nn.Conv2d(wanted, wanted, 3, padding=1)
        self.straight = nn.Identity() if given == wanted else nn.Conv2d(given, wanted, 1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]

    def forward(self, maps: Tensor, told: Tensor) -> Tensor:
        scale, shift = self.told(told)[:, :, None, None].chunk(2, 1)
        inner = F.silu(torch.addcmul(shift, self.norm(self.first(maps)), 1 + scale))
        out: Tensor = self.straight(maps) + self.second(inner)
        return out


class Attention(nn.Module):
    """Every place looks at all others (Vaswani et al. 2017), beside a straight way."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.heads = max(1, channels // HEAD)
        self.norm = norm(channels)
        self.ask = nn.Conv2d(channels, 3 * channels, 1)
        self.answer = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.answer.weight)
        nn.init.zeros_(self.answer.bias)  # type: ignore[arg-type]

    def forward(self, maps: Tensor, told: Tensor) -> Tensor:
        n, c, h, w = maps.shape
        asked = self.ask(self.norm(maps)).reshape(n, 3, self.heads, c // self.heads, h * w)
        query, key, value = asked.transpose(-1, -2).unbind(1)  # [N, heads, H W, c]
        seen = F.scaled_dot_product_attention(query, key, value)
        out: Tensor = maps + self.answer(seen.transpose(-1, -2).reshape(n, c, h, w))
        return out


class Halve(nn.Conv2d):
    """Half the resolution."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 3, 2, 1)

    def forward(self, maps: Tensor, told: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(maps)


class Double(nn.Conv2d):
    """Twice the resolution: nearest neighbours, then a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 3, padding=1)

    def forward(self, maps: Tensor, told: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(F.interpolate(maps, scale_factor=2.0))


def waves(times: Tensor, features: int) -> Tensor:
    """Times `[N]` in [0, 1] as cosines and sines of falling frequency `[N, features]` (Vaswani 2017)."""
    half = features // 2
    steps = torch.arange(half, device=times.device, dtype=torch.float32) / half
    angles = TURNS * times.float()[:, None] * torch.exp(-math.log(10_000) * steps)
    return torch.cat([angles.cos(), angles.sin()], 1)
