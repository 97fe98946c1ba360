"""Toys of one network: variational autoencoder, diffusion, normalising flow."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from backends.diffusion.samplers import ddim
from backends.diffusion.schedule import clean, schedule, target
from backends.nets.mlp import layers
from trainers.ddpm import of, spread_times
from trainers.toys.toy import FIELD, GRID, Toy, network, noise, places, slope_of
from trainers.vae import divergence, reconstruction_loss

LATENT = 2  # of the autoencoder
DEVIATION = 0.1  # of its gaussian likelihood
DRAWS = 256  # of the prior, for its density
RECONSTRUCTED = 120
TIMES, SAMPLING = 100, 20  # steps of diffusion: all, and those of the sampler
WAVES = 4  # by which the network reads the time
COUPLINGS = 8
LEAST_DENSITY = 1e-6  # whose logarithm still is a number


class Autoencoder(Toy):
    """Arrows lead from real points to their reconstructions; values are log p(x) by draws of the prior."""

    def build(self) -> None:
        width = self.settings.width
        self.networks = {
            "model": nn.ModuleDict(
                {"encoder": network(2, width, 2 * LATENT), "decoder": network(LATENT, width, 2)}
            )
        }
        self.optimise()
        self.noise, self.blur = noise(LATENT), DEVIATION * noise(2, 79)

    def turn(self) -> dict[str, Tensor]:
        loss, parts = self._bound(self.batch(), self.settings.kl_weight)
        gradient = self.descend("model", loss, self.settings.rate)
        return {"loss": loss.detach(), **parts, "∇": gradient}

    def generated(self) -> Tensor:
        return self.decode(self.noise) + self.blur

    def decode(self, z: Tensor) -> Tensor:
        points: Tensor = self.networks["model"]["decoder"](z)
        return points

    def posterior(self, points: Tensor) -> tuple[Tensor, Tensor]:
        mean, logvar = self.networks["model"]["encoder"](points).chunk(2, 1)
        return mean, logvar.clamp(-12, 6)

    def drawn(self, points: Tensor) -> tuple[Tensor, Tensor, Tensor, dict[str, float]]:
        with torch.no_grad():
            real = torch.from_numpy(self.real[:RECONSTRUCTED])
            moved = self.decode(self.posterior(real)[0]) - real
            centres = self.decode(self.noise[:DRAWS])
        return real, moved, smoothed(centres), {"moved": float(moved.norm(dim=1).mean())}

    def _bound(self, x: Tensor, weight: float) -> tuple[Tensor, dict[str, Tensor]]:
        mean, logvar = self.posterior(x)
        said = self.decode(mean + (logvar / 2).exp() * torch.randn_like(mean))
        rebuilt = reconstruction_loss(said, x, "gaussian", DEVIATION)
        kl = divergence(mean, logvar)
        return rebuilt + weight * kl, {"reconstruction": rebuilt.detach(), "kl": kl.detach()}


class Diffusion(Toy):
    """The network names the noise; arrows are the score at one level of it, values the samples' density."""

    def build(self) -> None:
        self.schedule = schedule("cosine", TIMES)
        self.networks = {"model": network(2 + 2 * WAVES, self.settings.width, 2)}
        self.optimise()
        self.noise = noise(2)

    def turn(self) -> dict[str, Tensor]:
        x0 = self.batch()
        times, eps = spread_times(len(x0), TIMES, x0.device), torch.randn_like(x0)
        a, s = (of(self.schedule, name, times)[:, :, 0, 0] for name in ("signal", "noise"))
        said = self.said(a * x0 + s * eps, times)
        loss = (said - target("eps", x0, eps, a, s)).square().mean()
        return {"loss": loss.detach(), "∇": self.descend("model", loss, self.settings.rate)}

    def said(self, x: Tensor, times: Tensor) -> Tensor:
        """The noise `[N, 2]` in x at whole times `[N]`."""
        turns = times[:, None] / TIMES * math.pi * 2.0 ** torch.arange(WAVES) / 2
        noise_in: Tensor = self.networks["model"](torch.cat([x, turns.sin(), turns.cos()], 1))
        return noise_in

    def generated(self) -> Tensor:
        def denoise(x: Tensor, t: int) -> Tensor:
            said = self.said(x, torch.full((len(x),), t))
            # Near t = T there is hardly any signal to divide by; the data lie well within 3.
            a, s = float(self.schedule.signal[t]), float(self.schedule.noise[t])
            return clean("eps", said, x, a, s).clamp(-3, 3)

        x = self.noise
        for step in ddim(denoise, x, self.schedule, self.schedule.times(SAMPLING)):
            x = step.x.float()
        return x

    def drawn(self, points: Tensor) -> tuple[Tensor, Tensor, Tensor, dict[str, float]]:
        t = max(1, round(self.settings.level * TIMES))
        at, s = places(FIELD), float(self.schedule.noise[t])
        with torch.no_grad():
            score = -self.said(at, torch.full((len(at),), t)) / s
        return at, score, smoothed(points), {"noise": s}


