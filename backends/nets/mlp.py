"""Fully connected networks. A `width` of w means hidden layers of 16 w features."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from backends.nets.norms import norm_of

ImageShape = tuple[int, int, int]  # H, W, C
HIDDEN_PER_WIDTH = 16
SLOPE = 0.2  # of LeakyReLU below zero, as in DCGAN's discriminator


def pixels(shape: ImageShape) -> int:
    return math.prod(shape)


def layers(sizes: list[int], *, norm: str = "none") -> list[nn.Module]:
    """Linear layers between the given sizes, each followed by (a norm and) LeakyReLU."""
    out: list[nn.Module] = []
    for given, wanted in pairwise(sizes):
        out.append(nn.Linear(given, wanted, bias=norm == "none"))
        out += [*norm_of(norm, wanted, flat=True), nn.LeakyReLU(SLOPE)]
    return out


class MlpEncoder(nn.Sequential):
    """Images `[N, C, H, W]` -> `[N, outputs]`."""

    def __init__(self, shape: ImageShape, outputs: int, width: int, depth: int = 0) -> None:
        hidden = width * HIDDEN_PER_WIDTH
        inner = layers([pixels(shape)] + [hidden] * (depth + 2))
        super().__init__(nn.Flatten(), *inner, nn.Linear(hidden, outputs))


class MlpDecoder(nn.Sequential):
    """Codes `[N, inputs]` -> raw images `[N, C, H, W]` (no output function)."""

    def __init__(
        self, inputs: int, shape: ImageShape, width: int, depth: int = 0, *, norm: str = "none"
    ) -> None:
        hidden = width * HIDDEN_PER_WIDTH
        height, across, channels = shape
        inner = layers([inputs] + [hidden] * (depth + 2), norm=norm)
        last = [nn.Linear(hidden, pixels(shape)), nn.Unflatten(1, (channels, height, across))]
        super().__init__(*inner, *last)


class LabelTable(nn.Module):
    """Weights of classes `[N, K]` -> embeddings `[N, F]`: a one-hot picks a row, a mixture blends rows."""

    def __init__(self, classes: int, features: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(classes, features))

    def forward(self, weights: Tensor) -> Tensor:
        embedded: Tensor = weights @ self.table
        return embedded
