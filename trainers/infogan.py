"""InfoGAN: a GAN that is paid for codes that can be read back (Chen et al. 2016).

A code c = (category, continuous codes) and noise z are drawn, and Q reads c from the image G(z, c). The
information that the image carries of c is at least (equation 4, H is constant)

    L_I = H(c) + E[log Q(c | G(z, c))]  <=  I(c; G(z, c))

    category     H = ln K for K equally likely ones, log Q = log softmax(logits)_c: at most ln K nats
    continuous   H = ln 2 for each uniform one, log Q = log N(c; mean, exp(logvar)): without a ceiling

Q shares all but its last layers with the discriminator, whose score is s(x) (a logit):

    discriminator, Q   mean_x softplus(-s(x)) + mean softplus(s(G)) - lambda L_I
    generator          mean softplus(-s(G)) - lambda L_I            the non-saturating loss

A digit's slant is a category too, and an easier one to draw. Two terms, both optional, ask for categories
that outlast small moves T (rotated, sheared, scaled, shifted), which leave what people call a class:

    swayed    the category is read from T(G(z, c)); as T only loses information, L_I stays a bound
    steady    - mu I(k; k') over real images x, k ~ Q(x), k' ~ Q(T(x)), whose joint distribution is the
              mean of Q(x) Q(T(x))^T over the batch (Ji et al. 2019, IIC, equation 3; on real images as in
              Ojha et al. 2020, Elastic-InfoGAN)

R1 = gamma / 2 mean_x |grad s(x)|^2 every 16th step and instance noise that falls to zero keep the game
stable, as for DCGAN. Images are scaled to [-1, 1].

No labels are used in training. They only name and order the categories that were found: by the best
one-to-one assignment of categories to classes on training images (the measure of the paper).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trainers.api import TrainerInfo, setting
from trainers.batches import as_floats
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import GRID_SEED, Learner, NetworkSettings, adam, build_model, placed, update

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from backends.model import Model
else:
    torch = Lazy("torch")

R1_EVERY = 16
FADE_FROM = 0.6  # share of the training after which the learning rates fall
ASSIGNED = 10_000  # training images by which categories are named


@dataclass(frozen=True)
class InfoGanSettings(NetworkSettings):
    """What an InfoGAN can choose."""

    latent: int = setting(62, "Numbers of noise besides the codes.", low=1, high=1024)
    width: int = setting(
        16, "Channels of the generator at full resolution (doubled at each halving, at most four times).",
        low=4, high=256)  # fmt: skip
    reader_width: int = setting(
        32, "Channels of the discriminator (and Q) at half resolution; it costs most of the time.",
        low=4, high=256)  # fmt: skip
    categories: int = setting(
        10, "Categories to find. For digits ten; with more, a class gets several.", low=2, high=100
    )
    continuous: int = setting(2, "Continuous codes to find, such as slant and thickness.", low=0, high=16)
    prior: str = setting(
        "gaussian", "What the noise is drawn from; the paper used uniform.", choices=("gaussian", "uniform")
    )
    category_weight: float = setting(
        1.0, "lambda on the category's information: too low and categories are ignored.",
        low=0, high=10, group="Loss")  # fmt: skip
    continuous_weight: float = setting(
        0.1, "lambda on the continuous codes' information: high, and they shout down the image.",
        low=0, high=10, group="Loss")  # fmt: skip
    sway: float = setting(
        0.0, "How far images are moved before their category is read; 1 is 20 degrees, 0.3 of shear, 15 % "
        "of size, 2 pixels. Finds classes rather than slants. The paper did not.", low=0, high=2,
        group="Loss")  # fmt: skip
    steadiness: float = setting(
        0.0, "mu on what a real image and its moved copy tell of each other's category. The paper had none.",
        low=0, high=10, group="Loss")  # fmt: skip
    noise: float = setting(
        0.1, "Deviation of the noise on all images that the discriminator sees, at the start.",
        low=0, high=1, group="Loss")  # fmt: skip
    noise_until: float = setting(
        0.5, "Share of the training after which that noise is gone.", low=0, high=1, group="Loss"
    )
    r1: float = setting(
        0.02, "gamma of the R1 penalty on the discriminator's slope at real images. 0 turns it off.",
        low=0, high=100, group="Loss", label="R1 penalty")  # fmt: skip
    generator_rate: float = setting(
        1e-3, "Step size of Adam for the generator.", low=1e-6, high=0.1, group="Optimisation")  # fmt: skip
    discriminator_rate: float = setting(
        2e-4, "Step size of Adam for the discriminator and Q.", low=1e-6, high=0.1, group="Optimisation"
    )
    momentum: float = setting(
        0.5, "beta 1 of Adam: the opponent moves, so old gradients soon mislead.",
        low=0, high=0.99, group="Optimisation")  # fmt: skip


INFO = TrainerInfo(
    "infogan", "InfoGAN", "Finds classes and ways to vary without being told.", InfoGanSettings
)


class InfoGanLearner(Learner):
    """`pictures`: a column for each category, a row for each noise."""

    settings: InfoGanSettings

    def __init__(self, settings: Any, data: Dataset, model: Model, score: nn.Module) -> None:
        super().__init__(settings, data, model, {"score": score})
        self.opponent = torch.nn.ModuleList([self.model.reader, score])
        betas = (settings.momentum, 0.999)
        self.optimisers = {
            "generator": adam(self.model.generator, settings.generator_rate, betas),
            "discriminator": adam(self.opponent, settings.discriminator_rate, betas),
        }

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        settings = self.settings
        real, codes = images * 2 - 1, self._draw(len(images), images.device)
        fake = self.model.draw(codes)
        values = self._discriminator_step(real, fake.detach(), codes, step)
        self.opponent.requires_grad_(False)  # spares its gradients in the generator's step
        seen = self._noisy(fake, step)
        features = self.model.reader.trunk(seen)
        loss = softplus(-self._score(features)).mean()
        category, continuous = self._information(features, seen, codes)
        update(self.optimisers["generator"], loss - self._weighted(category, continuous),
               self._rate(settings.generator_rate, step))  # fmt: skip
        self.opponent.requires_grad_(True)
        found = {"generator": loss, **values, "mutual information": category}
        found["ceiling"] = torch.tensor(math.log(settings.categories))
        return found | ({"continuous information": continuous} if settings.continuous else {})

    def _discriminator_step(self, real: Tensor, fake: Tensor, codes: Tensor, step: int) -> dict[str, Tensor]:
        trunk, settings = self.model.reader.trunk, self.settings
        real_features = trunk(self._noisy(real, step))
        on_real = self._score(real_features)
        seen = self._noisy(fake, step)
        features = trunk(seen)
        on_fake = self._score(features)
        loss = softplus(-on_real).mean() + softplus(on_fake).mean()
        total = loss - self._weighted(*self._information(features, seen, codes))
        steady = self._steady(real_features, real)
        if settings.r1 and step % R1_EVERY == 0:
            total = total + R1_EVERY * settings.r1 / 2 * self._slope(real)
        for value in steady.values():
            total = total - settings.steadiness * value
        update(self.optimisers["discriminator"], total, self._rate(settings.discriminator_rate, step))
        named = {"real named real": (on_real > 0).float().mean()}
        return {"discriminator": loss, **steady, **named, "made named made": (on_fake < 0).float().mean()}

    def _draw(self, count: int, device: torch.device) -> Tensor:
        """Packed codes `[count, D]` in the network's own order of categories."""
        settings = self.settings
        category = torch.randint(settings.categories, (count,), device=device)
        codes = torch.rand(count, settings.continuous, device=device) * 2 - 1
        z = torch.randn(count, settings.latent, device=device)
        if settings.prior == "uniform":
            z = torch.rand(count, settings.latent, device=device) * 2 - 1
        weights = torch.nn.functional.one_hot(category, settings.categories).float()
        return torch.cat([weights, codes, z], 1)

    def _steady(self, features: Tensor, real: Tensor) -> dict[str, Tensor]:
        """What real images and their moved copies tell of each other's category, where it is asked for."""
        settings, reader = self.settings, self.model.reader
        if not settings.steadiness:
            return {}
        kept = reader.heads(features)[0].float().softmax(1)
        copies = reader(swayed(real, settings.sway or 1.0))[0].float().softmax(1)
        return {"steady information": shared_information(kept, copies)}

    def _information(self, features: Tensor, seen: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        reader, sway = self.model.reader, self.settings.sway
        logits, mean, logvar = (part.float() for part in reader.heads(features))
        if sway:
            logits = reader(swayed(seen, sway))[0].float()
        weights, codes = self.model.part(codes, "category"), codes[:, logits.shape[1] :]
        return (
            categorical_information(logits, weights.argmax(1)),
            continuous_information(mean, logvar, codes[:, : mean.shape[1]]),
        )

    def _weighted(self, category: Tensor, continuous: Tensor) -> Tensor:
        return self.settings.category_weight * category + self.settings.continuous_weight * continuous

    def _score(self, features: Tensor) -> Tensor:
        scores: Tensor = self.extra["score"](features)
        return scores.float()

    def _slope(self, real: Tensor) -> Tensor:
        """mean_x |grad s(x)|^2."""
        real = real.detach().requires_grad_(True)
        scores = self._score(self.model.reader.trunk(real))
        (slope,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
        return slope.square().sum((1, 2, 3)).mean()

    def _noisy(self, images: Tensor, step: int) -> Tensor:
        done = step / max(self.settings.noise_until * self.settings.steps, 1)
        deviation = self.settings.noise * max(0.0, 1 - done)
        return images + deviation * torch.randn_like(images) if deviation else images

    def _rate(self, rate: float, step: int) -> float:
        """Constant, then falling to a tenth, so that the game comes to rest."""
        done = step / self.settings.steps
        return rate * (1 - 0.9 * max(0.0, done - FADE_FROM) / (1 - FADE_FROM))

    def settle(self, model: Any) -> None:
        """Name and order the categories as the labels, where there are any."""
        if self.data.labels is None:
            return
        images, labels = self.data.images[:ASSIGNED], self.data.labels[:ASSIGNED]
        read = _categories(model, images)
        order, classes = assigned(read, labels, self.settings.categories)
        names = tuple(self.data.classes[c] if c >= 0 else f"c{n}" for n, c in enumerate(classes))
        model.set_categories(torch.from_numpy(order), names)

    def figures(self, model: Any, held_out: Dataset) -> dict[str, float]:
        """How often Q's category is the class of a held-out image, under the assignment of `settle`."""
        if held_out.labels is None or model.space["category"].size < len(held_out.classes):
            return {}
        return {"category_accuracy": float((_categories(model, held_out.images) == held_out.labels).mean())}

    def pictures(self, model: Model) -> Tensor:
        count = self.settings.categories
        codes = torch.from_numpy(model.space.sample_many(count, GRID_SEED)).repeat_interleave(count, 0)
        codes[:, model.space.slices["category"]] = torch.eye(count).repeat(count, 1)
        return model.generate(codes.to(next(model.parameters()).device), {})


def categorical_information(logits: Tensor, category: Tensor) -> Tensor:
    """ln K + mean log Q(c|x), in nats, of logits `[N, K]` and drawn categories `[N]`; at most ln K."""
    return math.log(logits.shape[1]) - torch.nn.functional.cross_entropy(logits, category)


def continuous_information(mean: Tensor, logvar: Tensor, codes: Tensor) -> Tensor:
    """d ln 2 + mean sum_d log N(c; mean, exp(logvar)), in nats, of codes `[N, d]` from U(-1, 1)."""
    error = (codes - mean).square() / logvar.exp()
    log_density = -0.5 * (error + logvar + math.log(2 * math.pi))
    return (log_density + math.log(2)).sum(1).mean()


def shared_information(one: Tensor, other: Tensor) -> Tensor:
    """I(k; k') in nats of paired probabilities `[N, K]`; at most ln K (Ji et al. 2019, equation 3)."""
    joint = one.T @ other / len(one)
    joint = ((joint + joint.T) / 2).clamp_min(1e-9)
    apart = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    return (joint * (joint.log() - apart.log())).sum()


def swayed(images: Tensor, amount: float) -> Tensor:
    """Images `[N, C, H, W]` each rotated, sheared, scaled and shifted at random; edges are repeated."""
    count = len(images)
    turn, shear, size, across, down = amount * (torch.rand(5, count, device=images.device) * 2 - 1)
    turn, size = math.radians(20) * turn, 1 + 0.15 * size
    affine = torch.zeros(count, 2, 3, device=images.device)
    affine[:, 0, 0], affine[:, 0, 1] = size * turn.cos(), 0.3 * shear - size * turn.sin()
    affine[:, 1, 0], affine[:, 1, 1] = size * turn.sin(), size * turn.cos()
    affine[:, 0, 2], affine[:, 1, 2] = 0.15 * across, 0.15 * down
    grid = torch.nn.functional.affine_grid(affine, list(images.shape), align_corners=False)
    return torch.nn.functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def assigned(read: np.ndarray, labels: np.ndarray, categories: int) -> tuple[np.ndarray, np.ndarray]:
    """The one-to-one assignment of categories `read` `[N]` to `labels` `[N]` that agrees most often.

    Returns the categories in the order of their classes, those without one last, and the class of each
    (-1 for none). Solved by the Hungarian method.
    """
    from scipy.optimize import linear_sum_assignment

    together = np.zeros((categories, int(labels.max()) + 1), np.int64)
    np.add.at(together, (read, labels), 1)
    rows, classes = linear_sum_assignment(-together)
    sequence = np.argsort(classes)
    left = np.setdiff1d(np.arange(categories), rows)
    return np.r_[rows[sequence], left], np.r_[classes[sequence], np.full(len(left), -1)]


def softplus(values: Tensor) -> Tensor:
    """log(1 + exp(t))."""
    return torch.nn.functional.softplus(values)


def _categories(model: Any, images: np.ndarray) -> np.ndarray:
    """The category that Q finds most likely for each image uint8 `[N, H, W, C]`."""
    device = next(model.parameters()).device
    chunks = torch.from_numpy(images).split(500)
    return torch.cat([model.read(as_floats(c.to(device)))[0].argmax(1) for c in chunks]).cpu().numpy()


def build(settings: InfoGanSettings, data: Dataset, device: torch.device) -> Learner:
    from backends.nets.trunk import SpreadScore

    model: Any = build_model("infogan", settings, data, device)
    return InfoGanLearner(settings, data, model, placed(SpreadScore(model.reader.trunk.features), device))
