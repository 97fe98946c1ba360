"""Restricted Boltzmann machine by persistent contrastive divergence (Tieleman 2008).

    E(v, h) = -b v - c h - v W h        F(v) = -b v - sum_j softplus(c_j + (v W)_j)
    d/dtheta -log p(v) = dF(v)/dtheta - E_model[dF/dtheta]

The mean over the model is taken over particles, Gibbs chains that go on from one step to the next; so the
loss, whose gradient this is, is mean F(data) - mean F(particles). Grey pixels are the chances that a
pixel is 1, drawn anew each time.

log Z, and with it the likelihood, is estimated by annealed importance sampling (Salakhutdinov and Murray
2008): from a machine without weights, whose Z is known, to this one by small steps of the temperature,

    log p_t(v) = (1 - t) a v + t b v + sum_j softplus(t (c_j + (v W)_j)) - log Z_t
    log Z_0 = H log 2 + sum softplus(a),   log Z = log Z_0 + log mean_chains prod_t p*_t(v_t) / p*_(t-1)(v_t)

where a are the log odds of the pixels and p* is p without its Z.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backends.api import Capability
from trainers.api import Settings, TrainerInfo, setting
from trainers.batches import as_floats
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import SAMPLES, Learner, build_model

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from backends.families.rbm import Particles
else:
    torch = Lazy("torch")

MEASURED = 10_000  # training images that give the latent space
LIKELY = (0.02, 0.98)  # chances of a pixel: beyond, its bias at the start would be too sure
ANNEALING = 1000  # temperatures
ANNEALED = 64  # chains


@dataclass(frozen=True)
class RbmSettings(Settings):
    """What a restricted Boltzmann machine can choose."""

    hidden: int = setting(500, "Hidden units, each a feature of the whole image.", low=2, high=4096)
    latent: int = setting(
        64, "Numbers in a code: principal components of the hidden units, by which a picture is steered.",
        low=1, high=1024)  # fmt: skip
    particles: int = setting(
        100, "Gibbs chains that go on through the training: they show where the machine's beliefs are wrong.",
        low=1, high=4096, group="Training")  # fmt: skip
    gibbs_steps: int = setting(
        1, "Gibbs steps of each particle for each step of learning.", low=1, high=100, group="Training"
    )
    learning_rate: float = setting(
        0.05, "Step size of plain gradient descent; it falls to zero in a straight line, so that the chains "
        "can keep up.", low=1e-6, high=1, group="Optimisation")  # fmt: skip
    weight_decay: float = setting(
        1e-4, "Pull of the weights towards zero: chains mix better.", low=0, high=1, group="Optimisation"
    )

    def check(self) -> None:
        from backends.errors import BadSettings

        super().check()
        if self.latent > self.hidden:
            raise BadSettings(
                f"latent is {self.latent}, more than the {self.hidden} hidden units.", "Lower it."
            )


INFO = TrainerInfo(
    "rbm",
    "Restricted Boltzmann machine",
    "Learns an energy that is low at images, and dreams by a Markov chain.",
    RbmSettings,
)


class RbmLearner(Learner):
    """`extra["particles"]` holds the chains; `pictures` shows them."""

    settings: RbmSettings
    judged_by = Capability.ENCODES  # on the way its likelihood lacks log Z, which moves with the weights

    def __init__(self, settings: Any, data: Dataset, model: Any, particles: Particles) -> None:
        super().__init__(settings, data, model, {"particles": particles})
        self.particles = particles

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        from backends.families.rbm import drawn

        model, chains = self.model, self.particles
        v = drawn(images.flatten(1))
        with torch.no_grad():
            chains.v.copy_(model.gibbs(chains.v, self.settings.gibbs_steps))
        loss = model.free_energy(v).mean() - model.free_energy(chains.v).mean()
        optimiser = self.optimisers["model"]
        for group in optimiser.param_groups:
            group["lr"] = self.settings.learning_rate * (1 - step / self.settings.steps)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            again = model.visible_input(model.hidden_input(v).sigmoid())
        error = torch.nn.functional.binary_cross_entropy_with_logits(again, v, reduction="sum") / len(v)
        return {"reconstruction": error, "energy gap": loss}

    def settle(self, model: Any) -> None:
        """Measure the latent space, and estimate log Z."""
        device = model.weight.device
        chunks = torch.from_numpy(self.data.images[:MEASURED]).split(1000)
        model.set_space(torch.cat([model.hidden_input(as_floats(c.to(device)).flatten(1)) for c in chunks]))
        generator = torch.Generator(device).manual_seed(self.settings.seed)
        model.set_log_z(log_partition(model, self._base(device), ANNEALED, ANNEALING, generator))

    def copies(self, model: Any, images: Tensor) -> Tensor:
        """By the chances of the units: on the way its latent space is not measured yet."""
        again = model.visible_input(model.hidden_input(images.flatten(1)).sigmoid()).sigmoid()
        return again.view_as(images)

    def _base(self, device: torch.device) -> Tensor:
        return log_odds(as_floats(torch.from_numpy(self.data.images[:MEASURED])).mean(0).flatten()).to(device)

    def pictures(self, model: Any) -> Tensor:
        shown: Tensor = model.as_images(model.believed(self.particles.v[:SAMPLES]))
        return shown


def log_odds(chances: Tensor) -> Tensor:
    """The biases of units that are 1 with these chances."""
    return chances.clamp(*LIKELY).logit()


def log_partition(
    model: Any, base: Tensor, chains: int, temperatures: int, generator: torch.Generator
) -> float:
    """log Z by annealed importance sampling from independent pixels with biases `base` `[V]`."""
    from backends.families.rbm import drawn

    def log_weight(v: Tensor, inputs: Tensor, t: float) -> Tensor:
        linear = (1 - t) * (v @ base) + t * (v @ model.visible_bias)
        return linear + torch.nn.functional.softplus(t * inputs).sum(1)

    v = drawn(base.sigmoid().expand(chains, -1), generator)
    total = v.new_zeros(chains, dtype=torch.float64)
    for step in range(1, temperatures + 1):
        t, before = step / temperatures, (step - 1) / temperatures
        inputs = model.hidden_input(v)
        total += (log_weight(v, inputs, t) - log_weight(v, inputs, before)).double()
        h = drawn((t * inputs).sigmoid(), generator)
        v = drawn(((1 - t) * base + t * model.visible_input(h)).sigmoid(), generator)
    start = len(model.hidden_bias) * math.log(2) + float(torch.nn.functional.softplus(base).sum())
    return start + float(total.logsumexp(0)) - math.log(chains)


def build(settings: RbmSettings, data: Dataset, device: torch.device) -> Learner:
    from backends.families.rbm import Particles

    model: Any = build_model("rbm", settings, data, device)
    start = log_odds(as_floats(torch.from_numpy(data.images[:MEASURED])).mean(0).flatten())
    with torch.no_grad():
        model.visible_bias.copy_(start)
    chains = Particles(start.sigmoid().expand(settings.particles, -1)).to(device)
    learner = RbmLearner(settings, data, model, chains)
    learner.optimisers["model"] = torch.optim.SGD(
        model.parameters(), settings.learning_rate, momentum=0.5, weight_decay=settings.weight_decay
    )
    return learner
