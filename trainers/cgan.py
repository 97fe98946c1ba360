"""Conditional GANs: both players are told the class y (Mirza and Osindero 2014), or the critic names it.

The losses are those of `trainers.gan` with G(z, y); the generator reads the class as an embedding beside z.
The critic's `labels` are

    concatenation   s(x, y) of the image with planes of ones for its class (Mirza and Osindero 2014)
    projection      s(x, y) = psi(h(x)) + y^T V h(x)                 (Miyato and Koyama 2018, equation 3)
    auxiliary       s(x), and class logits c(x): AC-GAN (Odena et al. 2017). With
                        L_S = mean log P(real|x) + mean log P(generated|G(z, y))
                        L_C = mean log P(y|x)    + mean log P(y|G(z, y))
                    the critic maximises L_S + L_C, the generator L_C - L_S. L_S is the chosen `loss`; minimax
                    is the paper's letter. `class_weight` is on L_C.

A conditional generator soon draws one image for each class and forgets z; against that its loss may have a
term (Mao et al. 2019, MSGAN)

    mu / (mean |G(z1, y) - G(z2, y)| / mean |z1 - z2| + 0.05)

over pairs of a batch that share the class, `mu` = `diversity`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backends.errors import BadSettings
from trainers.api import TrainerInfo, setting
from trainers.data.api import Dataset
from trainers.gan import GanLearner, critic
from trainers.gan_settings import GanSettings
from trainers.lazy import Lazy
from trainers.learner import GRID_SEED, Learner, build_model, placed

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from backends.model import Model
    from backends.nets.critics import Verdict
else:
    torch = Lazy("torch")

LEAST = 0.05  # keeps the term finite for images that are the same
COLUMNS = 10  # of a grid: one class each, or the first ten classes


@dataclass(frozen=True)
class ConditionalGanSettings(GanSettings):
    """What a conditional GAN can choose."""

    embedding: int = setting(
        32, "Numbers that stand for a class in the generator; classes are blended by mixing them.",
        low=1, high=1024)  # fmt: skip
    labels: str = setting(
        "projection", "How the critic deals with classes: it is given planes beside the image "
        "(concatenation), compares its features with the class's own (projection), or names the class itself "
        "(auxiliary, AC-GAN), which makes the generator most obedient.",
        choices=("projection", "auxiliary", "concatenation"), group="Critic")  # fmt: skip
    class_weight: float = setting(
        1.0, "Weight of naming the class, for auxiliary labels.", low=0, high=100, group="Loss")  # fmt: skip
    name_made: bool = setting(
        True, "The critic also learns to name generated images, as published. Without, it knows classes from "
        "real images alone, so that the generator can't agree with it on a secret sign instead of a shape.",
        group="Loss", label="Names generated images")  # fmt: skip
    diversity: float = setting(
        0.0, "mu on the term that keeps a class's images apart; 0 turns it off, and z may be forgotten.",
        low=0, high=10, group="Loss")  # fmt: skip

    def why_whole(self) -> str:
        return super().why_whole() or ("diversity compares the images of a batch" if self.diversity else "")

    def check(self) -> None:
        super().check()
        if self.loss == "began":
            raise BadSettings("BEGAN's critic can't be told a class.", "Choose another loss.")


INFO = TrainerInfo(
    "cgan", "Conditional GAN", "A GAN that is told the class to draw.", ConditionalGanSettings,
    needs_labels=True, spreads=True,
)  # fmt: skip


class ConditionalGanLearner(GanLearner):
    """`pictures`: a column for each class, a row for each z."""

    settings: ConditionalGanSettings

    def generate(self, z: Tensor, labels: Tensor | None) -> Tensor:
        images: Tensor = self.model.generator(z, self._weights(labels))
        return images

    def judge(self, images: Tensor, labels: Tensor | None) -> Verdict:
        scores, named = self.critic(images, self._weights(labels))
        return scores.float(), named

    def also_critic(self, real: Verdict, fake: Verdict, labels: Tensor | None) -> dict[str, Tensor]:
        """-L_C, in two parts."""
        if real[1] is None or fake[1] is None:
            return {}
        found = {"class of real": self._naming(real[1], labels)}
        if self.settings.name_made:
            found["class of made"] = self._naming(fake[1], labels)
        return found

    def also_generator(
        self, z: Tensor, fake: Tensor, verdict: Verdict, labels: Tensor | None
    ) -> dict[str, Tensor]:
        found = {}
        if verdict[1] is not None:
            found["class drawn"] = self._naming(verdict[1], labels)
        if self.settings.diversity:
            assert labels is not None
            found["sameness"] = self.settings.diversity * alike(z, fake, labels)
        return found

    def settle(self, model: Any) -> None:
        model.set_classes(self.data.classes)

    def pictures(self, model: Model) -> Tensor:
        return by_class(model, len(self.data.classes))

    def _naming(self, named: Tensor, labels: Tensor | None) -> Tensor:
        assert labels is not None
        return self.settings.class_weight * torch.nn.functional.cross_entropy(named.float(), labels)

    def _weights(self, labels: Tensor | None) -> Tensor:
        assert labels is not None
        return torch.nn.functional.one_hot(labels, len(self.data.classes)).float()


def by_class(model: Model, classes: int) -> Tensor:
    """Images of a model with a label: ten rows of one z each, a column for each of the first ten classes."""
    codes = torch.from_numpy(model.space.sample_many(COLUMNS, GRID_SEED))
    codes = codes.repeat_interleave(COLUMNS, 0).to(next(model.parameters()).device)
    shown = torch.arange(COLUMNS).repeat(COLUMNS) % classes
    one_hot = torch.nn.functional.one_hot(shown, classes).float()
    codes[:, model.space.slices["label"]] = one_hot.to(codes.device)
    return model.generate(codes, {})


def alike(z: Tensor, images: Tensor, labels: Tensor) -> Tensor:
    """How little images `[B, C, H, W]` of one class differ for how much their z `[B, d]` do."""
    order = labels.argsort()
    one, other = order[:-1], order[1:]
    kept = labels[one] == labels[other]
    one, other = one[kept], other[kept]
    apart = (images[one] - images[other]).abs().mean() / (z[one] - z[other]).abs().mean()
    return 1 / (apart + LEAST)


def build(settings: ConditionalGanSettings, data: Dataset, device: torch.device) -> Learner:
    model = build_model("cgan", settings, data, device)
    opponent: nn.Module = critic(settings, model, settings.labels, len(data.classes))
    return ConditionalGanLearner(settings, data, model, placed(opponent, device))
