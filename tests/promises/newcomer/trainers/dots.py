"""Dots, the smallest trainer: the squared error of what is copied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainers.api import Settings, TrainerInfo, setting
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import Learner, adam, build_model, update

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazy("torch")


@dataclass(frozen=True)
class DotsSettings(Settings):
    """What dots can choose."""

    latent: int = setting(4, "Numbers in a code.", low=1, high=64)
    learning_rate: float = setting(1e-2, "Step size of Adam.", low=1e-6, high=0.1, group="Optimisation")


INFO = TrainerInfo("dots", "Dots", "Learns to copy images through a narrow middle.", DotsSettings)


class DotsLearner(Learner):
    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        loss = (self.model.generate(self.model.encode(images), {}) - images).square().mean()
        update(self.optimisers["model"], loss, self.settings.learning_rate)
        return {"loss": loss}


def build(settings: DotsSettings, data: Dataset, device: torch.device) -> Learner:
    learner = DotsLearner(settings, data, build_model("dots", settings, data, device))
    learner.optimisers["model"] = adam(learner.model, settings.learning_rate)
    return learner