class Flow(Toy):
    """Affine couplings (Dinh et al. 2017); values are the exact log p(x), arrows its slope."""

    def build(self) -> None:
        width = self.settings.width
        parts: Any = [
            nn.Sequential(*layers([1, width, width]), nn.Linear(width, 2)) for _ in range(COUPLINGS)
        ]
        for part in parts:  # begins as the identity
            nn.init.zeros_(part[-1].weight)
            nn.init.zeros_(part[-1].bias)
        self.networks = {"model": nn.ModuleList(parts)}
        self.optimise()
        self.noise = noise(2)

    def turn(self) -> dict[str, Tensor]:
        loss = -self.log_density(self.batch()).mean()
        return {"loss": loss.detach(), "∇": self.descend("model", loss, self.settings.rate)}

    def log_density(self, x: Tensor) -> Tensor:
        """log p `[N]` of points `[N, 2]` by the change of variables."""
        stretched = torch.zeros(len(x))
        for index, part in enumerate(self._parts):
            kept, moved = x[:, index % 2], x[:, 1 - index % 2]
            scale, shift = _bounded(part(kept[:, None]))
            x = _joined(kept, (moved - shift) * (-scale).exp(), index)
            stretched = stretched - scale
        return -x.square().sum(1) / 2 - math.log(2 * math.pi) + stretched

    def generated(self) -> Tensor:
        x = self.noise
        for index, part in reversed(list(enumerate(self._parts))):
            kept, moved = x[:, index % 2], x[:, 1 - index % 2]
            scale, shift = _bounded(part(kept[:, None]))
            x = _joined(kept, moved * scale.exp() + shift, index)
        return x

    def drawn(self, points: Tensor) -> tuple[Tensor, Tensor, Tensor, dict[str, float]]:
        at = places(FIELD)
        with torch.no_grad():
            density = self.log_density(places(GRID))
            nats = -float(self.log_density(torch.from_numpy(self.real)).mean())
        return at, slope_of(self.log_density, at), density, {"nats": nats}

    @property
    def _parts(self) -> list[nn.Module]:
        return list(self.networks["model"])


def _bounded(said: Tensor) -> tuple[Tensor, Tensor]:
    """log scale and shift `[N]` of a coupling; the scale stays within e^±2."""
    return 2 * torch.tanh(said[:, 0] / 2), said[:, 1]


def _joined(kept: Tensor, moved: Tensor, index: int) -> Tensor:
    return torch.stack([kept, moved] if index % 2 == 0 else [moved, kept], 1)


def smoothed(points: Tensor) -> Tensor:
    """log density `[GRID^2]` of points `[N, 2]`, each a Gaussian of deviation `DEVIATION`."""
    steps = places(GRID)[:GRID, 0, None]
    across, up = (torch.exp(-(steps - points[:, i]).square() / (2 * DEVIATION**2)) for i in (0, 1))
    density = up @ across.T / (len(points) * 2 * math.pi * DEVIATION**2)
    return (density + LEAST_DENSITY).log().flatten()
