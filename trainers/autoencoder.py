"""Autoencoder: plain, denoising, sparse, contractive (Hinton and Salakhutdinov 2006; Vincent et al. 2010).

    loss = L(x, decoder(z)) + lambda sum_d |z_d| + mu |dz/dx|_F^2,   z = encoder(x + noise)

    bernoulli   L = -sum_p x_p log y_p + (1 - x_p) log(1 - y_p)    y = sigmoid of the decoder's output
    gaussian    L = sum_p (x_p - y_p)^2

summed over an image's pixels, averaged over the batch; the noise is normal with deviation `noise`. lambda
(`sparsity`) makes codes with few large numbers (Goodfellow et al. 2016, section 14.2.1); mu
(`contraction`) makes codes that change little with the image (Rifai et al. 2011, equation 7). The norm of
the Jacobian is estimated without bias, E_v |v dz/dx|^2 for v of independent signs: one backward pass
instead of one for each number of the code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainers.api import TrainerInfo, setting
from trainers.batches import as_floats
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import SAMPLES, Learner, NetworkSettings, adam, build_model, faded, update
from trainers.vae import reconstruction_loss

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from backends.model import Model
else:
    torch = Lazy("torch")

MEASURED = 10_000  # training images whose codes give the prior
UNIT = 0.5**0.5  # the deviation at which the gaussian loss is the plain squared error


@dataclass(frozen=True)
class AutoencoderSettings(NetworkSettings):
    """What an autoencoder can choose."""

    likelihood: str = setting(
        "bernoulli", "bernoulli (cross-entropy, logistic output) for nearly black and white data, gaussian "
        "(squared error, identity output) for continuous grey and colour.",
        choices=("bernoulli", "gaussian"), group="Loss")  # fmt: skip
    noise: float = setting(
        0.0, "Deviation of the noise on the images that are encoded. Above 0 it is a denoising "
        "autoencoder: it must know what images look like to undo the noise.", low=0, high=2,
        group="Loss")  # fmt: skip
    sparsity: float = setting(
        0.0, "lambda: pulls the numbers of a code towards zero, so that each image uses few of them.",
        low=0, high=100, group="Loss")  # fmt: skip
    contraction: float = setting(
        0.0, "mu: codes change little when the image does, except along what all images share. Costs a "
        "third more time.", low=0, high=100, group="Loss")  # fmt: skip
    learning_rate: float = setting(
        1e-3, "Highest step size of Adam; it falls to zero at the end.", low=1e-6, high=0.1,
        group="Optimisation")  # fmt: skip


INFO = TrainerInfo(
    "autoencoder", "Autoencoder", "Learns to copy images through a narrow middle.", AutoencoderSettings,
    spreads=True,
)  # fmt: skip


class AutoencoderLearner(Learner):
    """`pictures` are training images and, beside each, its copy."""

    settings: AutoencoderSettings

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        settings = self.settings
        given = images + settings.noise * torch.randn_like(images) if settings.noise else images
        if settings.contraction:
            given = given.detach().requires_grad_(True)
        codes = self.model.encoder(given)
        copied = reconstruction_loss(self.model.decoder(codes).float(), images, settings.likelihood, UNIT)
        penalties: dict[str, Tensor] = {}
        if settings.sparsity:
            penalties["sparsity"] = settings.sparsity * codes.float().abs().sum(1).mean()
        if settings.contraction:
            penalties["contraction"] = settings.contraction * steepness(codes, given)
        loss = copied + sum(penalties.values())
        update(self.optimisers["model"], loss, faded(settings.learning_rate, step, settings.steps))
        return {"loss": loss, **({"reconstruction": copied, **penalties} if penalties else {})}

    def settle(self, model: Any) -> None:
        """Measure the distribution of codes, from which new ones are drawn."""
        chunks = self.first_images(MEASURED).split(500)
        model.set_prior(torch.cat([model.encode(as_floats(chunk)) for chunk in chunks]).cpu().numpy())

    def pictures(self, model: Model) -> Tensor:
        wanted = as_floats(self.first_images(SAMPLES // 2))
        copies = model.generate(model.encode(wanted), {})
        return torch.stack([wanted, copies], 1).flatten(0, 1)


def steepness(codes: Tensor, images: Tensor) -> Tensor:
    """An estimate of |dz/dx|_F^2, averaged over the batch, of codes `[N, d]` made from these images."""
    signs = torch.randint_like(codes, 2) * 2 - 1
    (slope,) = torch.autograd.grad((signs * codes).sum(), images, create_graph=True)
    return slope.float().flatten(1).square().sum(1).mean()


def build(settings: AutoencoderSettings, data: Dataset, device: torch.device) -> Learner:
    learner = AutoencoderLearner(settings, data, build_model("autoencoder", settings, data, device))
    learner.optimisers["model"] = adam(learner.model, settings.learning_rate)
    return learner
