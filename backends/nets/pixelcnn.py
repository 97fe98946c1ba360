"""The bodies of PixelCNN and Gated PixelCNN: images in [-1, 1] -> features of each pixel's past.

Outside the image lies 0, which no pixel of black and white is, so that a border is told from a colour.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from backends.nets.masked import MaskedConv2d

FIRST = 7  # pixels across of the first kernel, as in both papers


class PlainBody(nn.Module):
    """PixelCNN (van den Oord, Kalchbrenner and Kavukcuoglu 2016, section 3.4 and figure 5).

    One stack of residual blocks. Its receptive field has a blind spot: what lies above and to the
    right beyond a slope is never seen.
    """

    def __init__(self, channels: int, width: int, depth: int, kernel: int, classes: int) -> None:
        super().__init__()
        self.width = width
        self.first = MaskedConv2d(channels, width, FIRST, "raster", first=True)
        self.blocks = nn.ModuleList(PlainBlock(width, kernel) for _ in range(depth))
        self.labels = label_table(classes, width // 2, depth)

    def forward(self, images: Tensor, weights: Tensor | None = None) -> Tensor:
        """Images `[N, C, H, W]` in [-1, 1], class weights `[N, K]` -> features `[N, width, H, W]`."""
        told = told_to(self.labels, weights, len(self.blocks))
        h: Tensor = self.first(images)
        for block, label in zip(self.blocks, told, strict=True):
            h = block(h, label)
        return h


class PlainBlock(nn.Module):
    """ReLU, 1x1 to half the width, masked convolution, 1x1 back: added to what came in."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(width, width // 2, 1)
        self.conv = MaskedConv2d(width // 2, width // 2, kernel, "raster")
        self.widen = nn.Conv2d(width // 2, width, 1, bias=False)

    def forward(self, h: Tensor, label: Tensor | None) -> Tensor:
        inner = self.conv(self.narrow(h.relu()).relu())
        if label is not None:
            inner = inner + label[:, :, None, None]
        out: Tensor = h + self.widen(inner.relu())
        return out


class GatedBody(nn.Module):
    """Gated PixelCNN (van den Oord et al. 2016, Conditional Image Generation, section 2 and figure 2).

    A vertical stack sees all rows above, a horizontal one the row to the left and the vertical stack:
    together the whole past, without a blind spot. Each layer is y = tanh(W_f x + V_f l) * sigmoid(W_g x
    + V_g l), l the label (equation 4). Here the vertical stack is residual too, and its taps may stand
    apart, twice as far in each layer up to `spread` and then close again: so few layers see the
    whole height of an image.
    """

    def __init__(
        self, channels: int, width: int, depth: int, kernel: int, classes: int, spread: int = 1
    ) -> None:
        super().__init__()
        self.width = width
        self.above = MaskedConv2d(channels, 2 * width, FIRST, "above", first=True)
        self.left = MaskedConv2d(channels, 2 * width, FIRST, "left", first=True)
        self.link = linked(width)
        apart = [2 ** (i % spread.bit_length()) for i in range(depth)]  # 1, 2, 4, 1, 2, … for 4
        self.layers = nn.ModuleList(GatedLayer(width, kernel, far) for far in apart)
        self.labels = label_table(classes, 4 * width, depth + 1)

    def forward(self, images: Tensor, weights: Tensor | None = None) -> Tensor:
        """Images `[N, C, H, W]` in [-1, 1], class weights `[N, K]` -> features `[N, width, H, W]`."""
        told = told_to(self.labels, weights, len(self.layers) + 1)
        v = gated(plus(self.above(images), told[0], 0))
        h = gated(plus(self.left(images) + self.link(v), told[0], 1))
        for layer, label in zip(self.layers, told[1:], strict=True):
            v, h = layer(v, h, label)
        return h


class GatedLayer(nn.Module):
    """One layer of both stacks; `link` carries the vertical one into the horizontal one."""

    def __init__(self, width: int, kernel: int, spread: int = 1) -> None:
        super().__init__()
        self.above = MaskedConv2d(width, 2 * width, kernel, "above", spread=spread)
        self.left = MaskedConv2d(width, 2 * width, kernel, "left")
        self.link = linked(width)
        self.out = nn.Conv2d(width, width, 1, bias=False)

    def forward(self, v: Tensor, h: Tensor, label: Tensor | None) -> tuple[Tensor, Tensor]:
        v = v + gated(plus(self.above(v), label, 0))
        inner = gated(plus(self.left(h) + self.link(v), label, 1))
        return v, h + self.out(inner)


def gated(pre: Tensor) -> Tensor:
    """`[N, 2 W, ...]` -> `[N, W, ...]`: tanh of one half times sigmoid of the other."""
    signal, gate = pre.chunk(2, 1)
    return signal.tanh() * gate.sigmoid()


def plus(pre: Tensor, label: Tensor | None, stack: int) -> Tensor:
    """`pre` and what the label adds to it: its first half to the vertical stack, its second to the other."""
    return pre if label is None else pre + label.chunk(2, 1)[stack][:, :, None, None]


def linked(width: int) -> nn.Conv2d:
    """1x1 from the vertical stack to both halves of the horizontal one."""
    conv = nn.Conv2d(width, 2 * width, 1, bias=False)
    if conv.weight.device.type != "meta":
        nn.init.normal_(conv.weight, 0, 1 / math.sqrt(width))
    return conv


def label_table(classes: int, features: int, layers: int) -> nn.Linear | None:
    """Class weights `[N, K]` -> `[N, layers * features]`; it begins at zero, as if there were no label."""
    if not classes:
        return None
    table = nn.Linear(classes, layers * features, bias=False)
    if table.weight.device.type != "meta":
        nn.init.zeros_(table.weight)
    return table


def told_to(table: nn.Linear | None, weights: Tensor | None, layers: int) -> list[Tensor | None]:
    """What each layer is told of the label: `[N, features]`, or None without labels."""
    if table is None:
        return [None] * layers
    assert weights is not None, "a conditional model needs a label"
    return list(torch.chunk(table(weights), layers, 1))
