"""Fully connected networks. A `width` of w means hidden layers of 16 w features."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

ImageShape = tuple[int, int, int]  # H, W, C
HIDDEN_PER_WIDTH = 16
SLOPE = 0.2  # of LeakyReLU below zero, as in DCGAN's discriminator


def pixels(shape: ImageShape) -> int:
    return math.prod(shape)


def layers(sizes: list[int], *, norm: bool = False) -> list[nn.Module]:
    """Linear layers between the given sizes, each followed by (batch norm and) LeakyReLU."""
    out: list[nn.Module] = []
    for given, wanted in pairwise(sizes):
        out.append(nn.Linear(given, wanted, bias=not norm))
        if norm:
            out.append(nn.BatchNorm1d(wanted))
        out.append(nn.LeakyReLU(SLOPE))
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
        self, inputs: int, shape: ImageShape, width: int, depth: int = 0, *, norm: bool = False
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


class MlpDiscriminator(nn.Module):
    """Images in [-1, 1] `[N, C, H, W]` (and class weights `[N, K]`) -> scores `[N]`."""

    def __init__(self, shape: ImageShape, width: int, classes: int = 0, *, spectral: bool = False) -> None:
        super().__init__()
        hidden = width * HIDDEN_PER_WIDTH
        self.body = nn.Sequential(nn.Flatten(), *layers([pixels(shape), hidden, hidden]))
        self.score = nn.Linear(hidden, 1)
        self.labels = LabelTable(classes, hidden) if classes else None
        if spectral:
            spectral_norm(self)

    def forward(self, images: Tensor, weights: Tensor | None = None) -> Tensor:
        features = self.body(images)
        return score(features, self.score(features), self.labels, weights)


def score(features: Tensor, plain: Tensor, labels: LabelTable | None, weights: Tensor | None) -> Tensor:
    """The projection discriminator: psi(h) + y^T V h, `[N]` (Miyato and Koyama 2018, equation 3)."""
    if labels is None:
        return plain[:, 0]
    assert weights is not None, "a conditional discriminator needs labels"
    match = (labels(weights) * features).sum(1) / features.shape[1] ** 0.5
    return plain[:, 0] + match


def spectral_norm(network: nn.Module) -> None:
    """Bound the Lipschitz constant of every linear layer and convolution (Miyato et al. 2018)."""
    for module in list(network.modules()):
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.utils.parametrizations.spectral_norm(module)
