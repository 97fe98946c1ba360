"""Networks that cut an image into patches of 4 x 4 pixels, each read or drawn by the same small layers.

Between the patches and the code lie fully connected layers. All is matrix products, which processors do best:
the cost of an mlp, with less to learn. A `width` of w means 2 w features for a patch and 16 w for an image.
"""

from __future__ import annotations

from torch import nn

from backends.nets.mlp import HIDDEN_PER_WIDTH, SLOPE, ImageShape, layers

PATCH = 4  # pixels a side
PER_PATCH = 2  # features for each of `width`


class PatchEncoder(nn.Sequential):
    """Images `[N, C, H, W]`, sides a multiple of 4 -> `[N, outputs]`."""

    def __init__(self, shape: ImageShape, outputs: int, width: int, depth: int = 0) -> None:
        size, _, colours = shape
        features, hidden, count = PER_PATCH * width, HIDDEN_PER_WIDTH * width, (size // PATCH) ** 2
        patches = [nn.PixelUnshuffle(PATCH), nn.Conv2d(colours * PATCH**2, features, 1), nn.LeakyReLU(SLOPE)]
        inner = layers([count * features] + [hidden] * (depth + 1))
        super().__init__(*patches, nn.Flatten(), *inner, nn.Linear(hidden, outputs))


class PatchDecoder(nn.Sequential):
    """Codes `[N, inputs]` -> raw images `[N, C, H, W]` (no output function)."""

    def __init__(self, inputs: int, shape: ImageShape, width: int, depth: int = 0) -> None:
        size, _, colours = shape
        features, hidden, side = PER_PATCH * width, HIDDEN_PER_WIDTH * width, size // PATCH
        inner = layers([inputs] + [hidden] * (depth + 1) + [features * side**2])
        patches = [nn.Conv2d(features, features, 1), nn.LeakyReLU(SLOPE),
                   nn.Conv2d(features, colours * PATCH**2, 1), nn.PixelShuffle(PATCH)]  # fmt: skip
        super().__init__(*inner, nn.Unflatten(1, (features, side, side)), *patches)
