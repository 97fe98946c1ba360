"""Invertible layers with known log-determinants (Dinh et al. 2017, RealNVP; Kingma and Dhariwal 2018, Glow).

Each layer maps `forward(x) -> (y, log |det dy/dx|)` with the determinants `[N]`, and `inverse(y) -> x`.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LIMIT = 2.0  # log scales stay below, so that no layer can blow up its inverse
EDGE = 0.05  # pixels are squeezed into [EDGE, 1 - EDGE] before the logit, which has poles at 0 and 1
BINS = 256


class ActNorm(nn.Module):
    """y = exp(s) (x + b) with s and b for each channel; `calibrate` gives the data mean 0, variance 1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.log_scale = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        log_det = self.log_scale.sum() * math.prod(x.shape[2:])
        return self.log_scale.exp() * (x + self.bias), log_det.expand(len(x))

    def inverse(self, y: Tensor) -> Tensor:
        return y * (-self.log_scale).exp() - self.bias

    @torch.no_grad()
    def calibrate(self, x: Tensor) -> None:
        self.bias.copy_(-x.mean((0, 2, 3), keepdim=True))
        self.log_scale.copy_(-(x.std((0, 2, 3), keepdim=True) + 1e-3).log())


class Mix(nn.Module):
    """An invertible 1x1 convolution: channels are mixed by one matrix, a rotation at the start."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, channels))
        nn.init.orthogonal_(self.weight)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        log_det = torch.linalg.slogdet(self.weight)[1] * math.prod(x.shape[2:])
        return F.conv2d(x, self.weight[:, :, None, None]), log_det.expand(len(x))

    def inverse(self, y: Tensor) -> Tensor:
        return F.conv2d(y, torch.linalg.inv(self.weight)[:, :, None, None])


class Coupling(nn.Module):
    """(a, b) -> (a, exp(s(a)) b + t(a)): affine in one half of the channels, given the other."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.given = channels - channels // 2
        last = nn.Conv2d(hidden, 2 * (channels // 2), 3, padding=1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]  # it has one
        self.network = nn.Sequential(
            nn.Conv2d(self.given, hidden, 3, padding=1), nn.ReLU(),
            nn.Conv2d(hidden, hidden, 1), nn.ReLU(), last,
        )  # fmt: skip

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        kept, changed = x[:, : self.given], x[:, self.given :]
        log_scale, shift = self._affine(kept)
        y = torch.cat([kept, log_scale.exp() * changed + shift], 1)
        return y, log_scale.sum((1, 2, 3))

    def inverse(self, y: Tensor) -> Tensor:
        kept, changed = y[:, : self.given], y[:, self.given :]
        log_scale, shift = self._affine(kept)
        return torch.cat([kept, (changed - shift) * (-log_scale).exp()], 1)

    def _affine(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        raw, shift = self.network(kept).chunk(2, 1)
        return LIMIT * torch.tanh(raw / LIMIT), shift


class Chain(nn.ModuleList):
    """Invertible layers one after the other."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        total = x.new_zeros(len(x))
        for layer in self:
            x, log_det = layer(x)
            total = total + log_det
        return x, total

    def inverse(self, y: Tensor) -> Tensor:
        for layer in reversed(self):
            y = layer.inverse(y)  # type: ignore[operator]  # every layer here has one
        return y

    def calibrate(self, x: Tensor) -> Tensor:
        """Set each norm by what reaches it of `x`; returns what leaves."""
        for layer in self:
            if isinstance(layer, ActNorm):
                layer.calibrate(x)
            x = layer(x)[0]
        return x


def steps(channels: int, hidden: int, count: int) -> Chain:
    """`count` steps of Glow: norm, mix, coupling."""
    layers: list[nn.Module] = []
    for _ in range(count):
        layers += [ActNorm(channels), Mix(channels), Coupling(channels, hidden)]
    return Chain(layers)


def to_logits(x: Tensor) -> tuple[Tensor, Tensor]:
    """x in [0, 1] -> logit(EDGE + (1 - 2 EDGE) x) and its log-determinant (RealNVP, section 4.1)."""
    inner = EDGE + (1 - 2 * EDGE) * x
    slope = math.log(1 - 2 * EDGE) - inner.log() - (1 - inner).log()
    return inner.log() - (1 - inner).log(), slope.sum((1, 2, 3))


def from_logits(y: Tensor) -> Tensor:
    """The inverse of `to_logits`; what lies beyond an edge comes out below 0 or above 1."""
    return (y.sigmoid() - EDGE) / (1 - 2 * EDGE)


def spread(images: Tensor, noise: Tensor | float) -> Tensor:
    """Bytes as floats k / 255 -> (k + noise) / 256: uniform noise makes a density of them."""
    return (images * (BINS - 1) + noise) / BINS


def gathered(x: Tensor) -> Tensor:
    """The inverse of `spread` with noise 1/2, within [0, 1]."""
    return ((x * BINS - 0.5) / (BINS - 1)).clamp(0, 1)
