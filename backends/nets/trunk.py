"""Bodies that turn an image into features, which several heads share."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from backends.nets.conv import channels_at, resolutions
from backends.nets.mlp import HIDDEN_PER_WIDTH, SLOPE, ImageShape, pixels


class Trunk(nn.Sequential):
    """Images `[N, C, H, W]` -> features `[N, F]`, F = `features`.

    Without batch norm what it says of an image depends on that image alone. `conv` halves the resolution
    from its first layer on, which costs a fifth of one that starts at full resolution.
    """

    def __init__(self, body: str, shape: ImageShape, width: int) -> None:
        self.features = width * HIDDEN_PER_WIDTH
        inner = [nn.Flatten()] if body == "mlp" else _halvings(shape, width)
        given = pixels(shape) if body == "mlp" else _flat(shape, width)
        hidden = [given, self.features, self.features] if body == "mlp" else [given, self.features]
        for before, after in pairwise(hidden):
            inner += [nn.Linear(before, after), nn.LeakyReLU(SLOPE)]
        features = self.features
        super().__init__(*inner)
        self.features = features


class SpreadScore(nn.Linear):
    """Features `[N, F]` -> scores `[N]`; one more feature is their mean deviation over the batch.

    With it a discriminator sees a collapse (Karras et al. 2018, section 3).
    """

    def __init__(self, features: int) -> None:
        super().__init__(features + 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        spread = (features.var(0, unbiased=False) + 1e-8).sqrt().mean()
        scores: Tensor = super().forward(torch.cat([features, spread.expand(len(features), 1)], 1))
        return scores[:, 0]


def _halvings(shape: ImageShape, width: int) -> list[nn.Module]:
    """4x4 convolutions of stride 2 down to 7 or 4 pixels."""
    size, _, given = shape
    out: list[nn.Module] = []
    for wanted in channels_at(size, width)[:-1]:
        out += [nn.Conv2d(given, wanted, 4, 2, 1), nn.LeakyReLU(SLOPE)]
        given = wanted
    return [*out, nn.Flatten()]


def _flat(shape: ImageShape, width: int) -> int:
    return channels_at(shape[0], width)[-2] * resolutions(shape[0])[-1] ** 2
