"""What an autoregressive network says of the next pixel: a distribution over the levels of each channel.

Levels 0 … K-1 stand for the values -1 … 1 at even steps. Channels of a pixel come one after the other: the
parameters of a channel move linearly with the values of the channels before it (Salimans et al. 2017, section
2.2), so that a colour's likelihood is exact too. A draw inverts the cumulative distribution at one uniform
number per channel: the picture is a function of these numbers, and a higher number never gives a lower level.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

SHARPEST = -7.0  # lowest log scale of a logistic, values in [-1, 1] (Salimans et al. 2017)


def pairs(channels: int) -> int:
    """How many pairs of a channel and an earlier one there are."""
    return channels * (channels - 1) // 2


def pair(channel: int, earlier: int) -> int:
    """Where the pair stands among all of them."""
    return channel * (channel - 1) // 2 + earlier


class LevelsHead:
    """Any distribution over K levels: a logit for each (one logit for two levels)."""

    def __init__(self, channels: int, levels: int) -> None:
        self.channels, self.levels = channels, levels
        self.logits = 1 if levels == 2 else levels
        self.outputs = self.logits * (channels + pairs(channels))

    def log_prob(self, params: Tensor, levels: Tensor) -> Tensor:
        """Parameters `[N, P, ...]`, levels int64 `[N, C, ...]` -> log p of each pixel in nats `[N, ...]`."""
        params, values = params.float(), as_values(levels, self.levels)
        total = params.new_zeros(levels[:, 0].shape)
        for c in range(self.channels):
            logits = self._channel(params, values, c)
            if self.logits == 1:
                total = total + F.logsigmoid(logits[:, 0] * values[:, c])
            else:
                chosen = logits.log_softmax(1).gather(1, levels[:, c : c + 1])
                total = total + chosen[:, 0]
        return total

    def draw(self, params: Tensor, uniform: Tensor, temperature: float) -> Tensor:
        """Parameters `[N, P]` and numbers `[N, C]` in [0, 1] -> levels `[N, C]` as floats."""
        if self.channels == 1:  # nothing but what must be: this runs once for each pixel
            return self._inverted(params / temperature, uniform)
        drawn, values = torch.zeros_like(uniform), torch.zeros_like(uniform)
        for c in range(self.channels):
            logits = self._channel(params, values, c) / temperature
            drawn[:, c : c + 1] = self._inverted(logits, uniform[:, c : c + 1])
            values[:, c] = as_values(drawn[:, c], self.levels)
        return drawn

    def _inverted(self, logits: Tensor, uniform: Tensor) -> Tensor:
        """How many levels the cumulative distribution of logits `[N, K]` has passed at `uniform` `[N, 1]`."""
        if self.logits == 1:
            return (logits.neg().sigmoid_() < uniform).float()
        below = widened(logits).softmax(1).cumsum(1)[:, :-1]  # the last is 1, but for rounding
        return (below < uniform).sum(1, keepdim=True).float()

    def _channel(self, params: Tensor, values: Tensor, c: int) -> Tensor:
        """The logits `[N, K, ...]` of a channel, given the values of those before it."""
        if self.channels == 1:
            return params
        parts = params.unflatten(1, (-1, self.logits))
        logits = parts[:, c]
        for j in range(c):
            logits = logits + parts[:, self.channels + pair(c, j)] * values[:, j, None]
        return logits


class LogisticsHead:
    """A mixture of M logistics, rounded to K levels (Salimans et al. 2017, PixelCNN++, section 2.1).

    The level below all edges gets the whole tail, so does the one above: the levels' probabilities
    sum to one. A component has one weight, and for each channel a mean and a scale.
    """

    def __init__(self, channels: int, levels: int, mixtures: int) -> None:
        self.channels, self.levels, self.mixtures = channels, levels, mixtures
        self.outputs = mixtures * (1 + 2 * channels + pairs(channels))
        self.half_step = 1 / (levels - 1)  # from a value to the edge of its level

    def log_prob(self, params: Tensor, levels: Tensor) -> Tensor:
        """Parameters `[N, P, ...]`, levels int64 `[N, C, ...]` -> log p of each pixel in nats `[N, ...]`."""
        parts, values = self._parts(params.float()), as_values(levels, self.levels)
        total = parts[:, 0].log_softmax(1)
        for c in range(self.channels):
            total = total + self._log_level(*self._channel(parts, values, c), values[:, c, None])
        return total.logsumexp(1)

    def draw(self, params: Tensor, uniform: Tensor, temperature: float) -> Tensor:
        """Parameters `[N, P]` and numbers `[N, C]` in [0, 1] -> levels `[N, C]` as floats."""
        parts = self._parts(widened(params))
        weights = parts[:, 0] / temperature
        drawn, values = torch.zeros_like(uniform), torch.zeros_like(uniform)
        edges = as_values(torch.arange(self.levels - 1, device=params.device), self.levels) + self.half_step
        for c in range(self.channels):
            mean, scale = self._channel(parts, values, c)
            scale = scale + math.log(temperature)
            below = ((edges - mean[..., None]) * scale.neg().exp()[..., None]).sigmoid()  # [N, M, K-1]
            below = (weights.softmax(1)[..., None] * below).sum(1)
            drawn[:, c] = (below < uniform[:, c : c + 1]).sum(1)
            values[:, c] = as_values(drawn[:, c], self.levels)
            weights = weights + self._log_level(mean, scale, values[:, c, None])
        return drawn

    def _parts(self, params: Tensor) -> Tensor:
        """`[N, 1 + 2 C + pairs, M, ...]`: weights, means, log scales, and what earlier channels add."""
        return params.unflatten(1, (-1, self.mixtures))

    def _channel(self, parts: Tensor, values: Tensor, c: int) -> tuple[Tensor, Tensor]:
        """Means and log scales `[N, M, ...]` of a channel, given the values of those before it."""
        mean = parts[:, 1 + c]
        for j in range(c):
            mean = mean + parts[:, 1 + 2 * self.channels + pair(c, j)].tanh() * values[:, j, None]
        return mean, parts[:, 1 + self.channels + c].clamp(min=SHARPEST)

    def _log_level(self, mean: Tensor, scale: Tensor, value: Tensor) -> Tensor:
        """log(sigmoid(a) - sigmoid(b)), a and b the edges of the value's level: `[N, M, ...]`.

        As log sigmoid(a) + log sigmoid(-b) + log(1 - exp(b - a)), which is exact however far the tails.
        """
        sharp = scale.neg().exp()
        above = (value - mean + self.half_step) * sharp
        below = (value - mean - self.half_step) * sharp
        up_to, from_on = F.logsigmoid(above), F.logsigmoid(-below)
        inside = up_to + from_on + (-torch.expm1(-2 * self.half_step * sharp)).log()
        lowest, highest = value < -1 + self.half_step, value > 1 - self.half_step
        return torch.where(lowest, up_to, torch.where(highest, from_on, inside))


Head = LevelsHead | LogisticsHead


def make_head(likelihood: str, channels: int, levels: int, mixtures: int) -> Head:
    """The head that a configuration names; `binary` has two levels whatever `levels` says."""
    if likelihood == "logistics":
        return LogisticsHead(channels, levels, mixtures)
    return LevelsHead(channels, 2 if likelihood == "binary" else levels)


def widened(params: Tensor) -> Tensor:
    """As doubles where the device has them: rounding of sums over many levels would move their edges."""
    return params if params.device.type == "mps" else params.double()


def as_values(levels: Tensor, count: int) -> Tensor:
    """Levels 0 … K-1 -> values in [-1, 1]."""
    return levels.float() * (2 / (count - 1)) - 1
