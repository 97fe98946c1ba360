"""Variational autoencoder (Kingma and Welling 2014; the weight on the KL: Higgins et al. 2017).

    loss = -log p(x|z) + lambda KL(q(z|x) || N(0, I)),  z = mean + exp(logvar / 2) noise
    KL = 1/2 sum_d (mean_d^2 + exp(logvar_d) - logvar_d - 1)

both summed over an image's pixels or dimensions, then averaged over the batch. -log p(x|z) is

    bernoulli   -sum_p x_p log y_p + (1 - x_p) log(1 - y_p)    y = sigmoid of the decoder's output
    gaussian    1/(2 s^2) sum_p (x_p - y_p)^2                  up to a constant, s = `deviation`
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainers.api import TrainerInfo, setting
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import Learner, NetworkSettings, adam, build_model, faded, update

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from backends.model import Model
else:
    torch = Lazy("torch")

PLANE = 12  # images a side in the grid of a two-dimensional space


@dataclass(frozen=True)
class VaeSettings(NetworkSettings):
    """What a variational autoencoder can choose."""

    likelihood: str = setting(
        "bernoulli", "bernoulli (cross-entropy, logistic output) for nearly black and white data, gaussian "
        "(squared error, identity output) for continuous grey and colour.",
        choices=("bernoulli", "gaussian"), group="Loss")  # fmt: skip
    kl_weight: float = setting(
        1.0, "lambda on the KL divergence: 1 is the bound on the likelihood; less gives sharper images and "
        "a latent space that fits the normal prior less well.", low=0, high=100, group="Loss",
        label="KL weight")  # fmt: skip
    kl_warm_up: float = setting(
        0.1, "Share of the training over which lambda rises from 0, so that dimensions aren't given up "
        "before they are used.", low=0, high=1, group="Loss", label="KL warm-up")  # fmt: skip
    deviation: float = setting(
        0.3, "Deviation s of the gaussian likelihood, pixels in [0, 1]: smaller weighs the pixels more "
        "against the KL.", low=0.01, high=10, group="Loss")  # fmt: skip
    learning_rate: float = setting(
        1e-3, "Highest step size of Adam; it falls to zero at the end.", low=1e-6, high=0.1,
        group="Optimisation")  # fmt: skip


INFO = TrainerInfo(
    "vae", "Variational autoencoder", "Learns to encode into a normal latent space and back.", VaeSettings,
    spreads=True,
)  # fmt: skip


class VaeLearner(Learner):
    """`pictures` are samples; of two dimensions, the plane at even steps of the prior's probability."""

    settings: VaeSettings

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        settings = self.settings
        mean, logvar = (value.float() for value in self.model.posterior(images))
        raw = self.model.decoder(mean + (logvar / 2).exp() * torch.randn_like(mean)).float()
        likelihood = reconstruction_loss(raw, images, settings.likelihood, settings.deviation)
        kl = divergence(mean, logvar)
        weight = settings.kl_weight * warmed(step, settings.kl_warm_up * settings.steps)
        loss = likelihood + weight * kl
        update(self.optimisers["model"], loss, faded(settings.learning_rate, step, settings.steps))
        return {"loss": loss, "reconstruction": likelihood, "kl": kl}

    def pictures(self, model: Model) -> Tensor:
        if self.settings.latent != 2:
            return super().pictures(model)
        codes = torch.from_numpy(plane(PLANE)).to(next(model.parameters()).device)
        return model.generate(codes, {})


def reconstruction_loss(raw: Tensor, images: Tensor, likelihood: str, deviation: float) -> Tensor:
    """-log p(x|z), summed over pixels, averaged over the batch; `raw` is the decoder's output."""
    if likelihood == "bernoulli":
        return torch.nn.functional.binary_cross_entropy_with_logits(raw, images, reduction="sum") / len(
            images
        )
    return torch.nn.functional.mse_loss(raw, images, reduction="sum") / (2 * deviation**2 * len(images))


def divergence(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mean, exp(logvar)) || N(0, I)) of `[N, d]`, averaged over the batch (equation 10)."""
    return 0.5 * (mean.square() + logvar.exp() - logvar - 1).sum(1).mean()


def warmed(step: int, over: float) -> float:
    """From 0 at the first step to 1 after `over` steps."""
    return min(1.0, step / over) if over >= 1 else 1.0


def plane(side: int) -> np.ndarray:
    """Codes `[side^2, 2]` at even steps of the normal distribution's probability, top left first."""
    from scipy.stats import norm

    steps = norm.ppf((np.arange(side) + 0.5) / side)
    across, up = np.meshgrid(steps, steps[::-1])
    return np.stack([across.ravel(), up.ravel()], 1).astype(np.float32)


def build(settings: VaeSettings, data: Dataset, device: torch.device) -> Learner:
    learner = VaeLearner(settings, data, build_model("vae", settings, data, device))
    learner.optimisers["model"] = adam(learner.model, settings.learning_rate)
    return learner
