"""A small classifier: cross-entropy on lightly moved images.

    loss = -log softmax(logits)_y, with label smoothing s: target (1 - s) onehot + s / K
    (Szegedy et al. 2016, section 7)

The data is moved by whole pixels and mirrored where that keeps the meaning, so that the classifier
judges shapes, not places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainers.api import Settings, TrainerInfo, setting
from trainers.batches import as_floats
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import SAMPLES, Learner, adam, build_model, faded, update

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from backends.model import Model
else:
    torch = Lazy("torch")


@dataclass(frozen=True)
class ClassifierSettings(Settings):
    """What a classifier can choose."""

    width: int = setting(
        24, "Channels at full resolution. More names unclear images better and takes longer.",
        low=4, high=256)  # fmt: skip
    features: int = setting(
        64, "Features before the last layer, in which the map and the figures compare images.",
        low=2, high=2048)  # fmt: skip
    learning_rate: float = setting(
        2e-3, "Highest step size of Adam; it falls to zero at the end.", low=1e-6, high=0.1,
        group="Optimisation")  # fmt: skip
    weight_decay: float = setting(
        1e-3, "Pull of the weights towards zero, against learning by heart.", low=0, high=1,
        group="Optimisation")  # fmt: skip
    shift: int = setting(
        2, "Images are moved by up to this many pixels, so that the place doesn't matter.", low=0, high=8,
        group="Data")  # fmt: skip
    mirror: bool = setting(
        False, "Mirror half of the images: right for clothes, wrong for digits and letters.",
        group="Data")  # fmt: skip
    smoothing: float = setting(
        0.05, "Label smoothing: the classifier stays less sure of itself, its confidence means more.",
        low=0, high=0.5, group="Loss")  # fmt: skip


INFO = TrainerInfo(
    "classifier",
    "Classifier",
    "Learns to name the classes of a labelled data set.",
    ClassifierSettings,
    needs_labels=True,
    spreads=True,
)


class ClassifierLearner(Learner):
    """`pictures` are the training images it is least sure of."""

    settings: ClassifierSettings

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        assert labels is not None
        settings = self.settings
        if settings.mirror:
            flip = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5
            images = torch.where(flip, images.flip(3), images)
        logits, _ = self.model.classify(moved(images, settings.shift))
        loss = torch.nn.functional.cross_entropy(logits.float(), labels, label_smoothing=settings.smoothing)
        update(self.optimisers["model"], loss, faded(settings.learning_rate, step, settings.steps))
        return {"loss": loss, "accuracy": (logits.argmax(1) == labels).float().mean()}

    def pictures(self, model: Model) -> Tensor:
        images = as_floats(self.first_images(1000))
        confidence = model.classify(images)[0].softmax(1).amax(1)
        return images[confidence.argsort()[:SAMPLES]]


def moved(images: Tensor, most: int) -> Tensor:
    """Each image of `[N, C, H, W]` moved by up to `most` pixels each way; edges are repeated."""
    if not most:
        return images
    count, _, height, width = images.shape
    padded = torch.nn.functional.pad(images, (most,) * 4, mode="replicate")
    down, right = torch.randint(0, 2 * most + 1, (2, count, 1), device=images.device)
    rows = (down + torch.arange(height, device=images.device))[:, :, None]  # [N, H, 1]
    columns = (right + torch.arange(width, device=images.device))[:, None, :]  # [N, 1, W]
    which = torch.arange(count, device=images.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[which, rows, columns].permute(0, 3, 1, 2)


def build(settings: ClassifierSettings, data: Dataset, device: torch.device) -> Learner:
    learner = ClassifierLearner(settings, data, build_model("classifier", settings, data, device))
    learner.optimisers["model"] = adam(learner.model, settings.learning_rate, decay=settings.weight_decay)
    return learner
