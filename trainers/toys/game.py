"""A GAN over points, with every loss and penalty of `trainers.losses.adversarial`."""

from __future__ import annotations

import torch
from torch import Tensor

from trainers.gan import clip
from trainers.losses import adversarial as losses
from trainers.toys.toy import GRID, Toy, network, noise, places, slope_of

NOISE = 4  # dimensions of z
ARROWS = 160
CLIP = 0.1
GAMMA, BALANCE_RATE = 0.7, 0.01  # of BEGAN
BOTTLENECK = 1  # of BEGAN's autoencoder: a curve through the plane


class Game(Toy):
    """The arrows are -dL/dx of the generator's loss at each generated point; values are the critic's."""

    def build(self) -> None:
        width = self.settings.width
        self.networks = {"generator": network(NOISE, width, 2), "critic": self._critic(width)}
        self.optimise((0.5, 0.9))
        if self.settings.optimiser == "sgd":
            self.optimisers["generator"] = torch.optim.SGD(self.networks["generator"].parameters(), 1e-3)
        self.noise = noise(NOISE)
        self.balance = torch.zeros(())  # BEGAN's k

    def turn(self) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for _ in range(self.settings.critic_steps):
            found |= self._critic_turn()
        return found | self._generator_turn()

    def step_critic(self) -> None:
        self._count(self._critic_turn)

    def step_generator(self) -> None:
        self._count(self._generator_turn)

    def generated(self) -> Tensor:
        points: Tensor = self.networks["generator"](self.noise)
        return points

    def score(self, points: Tensor) -> Tensor:
        """The critic's value `[N]` of points `[N, 2]`: for BEGAN the error of redrawing them."""
        said = self.networks["critic"](points)
        return (points - said).abs().sum(1) if self.began else said[:, 0]

    def drawn(self, points: Tensor) -> tuple[Tensor, Tensor, Tensor, dict[str, float]]:
        kind = self.settings.loss
        arrows = -slope_of(self._wanted, points) * len(points)  # of each point's own share
        with torch.no_grad():
            on_real, on_fake = self.score(torch.from_numpy(self.real)), self.score(points)
            values = self.score(places(GRID))
        if kind in ("minimax", "non-saturating"):
            values = values.sigmoid()
        numbers = {"pull": float(arrows.norm(dim=1).median()), **self._told(on_real, on_fake)}
        return points[:ARROWS], arrows[:ARROWS], -values if self.began else values, numbers

    @property
    def began(self) -> bool:
        return self.settings.loss == "began"

    def _critic(self, width: int) -> torch.nn.Module:
        if not self.began:
            return network(2, width, 1)
        return torch.nn.Sequential(network(2, width, BOTTLENECK), network(BOTTLENECK, width, 2))

    def _critic_turn(self) -> dict[str, Tensor]:
        real, settings = self.batch(), self.settings
        with torch.no_grad():
            fake = self.networks["generator"](torch.randn(len(real), NOISE))
        on_real, on_fake = self.score(torch.cat([real, fake])).chunk(2)
        if self.began:
            loss = losses.balanced_loss(on_real, on_fake, self.balance)
            ahead = on_real.detach(), on_fake.detach()
            self.balance = losses.next_balance(self.balance, *ahead, GAMMA, BALANCE_RATE)
        else:
            aims = losses.targets(on_real, on_fake, 0.0, 0.0)
            loss = losses.critic_loss(settings.loss, on_real, on_fake, aims)
        gradient = self.descend("critic", loss + self._penalty(real, fake), settings.critic_rate)
        if settings.penalty == "clip":
            clip(self.networks["critic"], CLIP)
        return {"critic": loss.detach(), "∇ critic": gradient}

    def _generator_turn(self) -> dict[str, Tensor]:
        critic = self.networks["critic"].requires_grad_(False)
        fake = self.networks["generator"](torch.randn(self.settings.batch, NOISE))
        loss = self._wanted(fake)
        gradient = self.descend("generator", loss, self.settings.rate)
        critic.requires_grad_(True)
        return {"generator": loss.detach(), "∇ generator": gradient}

    def _wanted(self, fake: Tensor) -> Tensor:
        """The generator's loss."""
        on_fake = self.score(fake)
        return on_fake.mean() if self.began else losses.generator_loss(self.settings.loss, on_fake)

    def _penalty(self, real: Tensor, fake: Tensor) -> Tensor:
        """Points go through the penalties as images of two channels and one pixel."""
        kind, weight = self.settings.penalty, self.settings.penalty_weight
        if kind in ("none", "clip"):
            return torch.zeros(())

        def score(images: Tensor) -> Tensor:
            return self.score(images.flatten(1))

        at, others = real[..., None, None], fake[..., None, None]
        if kind == "r1":
            return weight / 2 * losses.no_slope(score, at)
        return weight * losses.unit_slope(
            score, losses.between(at, others) if kind == "wgan-gp" else losses.around(at)
        )

    def _told(self, on_real: Tensor, on_fake: Tensor) -> dict[str, float]:
        """Shares that are named rightly; without a threshold, by the best one."""
        least = losses.THRESHOLD.get(self.settings.loss)
        if least is None:
            if self.began:
                on_real, on_fake = -on_real, -on_fake
            least = float((on_real.mean() + on_fake.mean()) / 2)
        return {
            "real named real": float((on_real > least).float().mean()),
            "made named made": float((on_fake < least).float().mean()),
        }
