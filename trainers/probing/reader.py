"""A network that names classes: a model's encoder, its codes standardised, and one linear layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from backends.model import Model
from trainers.batches import as_floats

NEVER = -10.0  # the bias of a class of which there was no label


class Reader(nn.Module):
    """`encoding` are the weights that codes depend on: those of the decoder never change.

    The encoder stays in the mode that it is in: with fixed statistics of its norms if that is `eval`.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, model: Model, mean: Tensor, spread: Tensor, classes: int) -> None:
        super().__init__()
        self.model, self.head = model, nn.Linear(len(mean), classes)
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)
        self.encoding = encoding_of(model)

    @property
    def learning(self) -> list[nn.Parameter]:
        """What is learned."""
        return [*self.encoding, *self.head.parameters()]

    def codes(self, images: Tensor) -> Tensor:
        """Images `[N, C, H, W]` in [0, 1] -> codes `[N, d]`."""
        return self.model.encode(images).float()

    def logits(self, images: Tensor) -> Tensor:
        """Images `[N, C, H, W]` in [0, 1] -> logits `[N, K]`."""
        found: Tensor = self.head((self.codes(images) - self.mean) / self.spread)
        return found

    def take(self, reading: Any) -> None:
        """Begin with the last layer of a fitted logistic regression."""
        weight, bias = np.asarray(reading.coef_), np.asarray(reading.intercept_)
        if len(reading.classes_) == 2:  # it tells one from the other with a single row
            weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
        with torch.no_grad():
            self.head.weight.zero_()
            self.head.bias.fill_(NEVER)
            known = torch.from_numpy(np.asarray(reading.classes_, np.int64))
            self.head.weight[known] = torch.from_numpy(weight).float()
            self.head.bias[known] = torch.from_numpy(bias).float()


def encoding_of(model: Model) -> list[nn.Parameter]:
    """The weights that a model's codes depend on; none where they have no slope."""
    height, width, channels = model.image_shape
    learns, weights = model.training, list(model.parameters())
    model.eval()  # norms shall not take in noise
    with torch.enable_grad():
        codes = model.encode(torch.rand(2, channels, height, width))
        if not codes.requires_grad:
            return []
        slopes = torch.autograd.grad(codes.sum(), weights, allow_unused=True)
    model.train(learns)
    return [weight for weight, slope in zip(weights, slopes, strict=True) if slope is not None]


def codes_of(model: Model, images: np.ndarray, chunk: int = 500) -> Tensor:
    """Codes `[N, d]` of images uint8 `[N, H, W, C]`."""
    parts = torch.from_numpy(images).split(chunk)
    with torch.no_grad():
        return torch.cat([model.encode(as_floats(part)).float() for part in parts])
