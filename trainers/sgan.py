"""Semi-supervised GAN: K logits tell classes and real from made (Salimans et al. 2016, sections 3.1 and 5).

A classifier with logits l(x) becomes a discriminator by a class "made" whose logit is always 0:

    D(x) = Z(x) / (Z(x) + 1),   log Z = logsumexp_k l_k

    classifier   mean over labelled    log Z(x) - l_y(x)                        cross-entropy
               + mean over unlabelled  -1/2 log D(x)      = 1/2 (softplus(log Z) - log Z)
               + mean over made        -1/2 log (1 - D(x)) = 1/2 softplus(log Z)
    generator    mean_f (mean f(made) - mean f(unlabelled))^2                   feature matching

where f are the features before the logits. A generator that matches features doesn't make the best
images, and that is what helps: its images lie between the classes, where the classifier learns to put
its borders.

The same network is trained on the labelled images alone beside it, to show what the others are worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from backends.errors import BadData
from trainers.api import TrainerInfo, setting
from trainers.batches import as_floats
from trainers.classifier import moved
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import Learner, NetworkSettings, adam, build_model, placed, update

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from backends.model import Model
    from backends.nets.noisy import NoisyClassifier
else:
    torch = Lazy("torch")

WATCHED = 1000  # images whose hidden labels tell how it goes
WATCH_EVERY = 200  # steps
CALIBRATED = 500  # images that set the layers' scales
FADE_FROM = 0.5  # share of the training after which the learning rates fall to zero


@dataclass(frozen=True)
class SemiSupervisedSettings(NetworkSettings):
    """What a semi-supervised GAN can choose."""

    latent: int = setting(64, "Numbers in a code of the generator.", low=1, high=1024)
    width: int = setting(16, "Channels of the generator at full resolution.", low=4, high=256)
    judge_width: int = setting(
        64, "Width of the classifier: its last features are four times as many.", low=4, high=256
    )
    labels_per_class: int = setting(
        10, "Images of each class whose label is told; the labels of all others stay hidden.",
        low=1, high=5000, group="Data")  # fmt: skip
    labelled_batch: int = setting(
        50, "Labelled images in a batch, besides the unlabelled ones.", low=2, high=4096, group="Training"
    )
    shift: int = setting(
        0, "Images are moved by up to this many pixels. The published figures are without.",
        low=0, high=8, group="Data")  # fmt: skip
    unlabelled_weight: float = setting(
        1.0, "Weight of telling real from made against naming the labelled images; 0 is plain supervised "
        "learning.", low=0, high=10, group="Loss")  # fmt: skip
    alone_steps: int = setting(
        1500, "Steps for which the same network is trained on the labelled images alone, to compare.",
        low=0, high=1_000_000, group="Training")  # fmt: skip
    learning_rate: float = setting(
        3e-3, "Step size of Adam for the classifier; it falls to zero over the second half.",
        low=1e-6, high=0.1, group="Optimisation")  # fmt: skip
    generator_rate: float = setting(
        3e-3, "Step size of Adam for the generator.", low=1e-6, high=0.1, group="Optimisation")  # fmt: skip
    momentum: float = setting(
        0.5, "beta 1 of Adam: the opponent moves, so old gradients soon mislead.",
        low=0, high=0.99, group="Optimisation")  # fmt: skip


INFO = TrainerInfo(
    "sgan",
    "Semi-supervised GAN",
    "Learns to name classes from a handful of labels and many images without.",
    SemiSupervisedSettings,
    needs_labels=True,
)


class SemiSupervisedLearner(Learner):
    """`extra["alone"]` is the same classifier, trained on the labelled images alone."""

    settings: SemiSupervisedSettings

    def __init__(self, settings: Any, data: Dataset, model: Model, alone: NoisyClassifier) -> None:
        super().__init__(settings, data, model, {"alone": alone})
        assert data.labels is not None
        betas = (settings.momentum, 0.999)
        self.optimisers = {
            "classifier": adam(self.model.judge, settings.learning_rate, betas),
            "generator": adam(self.model.generator, settings.generator_rate, betas),
            "alone": adam(alone, settings.learning_rate, betas),
        }
        rows = labelled_rows(data.labels, settings.labels_per_class, settings.seed)
        self.told = torch.from_numpy(data.images[rows]), torch.from_numpy(data.labels[rows])
        hidden = np.setdiff1d(np.arange(min(len(data), 2 * WATCHED)), rows)[:WATCHED]
        self.watched = torch.from_numpy(data.images[hidden]), torch.from_numpy(data.labels[hidden])
        self._accuracy: dict[str, Tensor] = {}
        start = as_floats(torch.from_numpy(data.images[:CALIBRATED])).to(next(alone.parameters()).device)
        for network in (self.model.judge, alone):
            network.calibrate(start)

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        settings, judge = self.settings, self.model.judge
        known, names = self._labelled(images.device)
        real = moved(images, settings.shift)
        z = torch.rand(len(real), settings.latent, device=real.device) * 2 - 1
        made = self.model.generate(z, {})
        named = cross_entropy(judge(known)[0].float(), names)
        on_real, on_made = judge(real)[0].float().logsumexp(1), judge(made.detach())[0].float().logsumexp(1)
        told_apart = unlabelled_loss(on_real, on_made)
        rate = self._rate(settings.learning_rate, step)
        update(self.optimisers["classifier"], named + settings.unlabelled_weight * told_apart, rate)
        matching = self._generator_step(made, real, step)
        self._watch(step)
        values = {"labelled": named, "unlabelled": told_apart, "generator": matching, **self._accuracy}
        if step < settings.alone_steps:
            alone = cross_entropy(self.extra["alone"](known)[0].float(), names)
            update(self.optimisers["alone"], alone, self._alone_rate(step))
        values["real taken for real"] = (on_real > 0).float().mean()
        return values | {"made taken for made": (on_made < 0).float().mean()}

    def _generator_step(self, made: Tensor, real: Tensor, step: int) -> Tensor:
        judge = self.model.judge
        judge.requires_grad_(False)  # spares its gradients
        with torch.no_grad():
            wanted = judge.body(real)
        loss = matching_loss(judge.body(made).float(), wanted.float())
        update(self.optimisers["generator"], loss, self._rate(self.settings.generator_rate, step))
        judge.requires_grad_(True)
        return loss

    def _labelled(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """A random batch of the labelled images, in [0, 1], and their labels."""
        images, labels = self.told
        rows = torch.randint(len(labels), (self.settings.labelled_batch,))
        floats = as_floats(images[rows].to(device))
        return moved(floats, self.settings.shift), labels[rows].to(device)

    def _watch(self, step: int) -> None:
        """Now and then, how many images with hidden labels both classifiers name rightly."""
        if self._accuracy and step % WATCH_EVERY:
            return
        both = {"accuracy": self.model.judge, "accuracy of labels alone": self.extra["alone"]}
        for name, network in both.items():
            network.eval()
            with torch.no_grad():
                share = accuracy(network, *self.watched)
            network.train()
            self._accuracy[name] = torch.tensor(share)

    def _rate(self, rate: float, step: int) -> float:
        done = step / self.settings.steps
        return rate * (1 - max(0.0, done - FADE_FROM) / (1 - FADE_FROM))

    def _alone_rate(self, step: int) -> float:
        return self.settings.learning_rate * (1 - step / self.settings.alone_steps)

    def figures(self, model: Any, held_out: Dataset) -> dict[str, float]:
        """Errors in 10,000 held-out images, of this model and of the one from labels alone."""
        assert held_out.labels is not None
        images, labels = torch.from_numpy(held_out.images), torch.from_numpy(held_out.labels)
        found = {"errors_in_10000": 1e4 * (1 - accuracy(model.judge, images, labels))}
        if self.settings.alone_steps:
            found["errors_in_10000_of_labels_alone"] = 1e4 * (
                1 - accuracy(self.extra["alone"], images, labels)
            )
        return {**found, "labels": float(len(self.told[1]))}


def labelled_rows(labels: np.ndarray, per_class: int, seed: int) -> np.ndarray:
    """Rows of `per_class` random images of each class. Raises `BadData` when a class has fewer."""
    rng = np.random.default_rng(seed)
    found = []
    for which in np.unique(labels):
        rows = np.flatnonzero(labels == which)
        if len(rows) < per_class:
            raise BadData(
                f"Class {which} has only {len(rows)} images, fewer than labels_per_class = {per_class}.",
                "Lower labels_per_class.",
            )
        found.append(rng.choice(rows, per_class, replace=False))
    return np.concatenate(found)


def unlabelled_loss(on_real: Tensor, on_made: Tensor) -> Tensor:
    """-1/2 mean log D(real) - 1/2 mean log (1 - D(made)) of log Z `[N]`."""
    softplus = torch.nn.functional.softplus
    return 0.5 * ((softplus(on_real) - on_real).mean() + softplus(on_made).mean())


def matching_loss(made: Tensor, real: Tensor) -> Tensor:
    """Mean squared difference of the mean features, `[N, F]` each (equation of section 3.1, over F)."""
    return (made.mean(0) - real.mean(0)).square().mean()


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """mean log Z - l_y."""
    return torch.nn.functional.cross_entropy(logits, labels)


def accuracy(network: Any, images: Tensor, labels: Tensor) -> float:
    """The share of images uint8 `[N, H, W, C]` that a classifier (in eval mode) names rightly."""
    device = next(network.parameters()).device
    right = 0
    for chunk, wanted in zip(images.split(500), labels.split(500), strict=True):
        right += int((network(as_floats(chunk.to(device)))[0].argmax(1).cpu() == wanted).sum())
    return right / len(labels)


def build(settings: SemiSupervisedSettings, data: Dataset, device: torch.device) -> Learner:
    from backends.nets.noisy import NoisyClassifier

    model: Any = build_model("sgan", settings, data, device)
    config = model.config
    alone = NoisyClassifier(config["body"], model.image_shape, config["judge_width"], config["classes"])
    placed(alone, device)
    return SemiSupervisedLearner(settings, data, model, alone)
