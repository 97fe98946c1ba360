"""Generative adversarial networks: one trainer with choices (Goodfellow et al. 2014 and what came after).

A critic scores images, s(x); a generator makes them, G(z). In turns each takes a step down its own loss. The
losses stand as equations in `trainers.losses.adversarial`; to the critic's are added, where chosen,

    lambda mean (|grad s(x)| - 1)^2       at places between real and generated images (Gulrajani et al. 2017),
                                          or around real ones (Kodali et al. 2017)
    gamma / 2 mean |grad s(x)|^2          R1, at real images (Mescheder et al. 2018), every 16th step at 16
    times
                                          the weight (Karras et al. 2020)

BEGAN's critic is an autoencoder, its scores are errors, and k balances the two players. Images are scaled to
[-1, 1], as the generator's tanh gives them. The settings of each paper are in `trainers.presets`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainers.api import TrainerInfo
from trainers.data.api import Dataset
from trainers.gan_settings import GanSettings
from trainers.lazy import Lazy
from trainers.learner import Learner, adam, build_model, placed, update
from trainers.losses import adversarial as losses

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from backends.model import Model
    from backends.nets.critics import Verdict
else:
    torch = Lazy("torch")

R1_EVERY = 16

INFO = TrainerInfo(
    "gan", "GAN", "Two networks in a game: one draws, one tells drawn from real.", GanSettings, spreads=True
)


class GanLearner(Learner):
    """`generate`, `judge`, `also_critic` and `also_generator` are all that a conditional kind changes."""

    settings: GanSettings

    def __init__(self, settings: Any, data: Dataset, model: Model, critic: nn.Module) -> None:
        super().__init__(settings, data, model, {"discriminator": critic})
        self.critic: Any = critic
        self.optimisers = {
            "generator": optimiser(settings.optimiser, model, settings.generator_rate, settings),
            "discriminator": optimiser(
                settings.discriminator_optimiser, critic, settings.discriminator_rate, settings
            ),
        }
        for network in (model, critic) if settings.layer_noise else ():
            add_noise(network, settings.layer_noise)

    def generate(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Images in [-1, 1] of z `[B, d]`."""
        images: Tensor = self.model.generator(z)
        return images

    def judge(self, images: Tensor, labels: Tensor | None) -> Verdict:
        """Scores `[B]`, and logits of classes or None, of images in [-1, 1]."""
        scores, named = self.critic(images, None)
        return scores.float(), named

    def also_critic(self, real: Verdict, fake: Verdict, labels: Tensor | None) -> dict[str, Tensor]:
        """What else the critic minimises, by the name it is plotted under."""
        return {}

    def also_generator(
        self, z: Tensor, fake: Tensor, verdict: Verdict, labels: Tensor | None
    ) -> dict[str, Tensor]:
        """What else the generator minimises."""
        return {}

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        real = images * 2 - 1
        z = draw(self.settings.prior, len(real), self.settings.latent, real)
        turn = step % self.settings.discriminator_steps == 0
        with torch.set_grad_enabled(turn):
            fake = self.generate(z, labels)
        values = self._critic_step(real, fake.detach(), labels, step)
        return values | self._generator_step(z, fake, labels, step) if turn else values

    def _generator_step(self, z: Tensor, fake: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        self.critic.requires_grad_(False)  # spares its gradients
        verdict = self.judge(self._noisy(fake, step), labels)
        kind = self.settings.loss
        loss = verdict[0].mean() if kind == "began" else losses.generator_loss(kind, verdict[0])
        also = self.also_generator(z, fake, verdict, labels)
        rate = self._rate(self.settings.generator_rate, step)
        update(self.optimisers["generator"], sum(also.values(), loss), rate)
        self.critic.requires_grad_(True)
        return {"generator": loss, **also}

    def _critic_step(self, real: Tensor, fake: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        on_real, on_fake = self._verdicts(self._noisy(real, step), self._noisy(fake, step), labels)
        loss = self._critic_loss(on_real[0], on_fake[0])
        also = self.also_critic(on_real, on_fake, labels) | self._penalties(real, fake, labels, step)
        rate = self._rate(self.settings.discriminator_rate, step)
        update(self.optimisers["discriminator"], sum(also.values(), loss), rate)
        if self.settings.clip:
            clip(self.critic, self.settings.clip)
        return {"discriminator": loss, **also, **self._shown(on_real[0], on_fake[0])}

    def _critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        settings = self.settings
        if settings.loss == "began":
            return losses.balanced_loss(real, fake, self.critic.balance)
        aims = losses.targets(real, fake, settings.smoothing, settings.flipped)
        return losses.critic_loss(settings.loss, real, fake, aims)

    def _shown(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """How the game stands, besides the losses; for BEGAN, k moves on."""
        settings = self.settings
        if settings.loss == "began":
            real, fake = real.detach(), fake.detach()
            k = losses.next_balance(self.critic.balance, real, fake, settings.gamma, settings.balance_rate)
            self.critic.balance.copy_(k)
            return {"balance k": k, "convergence": losses.convergence(real, fake, settings.gamma)}
        if settings.loss == "wasserstein":
            return {"distance": (real.mean() - fake.mean()).detach()}
        least = losses.THRESHOLD[settings.loss]
        return {
            "real named real": (real > least).float().mean(),
            "made named made": (fake < least).float().mean(),
        }

    def _penalties(self, real: Tensor, fake: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        settings, found = self.settings, {}

        def score(images: Tensor) -> Tensor:
            return self.judge(images, labels)[0]

        if settings.penalty != "none":
            at = losses.between(real, fake) if settings.penalty == "wgan-gp" else losses.around(real)
            found["penalty"] = settings.penalty_weight * losses.unit_slope(score, at)
        if settings.r1 and step % R1_EVERY == 0:
            found["R1"] = R1_EVERY * settings.r1 / 2 * losses.no_slope(score, real)
        return found

    def _verdicts(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> tuple[Verdict, Verdict]:
        if self.settings.separate_batches:
            return self.judge(real, labels), self.judge(fake, labels)
        both = None if labels is None else torch.cat([labels, labels])
        scores, named = self.judge(torch.cat([real, fake]), both)
        names = (None, None) if named is None else named.chunk(2)
        on_real, on_fake = scores.chunk(2)
        return (on_real, names[0]), (on_fake, names[1])

    def _noisy(self, images: Tensor, step: int) -> Tensor:
        deviation = noise_at(step, self.settings.noise, self.settings.noise_until * self.settings.steps)
        return images + deviation * torch.randn_like(images) if deviation else images

    def _rate(self, rate: float, step: int) -> float:
        return rate * settled(step / self.settings.steps, self.settings.settle_from)


def draw(prior: str, count: int, size: int, like: Tensor) -> Tensor:
    """z `[count, size]` from N(0, I), the sphere of radius sqrt(size), or U(-1, 1)."""
    if prior == "uniform":
        return torch.rand(count, size, device=like.device) * 2 - 1
    z = torch.randn(count, size, device=like.device)
    return z if prior == "gaussian" else torch.nn.functional.normalize(z) * size**0.5


def noise_at(step: int, deviation: float, until: float) -> float:
    """Falls from `deviation` at the first step to 0 at the step `until`."""
    return deviation * max(0.0, 1 - step / until) if until > 0 else 0.0


def settled(done: float, start: float) -> float:
    """A factor on learning rates: 1, and from the share `start` of the training on down to 0.1."""
    return 1.0 if start >= 1 else 1 - 0.9 * max(0.0, done - start) / (1 - start)


def clip(network: nn.Module, largest: float) -> None:
    """Bring every weight back into [-largest, largest] (Arjovsky et al. 2017, algorithm 1)."""
    with torch.no_grad():
        for weight in network.parameters():
            weight.clamp_(-largest, largest)


def add_noise(network: nn.Module, deviation: float) -> None:
    """Add gaussian noise after each activation of a network while it is in training mode."""

    def noisy(module: nn.Module, _: Any, out: Tensor) -> Tensor:
        return out + deviation * torch.randn_like(out) if module.training else out

    for module in network.modules():
        if isinstance(module, torch.nn.ReLU | torch.nn.LeakyReLU):
            module.register_forward_hook(noisy)


def optimiser(kind: str, network: nn.Module, rate: float, settings: GanSettings) -> torch.optim.Optimizer:
    """Adam, RMSprop or SGD over a network's weights."""
    if kind == "adam":
        return adam(network, rate, (settings.momentum, settings.averaging))
    if kind == "rmsprop":
        return torch.optim.RMSprop(network.parameters(), lr=rate)
    return torch.optim.SGD(network.parameters(), lr=rate, momentum=settings.momentum)


def build(settings: GanSettings, data: Dataset, device: torch.device) -> Learner:
    model = build_model("gan", settings, data, device)
    return GanLearner(settings, data, model, placed(critic(settings, model), device))


def critic(settings: GanSettings, model: Model, labels: str = "none", classes: int = 0) -> nn.Module:
    """The opponent that the settings ask for."""
    from backends.nets.build import discriminator
    from backends.nets.critics import Critical

    how = Critical(settings.discriminator_width, settings.discriminator_norm, settings.downsample,
                   settings.spectral, settings.spread, labels, classes)  # fmt: skip
    return discriminator(model.config, how, autoencoding=settings.loss == "began")
