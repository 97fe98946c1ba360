"""Conditional DCGAN: both players are told the class y (Mirza and Osindero 2014).

The losses are those of `trainers.dcgan` with G(z, y) and s(x, y); the discriminator reads the class by
projection (Miyato and Koyama 2018), the generator as an embedding beside z.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainers.api import TrainerInfo, setting
from trainers.data.api import Dataset
from trainers.dcgan import GanLearner, GanSettings
from trainers.lazy import Lazy
from trainers.learner import GRID_SEED, Learner, build_model, placed

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from backends.model import Model
else:
    torch = Lazy("torch")

COLUMNS = 10  # of a grid: one class each, or the first ten classes


@dataclass(frozen=True)
class ConditionalGanSettings(GanSettings):
    """What a conditional DCGAN can choose."""

    embedding: int = setting(
        32,
        "Numbers that stand for a class in the generator; classes are blended by mixing them.",
        low=1,
        high=1024,
    )


INFO = TrainerInfo(
    "cdcgan",
    "Conditional DCGAN",
    "A DCGAN that is told the class to draw.",
    ConditionalGanSettings,
    needs_labels=True,
)


class ConditionalGanLearner(GanLearner):
    """`pictures`: a column for each class, a row for each z."""

    def generate(self, z: Tensor, labels: Tensor | None) -> Tensor:
        images: Tensor = self.model.generator(z, self._weights(labels))
        return images

    def score(self, images: Tensor, labels: Tensor | None) -> Tensor:
        scores: Tensor = self.discriminator(images, self._weights(labels))
        return scores.float()

    def settle(self, model: Any) -> None:
        model.set_classes(self.data.classes)

    def pictures(self, model: Model) -> Tensor:
        codes = torch.from_numpy(model.space.sample_many(COLUMNS, GRID_SEED))
        codes = codes.repeat_interleave(COLUMNS, 0).to(next(model.parameters()).device)
        shown = torch.arange(COLUMNS).repeat(COLUMNS) % len(self.data.classes)
        codes[:, model.space.slices["label"]] = self._weights(shown).to(codes.device)
        return model.generate(codes, {})

    def _weights(self, labels: Tensor | None) -> Tensor:
        assert labels is not None
        return torch.nn.functional.one_hot(labels, len(self.data.classes)).float()


def build(settings: ConditionalGanSettings, data: Dataset, device: torch.device) -> Learner:
    from backends.nets.build import discriminator

    model = build_model("cdcgan", settings, data, device)
    width, classes = settings.discriminator_width, len(data.classes)
    opponent = discriminator(model.config, width, classes, spectral=settings.spectral)
    return ConditionalGanLearner(settings, data, model, placed(opponent, device))
