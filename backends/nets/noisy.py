"""Classifiers for few labels: weight-normed layers with gaussian noise between them."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from backends.nets.conv import channels_at, resolutions
from backends.nets.mlp import ImageShape, pixels

INPUT_NOISE, INNER_NOISE = 0.3, 0.5  # deviations, as published


class Noise(nn.Module):
    """Adds normal noise while training; activations are of unit variance at the start."""

    def __init__(self, deviation: float) -> None:
        super().__init__()
        self.deviation = deviation

    def forward(self, values: Tensor) -> Tensor:
        return values + self.deviation * torch.randn_like(values) if self.training else values


class NoisyClassifier(nn.Module):
    """Images `[N, C, H, W]` in [0, 1] -> logits `[N, K]` and features `[N, F]`, F = 4 `width`.

    `mlp` is the discriminator of Salimans et al. (2016) for MNIST when `width` is about 64 (theirs has
    layers of 1000, 500, 250, 250, 250). `conv` sees neighbouring pixels together.
    """

    def __init__(self, body: str, shape: ImageShape, width: int, classes: int) -> None:
        super().__init__()
        parts = _mlp(shape, width) if body == "mlp" else _conv(shape, width)
        self.body = nn.Sequential(Noise(INPUT_NOISE), *parts)
        self.noise = Noise(INNER_NOISE)
        self.head = weight_norm(nn.Linear(4 * width, classes))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(images)
        return self.head(self.noise(features)), features

    @torch.no_grad()
    def calibrate(self, images: Tensor) -> None:
        """Scale each layer so that its outputs on `images` have mean 0 and variance 1.

        Data-dependent initialisation (Salimans and Kingma 2016, section 3).
        """
        values = images
        for layer in (*self.body, self.head):
            if isinstance(layer, nn.Linear | nn.Conv2d):
                values = _calibrated(layer, values)
            else:
                values = layer(values)


def _calibrated(layer: nn.Linear | nn.Conv2d, given: Tensor) -> Tensor:
    out: Tensor = layer(given)
    across = [0, 2, 3][: out.ndim - 1]
    mean, deviation = out.mean(across), out.std(across) + 1e-6
    lengths = dict(layer.named_parameters())["parametrizations.weight.original0"]  # of the weight's rows
    lengths.div_(deviation.reshape(-1, *[1] * (lengths.ndim - 1)))
    assert layer.bias is not None
    layer.bias.copy_((layer.bias - mean) / deviation)
    again: Tensor = layer(given)
    return again


def _mlp(shape: ImageShape, width: int) -> list[nn.Module]:
    out: list[nn.Module] = [nn.Flatten()]
    for given, wanted in pairwise([pixels(shape), 16 * width, 8 * width, 4 * width, 4 * width, 4 * width]):
        out += [weight_norm(nn.Linear(given, wanted)), nn.ReLU(), Noise(INNER_NOISE)]
    return out[:-1]  # the last noise stands before the head, so that features are without it


def _conv(shape: ImageShape, width: int) -> list[nn.Module]:
    size, _, given = shape
    out: list[nn.Module] = []
    for wanted in channels_at(size, width // 2)[:-1]:
        out += [weight_norm(nn.Conv2d(given, wanted, 4, 2, 1)), nn.ReLU(), Noise(INNER_NOISE)]
        given = wanted
    flat = given * resolutions(size)[-1] ** 2
    out += [weight_norm(nn.Conv2d(given, given, 3, 1, 1)), nn.ReLU(), Noise(INNER_NOISE), nn.Flatten()]
    return [*out, weight_norm(nn.Linear(flat, 4 * width)), nn.ReLU()]
