"""Conditional DCGAN: both players are told the class y (Mirza and Osindero 2014).

The losses are those of `trainers.dcgan` with G(z, y) and s(x, y); the discriminator reads the class by
projection (Miyato and Koyama 2018), the generator as an embedding beside z. A conditional generator soon
draws one image for each class and forgets z; against that its loss has a term (Mao et al. 2019, MSGAN)

    mu / (mean |G(z1, y) - G(z2, y)| / mean |z1 - z2| + 0.05)

over pairs of a batch that share the class, `mu` = `diversity`.
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

LEAST = 0.05  # keeps the term finite for images that are the same
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
    diversity: float = setting(
        0.1, "mu on the term that keeps a class's images apart; 0 turns it off, and z may be forgotten.",
        low=0, high=10, group="Loss")  # fmt: skip


INFO = TrainerInfo(
    "cdcgan",
    "Conditional DCGAN",
    "A DCGAN that is told the class to draw.",
    ConditionalGanSettings,
    needs_labels=True,
)


class ConditionalGanLearner(GanLearner):
    """`pictures`: a column for each class, a row for each z."""

    settings: ConditionalGanSettings

    def generate(self, z: Tensor, labels: Tensor | None) -> Tensor:
        images: Tensor = self.model.generator(z, self._weights(labels))
        return images

    def score(self, images: Tensor, labels: Tensor | None) -> Tensor:
        scores: Tensor = self.discriminator(images, self._weights(labels))
        return scores.float()

    def sameness(self, z: Tensor, fake: Tensor, labels: Tensor | None) -> Tensor | float:
        assert labels is not None
        return self.settings.diversity * alike(z, fake, labels) if self.settings.diversity else 0.0

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


def alike(z: Tensor, images: Tensor, labels: Tensor) -> Tensor:
    """How little images `[B, C, H, W]` of one class differ for how much their z `[B, d]` do."""
    order = labels.argsort()
    one, other = order[:-1], order[1:]
    kept = labels[one] == labels[other]
    one, other = one[kept], other[kept]
    apart = (images[one] - images[other]).abs().mean() / (z[one] - z[other]).abs().mean()
    return 1 / (apart + LEAST)


def build(settings: ConditionalGanSettings, data: Dataset, device: torch.device) -> Learner:
    from backends.nets.build import discriminator

    model = build_model("cdcgan", settings, data, device)
    width, classes = settings.discriminator_width, len(data.classes)
    opponent = discriminator(model.config, width, classes, spectral=settings.spectral)
    return ConditionalGanLearner(settings, data, model, placed(opponent, device))
