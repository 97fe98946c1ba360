"""VAEs whose dimensions are pressed apart, without labels; one trainer, a name for each paper.

    loss = -log p(x|z) + lambda KL + what the objective adds, see `trainers.losses.apart`

    bound               nothing; lambda > 1 is the beta-VAE (Higgins et al. 2017)
    capacity            gamma |KL - C(t)| in place of lambda KL (Burgess et al. 2018)
    critic              gamma TC, TC by a critic's density ratio (Kim and Mnih 2018, FactorVAE)
    total-correlation   (beta - 1) TC, TC from the batch (Chen et al. 2018, beta-TCVAE)
    covariance-means    lambda_od, lambda_d on the covariance of the means (Kumar et al. 2018, DIP-VAE I)
    covariance-codes    the same on that of the codes (DIP-VAE II)

As KL holds TC once, FactorVAE's gamma + 1 stands for beta-TCVAE's beta. The models are plain variational
autoencoders. Where the data have factors, or labels, the mutual information gap and SAP are curves; of
several factors FactorVAE's score too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainers.api import TrainerInfo, setting
from trainers.batches import as_floats
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import Learner, adam, build_model, faded, placed, update
from trainers.losses import apart
from trainers.vae import VaeSettings, divergence, reconstruction_loss, warmed

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from backends.model import Model
else:
    torch = Lazy("torch")

OBJECTIVES = ("bound", "capacity", "critic", "total-correlation", "covariance-means", "covariance-codes")
MEASURED = 2000  # images whose codes give the curves
ROWS, VOTES = 600, (500, 250)  # of them for SAP, and for FactorVAE's score
MOST_VALUES = 100
ACTIVE = 0.01  # nats; a dimension with less says nothing of the image
SWEPT = 10  # dimensions, and steps along each, in the pictures
REACH = 2.0  # standard deviations either way


@dataclass(frozen=True)
class ApartSettings(VaeSettings):
    """What such an autoencoder can choose; each objective reads its own."""

    objective: str = setting(
        "total-correlation", "What presses dimensions apart: the weight on KL alone (bound), a fixed number "
        "of nats (capacity), a critic's or the batch's estimate of what dimensions share (critic, "
        "total-correlation), or the covariance of means or of codes.",
        choices=OBJECTIVES, group="Loss")  # fmt: skip
    latent: int = setting(10, "Numbers in a code; unneeded ones go silent.", low=1, high=1024)
    correlation_weight: float = setting(
        6.0, "beta on the total correlation (total-correlation), gamma + 1 of FactorVAE (critic). At 1 it is "
        "a plain bound.", low=1, high=200, group="Loss")  # fmt: skip
    estimate: str = setting(
        "weighted", "How the batch stands for the data in the total correlation: all images alike, or "
        "stratified, without bias.", choices=apart.WEIGHTS, group="Loss")  # fmt: skip
    capacity: float = setting(
        25.0, "C: nats that the code may carry at last.", low=0, high=1000, group="Loss")  # fmt: skip
    capacity_weight: float = setting(
        100.0, "gamma on the distance from that capacity.", low=0, high=10_000, group="Loss")  # fmt: skip
    capacity_until: float = setting(
        0.7, "Share of the training over which the capacity rises.", low=0, high=1, group="Loss")  # fmt: skip
    off_diagonal: float = setting(
        10.0, "lambda_od on covariances between dimensions.", low=0, high=1000, group="Loss")  # fmt: skip
    diagonal: float = setting(
        10.0, "lambda_d on variances' distance from one; the paper took 10 lambda_od for means, lambda_od "
        "for codes.", low=0, high=10_000, group="Loss")  # fmt: skip
    critic_width: int = setting(
        256, "Features of each of the critic's four layers (the paper had six of 1000).", low=4, high=2048
    )
    critic_rate: float = setting(
        1e-4, "Step size of Adam for the critic.", low=1e-6, high=0.1, group="Optimisation")  # fmt: skip


INFO = TrainerInfo(
    "vae", "VAE, dimensions apart",
    "Learns a code whose numbers each stand for one thing, without being told.",
    ApartSettings, name="betavae",
)  # fmt: skip


class ApartLearner(Learner):
    """`pictures`: one image's code with each of its liveliest dimensions moved, a row for each."""

    settings: ApartSettings

    def __init__(self, settings: Any, data: Dataset, model: Model, extra: Any = None) -> None:
        super().__init__(settings, data, model, extra)
        self.eye = Factors(data)

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        settings = self.settings
        mean, logvar = (value.float() for value in self.model.posterior(images))
        z = sampled(mean, logvar)
        raw = self.model.decoder(z).float()
        likelihood = reconstruction_loss(raw, images, settings.likelihood, settings.deviation)
        kl = divergence(mean, logvar)
        pressure, values = self._pressure(z, mean, logvar, kl, step)
        weight = settings.kl_weight * warmed(step, settings.kl_warm_up * settings.steps)
        bound = 0.0 if settings.objective == "capacity" else weight * kl
        loss = likelihood + bound + pressure
        update(self.optimisers["model"], loss, faded(settings.learning_rate, step, settings.steps))
        values |= self._critic_step(z) if "critic" in self.extra else {}
        return {"loss": loss, "reconstruction": likelihood, "kl": kl, **values, **self._seen(step)}

    def _pressure(
        self, z: Tensor, mean: Tensor, logvar: Tensor, kl: Tensor, step: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """What the objective adds to the bound, and the curves of it."""
        settings, kind = self.settings, self.settings.objective
        more = settings.correlation_weight - 1
        if kind == "capacity":
            over = settings.capacity_until * settings.steps
            return apart.capacity_loss(kl, step, over, settings.capacity, settings.capacity_weight), {}
        if kind == "critic":
            shared = apart.density_ratio(self.extra["critic"](z).float())
            return more * shared, {"total correlation": shared}
        if kind == "total-correlation":
            weights = apart.minibatch_weights(settings.estimate, len(z), len(self.data)).to(z)
            shared = apart.total_correlation(z, mean, logvar, weights)
            return more * shared, {"total correlation": shared - self._constant(z.shape[1])}
        if kind == "bound":
            return torch.zeros((), device=z.device), {}
        spread = apart.covariance_of(mean, logvar if kind == "covariance-codes" else None)
        penalty = apart.covariance_penalty(spread, settings.off_diagonal, settings.diagonal)
        return penalty, {"covariance": penalty}

    def _constant(self, latent: int) -> float:
        """What weights 1 / (N B) instead of 1 / B add to the estimate: no nats of the codes, so not shown."""
        return (latent - 1) * math.log(len(self.data)) if self.settings.estimate == "weighted" else 0.0

    def _critic_step(self, z: Tensor) -> dict[str, Tensor]:
        """Teach the critic on these codes, and on permuted ones of a second batch (algorithm 1)."""
        critic = self.extra["critic"]
        rows = torch.randint(len(self.data), (len(z),))
        others = as_floats(torch.from_numpy(self.data.images[rows.numpy()]).to(z.device))
        with torch.no_grad():
            second = sampled(*(value.float() for value in self.model.posterior(others)))
        joint, shuffled = critic(z.detach()).float(), critic(apart.permuted(second)).float()
        loss = apart.critic_loss(joint, shuffled)
        update(self.optimisers["critic"], loss, self.settings.critic_rate)
        return {"critic": loss}

    def _seen(self, step: int) -> dict[str, Tensor]:
        """The curves that cost something, each time samples are drawn."""
        if step == 0 or step % self.settings.sample_every:
            return {}
        self.model.eval()
        with torch.no_grad():
            found = self.eye.look(self.model)
        self.model.train()
        return {name: torch.tensor(value) for name, value in found.items()}

    def figures(self, model: Any, held_out: Dataset) -> dict[str, float]:
        """The scores, and how many dimensions carry something, on held-out images."""
        found = Factors(held_out).look(model)
        return {name.lower().replace(" ", "_"): value for name, value in found.items()}

    def pictures(self, model: Any) -> Tensor:
        wanted = as_floats(self.first_images(256))
        mean, logvar = model.posterior(wanted)
        liveliest = nats(mean, logvar).argsort(descending=True)[:SWEPT].tolist()
        codes = mean[:1].repeat(len(liveliest) ** 2, 1)
        places = torch.linspace(-REACH, REACH, len(liveliest)).to(codes)
        for row, dimension in enumerate(liveliest):
            codes[row * len(places) : (row + 1) * len(places), dimension] = places
        return model.generate(codes, {})


class Factors:
    """What a model's codes say of the known factors (or labels) of some images, always the same ones."""

    def __init__(self, data: Dataset) -> None:
        rows = np.sort(np.random.default_rng(0).permutation(len(data))[:MEASURED])
        factors = data.factors if data.factors is not None else data.labels
        self.images = data.images[rows]
        self.factors = None if factors is None else factors[rows].reshape(len(rows), -1)

    def look(self, model: Any) -> dict[str, float]:
        """`active dimensions`, and where there are factors the scores of `scored`, of the means."""
        device = next(model.parameters()).device
        chunks = torch.from_numpy(self.images).to(device).split(500)
        parts = [model.posterior(as_floats(chunk)) for chunk in chunks]
        mean, logvar = (torch.cat(values).float() for values in zip(*parts, strict=True))
        found = {"active dimensions": float((nats(mean, logvar) > ACTIVE).sum())}
        if self.factors is not None:
            found |= scored(mean.detach().cpu().double().numpy(), self.factors)
        return found


def scored(codes: NDArray[np.float64], factors: NDArray[np.int64]) -> dict[str, float]:
    """`MIG`, `SAP` and, of two factors or more, `FactorVAE` of codes `[N, D]` and factors `[N, K]`.

    As the fast Scores panel has them: 20 bins (Locatello et al. 2019), 400 and 200 rows (Kumar et al.
    2018), 500 and 250 votes (Kim and Mnih 2018). Factors of one value or of over 100 count for MIG alone.
    """
    from backends.information import entropies, gap, histogram, mutual_information
    from backends.separation import named_by_one, separation
    from backends.votes import majority

    found = {"MIG": gap(mutual_information(histogram(codes), factors), entropies(factors))}
    factors = factors[:, [1 < len(np.unique(column)) <= MOST_VALUES for column in factors.T]]
    if not factors.shape[1]:
        return found
    rng = np.random.default_rng(0)
    train, test = np.split(rng.permutation(len(codes))[:ROWS], [min(ROWS, len(codes)) * 2 // 3])
    hits = [named_by_one(codes[train], y[train], codes[test], y[test]).mean(0) for y in factors.T]
    found["SAP"] = separation(np.stack(hits, 1))
    if factors.shape[1] > 1:
        found["FactorVAE"], _ = majority(codes, factors, *VOTES, rng)
    return found


def sampled(mean: Tensor, logvar: Tensor) -> Tensor:
    """A draw from each posterior: mean + exp(logvar / 2) noise."""
    return mean + (logvar / 2).exp() * torch.randn_like(mean)


def nats(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL to the prior of each dimension `[d]`, mean over the rows of `[N, d]`."""
    return 0.5 * (mean.square() + logvar.exp() - logvar - 1).mean(0)


def critic(latent: int, width: int) -> torch.nn.Module:
    """Codes `[N, latent]` -> logits `[N]` of being whole rather than permuted."""
    from backends.nets.mlp import layers

    inner = layers([latent] + [width] * 4)
    return torch.nn.Sequential(*inner, torch.nn.Linear(width, 1), torch.nn.Flatten(0))


def build(settings: ApartSettings, data: Dataset, device: torch.device) -> Learner:
    model = build_model("vae", settings, data, device)
    extra = {}
    if settings.objective == "critic":
        extra["critic"] = placed(critic(settings.latent, settings.critic_width), device)
    learner = ApartLearner(settings, data, model, extra)
    learner.optimisers["model"] = adam(learner.model, settings.learning_rate)
    if extra:
        learner.optimisers["critic"] = adam(extra["critic"], settings.critic_rate, (0.5, 0.9))
    return learner
