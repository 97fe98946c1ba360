"""Convolutions that see only the past of each pixel in raster order (van den Oord et al. 2016).

Three shapes of past: `raster` (the rows above and the pixels to the left), `above` (the rows above) and
`left` (the same row to the left). The first layer of a network reads the image and must not see the pixel
itself (mask A); later layers read features of the pixel's past and may (mask B).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MaskedConv2d(nn.Conv2d):
    """A convolution `[N, I, H, W] -> [N, O, H, W]` of odd size with the taps of the future at zero.

    Taps stand `spread` pixels apart (dilation).
    """

    mask: Tensor

    def __init__(
        self, inputs: int, outputs: int, size: int, past: str, *, first: bool = False, spread: int = 1
    ) -> None:
        rows = 1 if past == "left" else size
        padding = (rows // 2 * spread, size // 2 * spread)
        super().__init__(inputs, outputs, (rows, size), padding=padding, dilation=spread)
        self.past = past
        self.register_buffer("mask", taps(size, past, first=first)[None, None])
        with torch.no_grad():  # as many inputs as are seen, not as the kernel has
            seen = inputs * float(self.mask.sum()) if self.mask.device.type != "meta" else 1.0
            self.weight.normal_(0, 1 / math.sqrt(max(seen, 1.0)))
            assert self.bias is not None
            self.bias.zero_()

    @property
    def seen(self) -> Tensor:
        """The weights `[O, I, rows, columns]` with those of the future at zero."""
        return self.weight * self.mask

    def forward(self, images: Tensor) -> Tensor:
        return F.conv2d(images, self.seen, self.bias, padding=self.padding, dilation=self.dilation)


def taps(size: int, past: str, *, first: bool) -> Tensor:
    """Which taps of a kernel are seen, 1 or 0: `[size, size]`, for `left` `[1, size]`."""
    middle = size // 2
    if past == "left":
        row = torch.zeros(1, size)
        row[0, : middle + (not first)] = 1
        return row
    mask = torch.zeros(size, size)
    mask[:middle] = 1
    if past == "raster":
        mask[middle, : middle + (not first)] = 1
    elif not first:
        mask[middle] = 1
    return mask
