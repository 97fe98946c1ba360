"""Conditional variational autoencoder (Sohn, Lee and Yan 2015), with the classifier of Kingma et al. 2014.

    loss = -log p(x|z, y) + lambda KL(q(z|x, y) || N(0, I)) - alpha log q(y|x)

with the terms of `trainers.vae`. The first two bound log p(x|y) when lambda is 1. The last one trains the
encoder to name the class, so that an image without a label can be encoded (Kingma et al. 2014, equation 9).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainers.api import TrainerInfo, setting
from trainers.cgan import by_class
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import Learner, adam, build_model, faded, update
from trainers.vae import VaeSettings, divergence, reconstruction_loss, warmed

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from backends.model import Model
else:
    torch = Lazy("torch")


@dataclass(frozen=True)
class ConditionalVaeSettings(VaeSettings):
    """What a conditional variational autoencoder can choose."""

    latent: int = setting(
        8, "Numbers in a code besides the class: what the class leaves open needs few.", low=1, high=1024
    )
    features: int = setting(128, "Features of an image from which class and code are read.", low=2, high=2048)
    class_weight: float = setting(
        10.0, "alpha on naming the class. More makes the encoder's classes surer; the images hardly change.",
        low=0, high=1000, group="Loss")  # fmt: skip


INFO = TrainerInfo(
    "cvae", "Conditional VAE", "Learns to encode what the class leaves open, and to draw any class so.",
    ConditionalVaeSettings, needs_labels=True, spreads=True,
)  # fmt: skip


class ConditionalVaeLearner(Learner):
    """`pictures`: a column for each class, a row for each z."""

    settings: ConditionalVaeSettings

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        assert labels is not None
        settings = self.settings
        features = self.model.trunk(images)
        weights = torch.nn.functional.one_hot(labels, len(self.data.classes)).float()
        mean, logvar = (value.float() for value in self.model.posterior(features, weights))
        raw = self.model.decode(mean + (logvar / 2).exp() * torch.randn_like(mean), weights).float()
        likelihood = reconstruction_loss(raw, images, settings.likelihood, settings.deviation)
        kl = divergence(mean, logvar)
        named = self.model.names(features).float()
        naming = torch.nn.functional.cross_entropy(named, labels)
        warm = settings.kl_weight * warmed(step, settings.kl_warm_up * settings.steps)
        loss = likelihood + warm * kl + settings.class_weight * naming
        update(self.optimisers["model"], loss, faded(settings.learning_rate, step, settings.steps))
        right = (named.argmax(1) == labels).float().mean()
        return {"loss": loss, "reconstruction": likelihood, "kl": kl, "class": naming, "named rightly": right}

    def settle(self, model: Any) -> None:
        model.set_classes(self.data.classes)

    def figures(self, model: Any, held_out: Dataset) -> dict[str, float]:
        """How often the encoder names the class of a held-out image."""
        from trainers.batches import as_floats

        chunks = torch.from_numpy(held_out.images).split(500)
        named = torch.cat([model.part(model.encode(as_floats(part)), "label").argmax(1) for part in chunks])
        return {"encoder_accuracy": float((named.numpy() == held_out.labels).mean())}

    def pictures(self, model: Model) -> Tensor:
        return by_class(model, len(self.data.classes))


def build(settings: ConditionalVaeSettings, data: Dataset, device: torch.device) -> Learner:
    learner = ConditionalVaeLearner(settings, data, build_model("cvae", settings, data, device))
    learner.optimisers["model"] = adam(learner.model, settings.learning_rate)
    return learner
