"""Batch norm whose statistics are those of the whole batch of a team, on any device.

The layers stay what they are (their weights, names and evaluation too); only training is done together.
(torch's own SyncBatchNorm needs GPUs.)
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def synchronise(network: nn.Module) -> None:
    """Make every batch norm of a network one of the team's."""
    for module in network.modules():
        if type(module) is nn.BatchNorm1d:
            module.__class__ = _Synced1d
        elif type(module) is nn.BatchNorm2d:
            module.__class__ = _Synced2d


class _Synced1d(nn.BatchNorm1d):
    def forward(self, input: Tensor) -> Tensor:
        return _normed(self, input) if self.training else super().forward(input)


class _Synced2d(nn.BatchNorm2d):
    def forward(self, input: Tensor) -> Tensor:
        return _normed(self, input) if self.training else super().forward(input)


def _normed(layer: nn.BatchNorm1d | nn.BatchNorm2d, given: Tensor) -> Tensor:
    """`[N, C, …]` normalised by the mean and variance of all ranks' rows (equally many in each)."""
    values = given.float()
    over = [0, *range(2, values.ndim)]
    size = torch.distributed.get_world_size()
    mean = _Sum.apply(values.mean(over)) / size
    shape = [1, -1] + [1] * (values.ndim - 2)
    centred = values - mean.view(shape)
    variance = _Sum.apply(centred.square().mean(over)) / size
    _remember(layer, mean.detach(), variance.detach(), size * values.numel() // values.shape[1])
    out = centred * (variance.view(shape) + layer.eps).rsqrt()
    if layer.affine:
        out = out * layer.weight.view(shape) + layer.bias.view(shape)
    return out.to(given.dtype)


def _remember(layer: nn.BatchNorm1d | nn.BatchNorm2d, mean: Tensor, variance: Tensor, count: int) -> None:
    """Move the running statistics, as torch does: the variance without bias."""
    if layer.running_mean is None or layer.running_var is None or layer.num_batches_tracked is None:
        return
    layer.num_batches_tracked += 1
    share = layer.momentum if layer.momentum is not None else 1 / float(layer.num_batches_tracked)
    layer.running_mean.lerp_(mean, share)
    layer.running_var.lerp_(variance * (count / max(count - 1, 1)), share)


class _Sum(torch.autograd.Function):
    """The sum over all ranks; its gradient is the sum of all ranks' gradients."""

    @staticmethod
    def forward(context: Any, value: Tensor) -> Tensor:
        total = value.contiguous().clone()
        torch.distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        summed: Tensor = _Sum.apply(gradient)
        return summed
