"""What the first layer of a fully connected network looks for, as images."""

from __future__ import annotations

import torch
from torch import nn

from backends.api import View
from backends.model import Sheet

SHOWN = 64

FIRST_LAYER = View(
    "weights", "First-layer weights",
    "What the features of the encoder's first layer look for: white excites one, black inhibits it.",
)  # fmt: skip


def first_layer(network: nn.Module, shape: tuple[int, int, int]) -> Sheet:
    """The weights of the first linear layer, which reads images of `shape` (H, W, C): the longest 64 rows.

    Each is scaled by its largest weight; grey is zero.
    """
    layer = next(module for module in network.modules() if isinstance(module, nn.Linear))
    height, width, colours = shape
    longest = layer.weight.norm(dim=1).argsort(descending=True)[:SHOWN]
    rows = layer.weight[longest]
    scaled = 0.5 + 0.5 * rows / rows.abs().amax(1, keepdim=True).clamp_min(1e-9)
    captions = tuple(f"unit {n}" for n in longest.tolist())
    return Sheet(torch.reshape(scaled, (-1, colours, height, width)), captions)
