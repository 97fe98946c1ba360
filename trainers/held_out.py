"""Images that a training never learns from, measured on the way beside as many that it does.

While both get better it learns what images have in common; where only those it has seen do, it learns them by
heart. The measure is the same for both, of the averaged model, so the two curves can be compared:

    classifiers    mean cross-entropy                        "held-out loss", "seen loss"
    a likelihood   mean -log p(x) in nats                    "held-out nats", "seen nats"
    encoders       mean squared error of pixels in [0, 1]    "held-out error", "seen error"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backends.api import Capability
from backends.errors import BadSettings
from trainers.batches import as_floats
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import Learner

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from backends.model import Model
else:
    torch = Lazy("torch")

HELD, SEEN = "held-out", "seen"
FIGURES = {Capability.CLASSIFIES: "loss", Capability.LIKELIHOOD: "nats", Capability.ENCODES: "error"}
CHUNK = 250


class HeldOut:
    """Measures a model on `unseen` images and on as many of those it learns from. Raises `BadSettings`."""

    def __init__(self, learner: Learner, unseen: Dataset) -> None:
        self.learner, self.how = learner, judged_by(learner)
        count = min(len(unseen), len(learner.data))
        rows = np.random.default_rng(0).permutation(len(learner.data))[:count]
        self._sets = {HELD: unseen, SEEN: learner.data.take(np.sort(rows))}
        self.names = tuple(f"{which} {FIGURES[self.how]}" for which in self._sets)

    def look(self, model: Model) -> dict[str, float]:
        """The figure of both, less is better; the model is in evaluation mode."""
        return {name: self._figure(model, data) for name, data in
                zip(self.names, self._sets.values(), strict=True)}  # fmt: skip

    def _figure(self, model: Model, data: Dataset) -> float:
        where = next(model.parameters()).device
        images, total = torch.from_numpy(data.images), 0.0
        for rows in torch.arange(len(data)).split(CHUNK):
            labels = None if data.labels is None else torch.from_numpy(data.labels)[rows].to(where)
            total += float(self._errors(model, as_floats(images[rows].to(where)), labels).double().sum())
        return total / len(data)

    def _errors(self, model: Model, images: Tensor, labels: Tensor | None) -> Tensor:
        """One number for each image `[N]`."""
        if self.how is Capability.CLASSIFIES:
            assert labels is not None
            logits = model.classify(images)[0].float()
            return torch.nn.functional.cross_entropy(logits, labels, reduction="none")
        if self.how is Capability.LIKELIHOOD:
            return -model.likelihood(images)[0].float()
        return (self.learner.copies(model, images) - images).square().mean((1, 2, 3))


def judged_by(learner: Learner) -> Capability:
    """What a model of this family can be judged by on images. Raises `BadSettings` where there is nothing."""
    can, chosen = learner.model.capabilities, learner.judged_by
    ways = [chosen] if chosen else [Capability.CLASSIFIES, Capability.LIKELIHOOD, Capability.ENCODES]
    for way in ways:
        slow = way is Capability.ENCODES and Capability.PARTIAL in can
        if way in can and not slow and (way is not Capability.CLASSIFIES or learner.data.labels is not None):
            return way
    raise BadSettings(
        "Models of this family neither encode, classify nor have a likelihood, so held-out images can't be "
        "measured on the way.", "Set held_out to 0."
    )  # fmt: skip
