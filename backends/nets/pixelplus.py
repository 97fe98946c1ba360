"""The body of PixelCNN++ (Salimans et al. 2017, section 2): images -> features of each pixel's past.

Two streams, of the rows above and of the whole past, go through three resolutions and back, with a
short-cut from each layer to its mirror image. The paper's shifted 2x3 and 2x2 convolutions are written as
masked ones of 3x3; that of the second stream sees one place more, above right. Dropout and weight norm are
left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backends.nets.masked import MaskedConv2d
from backends.nets.pixelcnn import FIRST, label_table, plus, told_to

RESOLUTIONS = 3
QUIET = 0.1  # what a layer adds at first, as in the paper's code


class PlusBody(nn.Module):
    """`down[r]` are the layers on the way down at resolution r, `up[r]` those on the way up, `depth` each."""

    def __init__(self, channels: int, width: int, depth: int, kernel: int, classes: int) -> None:
        super().__init__()
        self.width, self.depth = width, depth
        self.above = MaskedConv2d(channels, width, FIRST, "above", first=True)
        self.past = MaskedConv2d(channels, width, FIRST, "raster", first=True)
        self.down, self.up = (_layers(width, depth, kernel, mirrors) for mirrors in (False, True))
        between = range(RESOLUTIONS - 1)
        self.halve = nn.ModuleList(Pair(Halve(width, past) for past in ("above", "raster")) for _ in between)
        self.grow = nn.ModuleList(
            Pair(nn.ConvTranspose2d(width, width, 2, 2) for _ in range(2)) for _ in between
        )
        self.labels = label_table(classes, 4 * width, 2 * RESOLUTIONS * depth)

    def forward(self, images: Tensor, weights: Tensor | None = None) -> Tensor:
        """Images `[N, C, H, W]` in [-1, 1], class weights `[N, K]` -> features `[N, width, H, W]`."""
        told, grow, halve = self.told(weights), list(self.grow), list(self.halve)
        u, p = self.above(images), self.past(images)
        kept: list[list[tuple[Tensor, Tensor]]] = []
        for r in range(RESOLUTIONS):
            kept.append([])
            for layer, label in zip(at(self.down, r), told[0][r], strict=True):
                u, p = layer(u, p, None, label)
                kept[r].append((u, p))
            if r < RESOLUTIONS - 1:
                u, p = halve[r](u, p)
        for r in reversed(range(RESOLUTIONS)):
            if r < RESOLUTIONS - 1:
                size = kept[r][0][0].shape[2:]
                u, p = (stream[..., : size[0], : size[1]] for stream in grow[r](u, p))
            for layer, label in zip(at(self.up, r), told[1][r], strict=True):
                u, p = layer(u, p, kept[r].pop(), label)
        return p

    def told(self, weights: Tensor | None) -> tuple[list[list[Tensor | None]], list[list[Tensor | None]]]:
        """What each layer is told of the label, `[N, 4 width]` or None: on the way down, on the way up."""
        told, d = told_to(self.labels, weights, 2 * RESOLUTIONS * self.depth), self.depth
        each = [told[i * d : (i + 1) * d] for i in range(2 * RESOLUTIONS)]
        return each[:RESOLUTIONS], each[RESOLUTIONS:]


def at(ways: nn.ModuleList, resolution: int) -> Any:
    """The layers of one resolution."""
    return ways[resolution]


def _layers(width: int, depth: int, kernel: int, mirrors: bool) -> nn.ModuleList:
    return nn.ModuleList(
        nn.ModuleList(PlusLayer(width, kernel, mirrors) for _ in range(depth)) for _ in range(RESOLUTIONS)
    )


class Pair(nn.ModuleList):
    """A module for each stream."""

    def forward(self, u: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        return self[0](u), self[1](p)


class Halve(MaskedConv2d):
    """Every second place of every second row of a masked 3x3 convolution."""

    def __init__(self, width: int, past: str) -> None:
        super().__init__(width, width, 3, past)

    def forward(self, maps: Tensor) -> Tensor:
        return F.conv2d(maps, self.seen, self.bias, stride=2, padding=self.padding)


class PlusLayer(nn.Module):
    """A layer of both streams; on the way up each also reads what its mirror image said."""

    def __init__(self, width: int, kernel: int, mirrors: bool) -> None:
        super().__init__()
        self.above = Gated(width, kernel, "above", int(mirrors))
        self.past = Gated(width, kernel, "raster", 1 + mirrors)

    def forward(
        self, u: Tensor, p: Tensor, mirror: tuple[Tensor, Tensor] | None, label: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        u = self.above(u, mirror[:1] if mirror else (), label, 0)
        return u, self.past(p, (u, mirror[1]) if mirror else (u,), label, 1)


class Gated(nn.Module):
    """x + s * sigmoid(g): s and g by two convolutions; what comes from beside enters after the first."""

    def __init__(self, width: int, kernel: int, past: str, besides: int) -> None:
        super().__init__()
        self.first = MaskedConv2d(2 * width, width, kernel, past)
        self.beside = nn.ModuleList(nn.Conv2d(2 * width, width, 1, bias=False) for _ in range(besides))
        self.second = MaskedConv2d(2 * width, 2 * width, kernel, past)
        with torch.no_grad():
            self.second.weight.mul_(QUIET)

    def forward(self, x: Tensor, besides: Sequence[Tensor], label: Tensor | None, stream: int) -> Tensor:
        inner = self.first(both(x))
        for conv, other in zip(self.beside, besides, strict=True):
            inner = inner + conv(both(other))
        signal, gate = plus(self.second(both(inner)), label, stream).chunk(2, 1)
        out: Tensor = x + signal * gate.sigmoid()
        return out


def both(x: Tensor) -> Tensor:
    """`[N, W, …]` -> `[N, 2 W, …]`: ELU of x and of -x, so that neither side is cut off."""
    return torch.cat([F.elu(x), F.elu(-x)], 1)
