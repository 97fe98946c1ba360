"""The moving average of a model's weights: less noise than the newest ones (Polyak and Juditsky 1992)."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from trainers.lazy import Lazy

if TYPE_CHECKING:
    import torch

    from backends.model import Model
else:
    torch = Lazy("torch")


class Average:
    """`model` holds the averaged weights; with a decay of zero it is the trained model itself.

    The decay warms up, min(d, (1 + t) / (10 + t)), else early samples would be noise. Running
    statistics of batch norm are averaged like weights, so that the two fit together.
    """

    def __init__(self, model: Model, decay: float) -> None:
        self.decay = decay
        self.model = copy.deepcopy(model).requires_grad_(False).eval() if decay else model
        self._mine, self._theirs = _floats(self.model), _floats(model)
        self._counts = _others(self.model), _others(model)

    def update(self, step: int) -> None:
        if not self.decay:
            return
        decay = min(self.decay, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(self._mine, self._theirs, 1 - decay)
            for mine, theirs in zip(*self._counts, strict=True):
                mine.copy_(theirs)


def _floats(model: Model) -> list[torch.Tensor]:
    return [t.detach() for t in model.state_dict().values() if t.is_floating_point()]


def _others(model: Model) -> list[torch.Tensor]:
    return [t for t in model.state_dict().values() if not t.is_floating_point()]
