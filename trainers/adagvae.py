"""Ada-GVAE: pairs that differ in few factors, nobody says which, take a code apart (Locatello et al. 2020).

Both images of a pair are encoded; dimensions in which their posteriors nearly agree are taken as common and
made one (`trainers.losses.apart.adapted`). Then

    loss = mean over the pair of -log p(x|z) + lambda KL(q'(z|x) || N(0, I))

with the posteriors q' so changed. Averaging makes Ada-GVAE, the product of densities Ada-ML-VAE. The models
are plain variational autoencoders; training needs data with known factors, to draw pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trainers.api import TrainerInfo, setting
from trainers.batches import as_floats
from trainers.betavae import ApartLearner, sampled
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import Learner, adam, build_model, faded, update
from trainers.losses.apart import adapted
from trainers.vae import VaeSettings, divergence, reconstruction_loss, warmed

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from backends.model import Model
else:
    torch = Lazy("torch")


@dataclass(frozen=True)
class AdaptiveSettings(VaeSettings):
    """What such an autoencoder can choose."""

    latent: int = setting(10, "Numbers in a code; unneeded ones go silent.", low=1, high=1024)
    differing: int = setting(
        1, "In how many factors the images of a pair may differ; more finds more pairs in a small set.",
        low=1, high=100, group="Data")  # fmt: skip
    together: str = setting(
        "mean", "How posteriors become one where they nearly agree: the mean of their moments (Ada-GVAE) "
        "or the product of their densities (Ada-ML-VAE).",
        choices=("mean", "product"), group="Loss")  # fmt: skip


INFO = TrainerInfo(
    "vae", "Ada-GVAE", "Pairs that differ in few factors, nobody says which, take the code apart.",
    AdaptiveSettings, name="adagvae",
)  # fmt: skip


class AdaptiveLearner(ApartLearner):
    """`pictures` as for `trainers.betavae`."""

    settings: AdaptiveSettings  # type: ignore[assignment]

    def __init__(self, settings: Any, data: Dataset, model: Model) -> None:
        super().__init__(settings, data, model)
        self.pairs = data.pairs(differing=settings.differing)

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        settings = self.settings
        rng = np.random.default_rng(int(torch.randint(2**62, (1,))))
        rows = np.concatenate(self.pairs.draw(rng, max(len(images) // 2, 1)))
        images = as_floats(torch.from_numpy(self.data.images[rows]).to(images.device))
        moments = [value.float().chunk(2) for value in self.model.posterior(images)]
        means, logvars, common = adapted((*moments[0],), (*moments[1],), settings.together)
        mean, logvar = torch.cat(means), torch.cat(logvars)
        raw = self.model.decoder(sampled(mean, logvar)).float()
        likelihood = reconstruction_loss(raw, images, settings.likelihood, settings.deviation)
        kl = divergence(mean, logvar)
        weight = settings.kl_weight * warmed(step, settings.kl_warm_up * settings.steps)
        loss = likelihood + weight * kl
        update(self.optimisers["model"], loss, faded(settings.learning_rate, step, settings.steps))
        shared = common.float().mean()
        return {"loss": loss, "reconstruction": likelihood, "kl": kl, "common": shared, **self._seen(step)}


def build(settings: AdaptiveSettings, data: Dataset, device: torch.device) -> Learner:
    """Raises `BadData` where the data have no factors."""
    learner = AdaptiveLearner(settings, data, build_model("vae", settings, data, device))
    learner.optimisers["model"] = adam(learner.model, settings.learning_rate)
    return learner
