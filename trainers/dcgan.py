"""DCGAN: a generator against a discriminator (Goodfellow et al. 2014; Radford, Metz and Chintala 2016).

With scores s(x) (a logit), generated images G(z), and softplus(t) = log(1 + exp(t)):

    discriminator   mean_x [(1 - a) softplus(-s(x)) + a softplus(s(x))] + mean_z softplus(s(G(z)))
    generator       mean_z softplus(-s(G(z)))                        the non-saturating loss

`a` is the one-sided smoothing of the real label; a share of labels may be flipped. Optional:
R1 = gamma / 2 mean_x |grad s(x)|^2 on real images (Mescheder et al. 2018), every 16th step at 16 times the
weight (Karras et al. 2020); instance noise on all the discriminator sees, falling to zero (Sonderby
et al. 2017). Images are scaled to [-1, 1], as the generator's tanh gives them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainers.api import TrainerInfo, setting
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import Learner, NetworkSettings, adam, build_model, placed, update

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from backends.model import Model
else:
    torch = Lazy("torch")

R1_EVERY = 16
FADE_FROM = 0.6  # share of the training after which the learning rates fall


@dataclass(frozen=True)
class GanSettings(NetworkSettings):
    """What a DCGAN can choose: the practical tricks that make the game stable."""

    latent: int = setting(
        64, "Numbers in a code. Few are easy to steer, more give more variety.", low=1, high=1024
    )
    prior: str = setting(
        "gaussian", "Where codes are drawn from: gaussian, or the sphere on which nearly all of a "
        "gaussian's mass lies anyway.", choices=("gaussian", "sphere"))  # fmt: skip
    discriminator_width: int = setting(
        24, "Channels of the discriminator at full resolution; it costs most of the time.", low=4, high=256
    )
    generator_rate: float = setting(
        4e-4, "Step size of Adam for the generator.", low=1e-6, high=0.1, group="Optimisation")  # fmt: skip
    discriminator_rate: float = setting(
        4e-4, "Step size of Adam for the discriminator; a higher one than the generator's keeps it ahead "
        "(Heusel et al. 2017).", low=1e-6, high=0.1, group="Optimisation")  # fmt: skip
    momentum: float = setting(
        0.5, "beta 1 of Adam: the opponent moves, so old gradients soon mislead; DCGAN uses 0.5.",
        low=0, high=0.99, group="Optimisation")  # fmt: skip
    separate_batches: bool = setting(
        True, "Real and generated images go through the discriminator in batches of their own, so that "
        "statistics over a batch show a collapse.", group="Loss")  # fmt: skip
    smoothing: float = setting(
        0.1, "Real labels are 1 minus this: the discriminator stays less sure, its gradient useful "
        "(Salimans et al. 2016).", low=0, high=0.4, group="Loss")  # fmt: skip
    flipped: float = setting(
        0.0, "Share of real and generated labels that are exchanged at random.", low=0, high=0.3, group="Loss"
    )
    noise: float = setting(
        0.1, "Deviation of the noise on all images that the discriminator sees, at the start.",
        low=0, high=1, group="Loss")  # fmt: skip
    noise_until: float = setting(
        0.5, "Share of the training after which that noise is gone.", low=0, high=1, group="Loss"
    )
    r1: float = setting(
        0.02, "gamma of the R1 penalty on the discriminator's slope at real images: damps the circling of "
        "the two players. 0 turns it off.", low=0, high=100, group="Loss", label="R1 penalty")  # fmt: skip
    spectral: bool = setting(
        False, "Spectral norm in the discriminator: bounds its slope everywhere (Miyato et al. 2018).",
        group="Loss")  # fmt: skip


INFO = TrainerInfo(
    "dcgan", "DCGAN", "Two networks in a game: one draws, one tells drawn from real.", GanSettings
)


class GanLearner(Learner):
    """`generate` and `score` are all that a conditional kind has to change."""

    settings: GanSettings

    def __init__(self, settings: Any, data: Dataset, model: Model, discriminator: nn.Module) -> None:
        super().__init__(settings, data, model, {"discriminator": discriminator})
        self.discriminator = discriminator
        betas = (settings.momentum, 0.999)
        self.optimisers = {
            "generator": adam(model, settings.generator_rate, betas),
            "discriminator": adam(discriminator, settings.discriminator_rate, betas),
        }

    def generate(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Images in [-1, 1] of z `[B, d]`."""
        images: Tensor = self.model.generator(z)
        return images

    def score(self, images: Tensor, labels: Tensor | None) -> Tensor:
        """Scores `[B]` of images in [-1, 1]."""
        scores: Tensor = self.discriminator(images, None)
        return scores.float()

    def sameness(self, z: Tensor, fake: Tensor, labels: Tensor | None) -> Tensor | float:
        """What is added to the generator's loss for images that are too alike."""
        return 0.0

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        real = images * 2 - 1
        z = draw(self.settings.prior, len(real), self.settings.latent, real)
        fake = self.generate(z, labels)
        values = self._discriminator_step(real, fake.detach(), labels, step)
        self.discriminator.requires_grad_(False)  # spares its gradients in the generator's step
        loss = torch.nn.functional.softplus(-self.score(self._noisy(fake, step), labels)).mean()
        total = loss + self.sameness(z, fake, labels)
        update(self.optimisers["generator"], total, self._rate(self.settings.generator_rate, step))
        self.discriminator.requires_grad_(True)
        return {"generator": loss, **values}

    def _discriminator_step(
        self, real: Tensor, fake: Tensor, labels: Tensor | None, step: int
    ) -> dict[str, Tensor]:
        settings = self.settings
        on_real, on_fake = self._scores(self._noisy(real, step), self._noisy(fake, step), labels)
        loss = discriminator_loss(on_real, on_fake, settings.smoothing, settings.flipped)
        total = loss
        if settings.r1 and step % R1_EVERY == 0:
            total = loss + R1_EVERY * settings.r1 / 2 * self._slope(real, labels)
        update(self.optimisers["discriminator"], total, self._rate(settings.discriminator_rate, step))
        return {
            "discriminator": loss,
            "real named real": (on_real > 0).float().mean(),
            "made named made": (on_fake < 0).float().mean(),
        }

    def _scores(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        if self.settings.separate_batches:
            return self.score(real, labels), self.score(fake, labels)
        both = None if labels is None else torch.cat([labels, labels])
        on_real, on_fake = self.score(torch.cat([real, fake]), both).chunk(2)
        return on_real, on_fake

    def _slope(self, real: Tensor, labels: Tensor | None) -> Tensor:
        """mean_x |grad s(x)|^2."""
        real = real.detach().requires_grad_(True)
        (slope,) = torch.autograd.grad(self.score(real, labels).sum(), real, create_graph=True)
        return slope.square().sum((1, 2, 3)).mean()

    def _noisy(self, images: Tensor, step: int) -> Tensor:
        deviation = noise_at(step, self.settings.noise, self.settings.noise_until * self.settings.steps)
        return images + deviation * torch.randn_like(images) if deviation else images

    def _rate(self, rate: float, step: int) -> float:
        """Constant, then falling to a tenth, so that the game comes to rest."""
        done = step / self.settings.steps
        return rate * (1 - 0.9 * max(0.0, done - FADE_FROM) / (1 - FADE_FROM))


def draw(prior: str, count: int, size: int, like: Tensor) -> Tensor:
    """z `[count, size]` from N(0, I), or from the sphere of radius sqrt(size)."""
    z = torch.randn(count, size, device=like.device)
    return z if prior == "gaussian" else torch.nn.functional.normalize(z) * size**0.5


def discriminator_loss(on_real: Tensor, on_fake: Tensor, smoothing: float, flipped: float) -> Tensor:
    """The discriminator's loss on scores `[B]` of real and of generated images."""
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    real, fake = torch.full_like(on_real, 1 - smoothing), torch.zeros_like(on_fake)
    if flipped:
        swap_real, swap_fake = torch.rand_like(real) < flipped, torch.rand_like(fake) < flipped
        real, fake = real.masked_fill(swap_real, 0.0), fake.masked_fill(swap_fake, 1 - smoothing)
    return loss(on_real, real) + loss(on_fake, fake)


def noise_at(step: int, deviation: float, until: float) -> float:
    """Falls from `deviation` at the first step to 0 at the step `until`."""
    return deviation * max(0.0, 1 - step / until) if until > 0 else 0.0


def build(settings: GanSettings, data: Dataset, device: torch.device) -> Learner:
    from backends.nets.build import discriminator

    model = build_model("dcgan", settings, data, device)
    opponent = discriminator(model.config, settings.discriminator_width, spectral=settings.spectral)
    return GanLearner(settings, data, model, placed(opponent, device))
