"""Weak labels: pairs of images teach what is common and what varies. One trainer, a name for each paper.

x1 and x2 share the factor, x3 is any other image; c and v are the encoder's common and varying code, Dec the
decoder, |.| the reconstruction loss of `trainers.vae`. All are drawn anew for each step.

    cycle      |Dec(c2, v1) - x1| + |Dec(c1, v2) - x2| + lambda KL(v)
               + mu |v(Dec(c1, z)) - v(Dec(c3, z))|_1,  z ~ N(0, I), which moves the encoder alone (Jha et
               al. 2018): the same varying code in two classes must be read back alike, so it can't hold the
               class. (They give it an optimiser of its own; Adam then makes much of a small loss.)
    szabo      |Dec(c2, v1) - x1| + |Dec(c1, v2) - x2| + nu softplus(-D(x1, Dec(c1, v3)))
               D tells real pairs (x1, x2) from such (Szabó et al. 2018); both codes are plain numbers
    mathieu    |Dec(c1, v1) - x1| / 2 + |Dec(c2, v1) - x1| (and the same of x2) + lambda KL(v)
               + nu softplus(-D(Dec(c1, v3), class of x1)) (Mathieu et al. 2016)

The losses are means over the pair. How far the class leaks into the varying code is a curve (`leak`, what
least squares reads in draws) and a figure (what a network reads).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trainers.api import TrainerInfo, setting
from trainers.batches import as_floats
from trainers.betavae import sampled
from trainers.data.api import Dataset
from trainers.data.pairs import numbered
from trainers.lazy import Lazy
from trainers.learner import Learner, NetworkSettings, adam, build_model, faded, placed, update
from trainers.probe import linear, probed
from trainers.vae import divergence, reconstruction_loss

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import functional

    from backends.model import Model
else:
    torch = Lazy("torch")
    functional = Lazy("torch.nn.functional")

METHODS = ("cycle", "szabo", "mathieu")
MEASURED = 10_000  # training images whose codes give the prior, and teach the probe
LOOKED = 2000  # for the curve
SIDE = 7  # images a side in the pictures
UNIT = 0.5**0.5  # the deviation at which the gaussian loss is the plain squared error


@dataclass(frozen=True)
class PairSettings(NetworkSettings):
    """What an autoencoder of pairs can choose."""

    method: str = setting(
        "cycle", "How the class is kept out of the varying code: by a cycle, by a critic of pairs (szabo), "
        "by a critic of images that knows the class (mathieu).", choices=METHODS)  # fmt: skip
    sharing: str = setting(
        "", "Names of the factors that the images of a pair share, with commas; empty: the label.",
        group="Data")  # fmt: skip
    latent: int = setting(16, "Numbers in the varying code: fewer can hide less of the class.",
                          low=1, high=1024)  # fmt: skip
    common: int = setting(16, "Numbers in the common code.", low=1, high=1024)
    width: int = setting(
        16, "Channels at full resolution (doubled at each halving, at most four times).", low=4, high=256
    )
    critic_width: int = setting(8, "The same for the critic.", low=4, high=256)
    likelihood: str = setting(
        "bernoulli", "bernoulli (cross-entropy, logistic output) for nearly black and white data, gaussian "
        "(squared error, identity output) for continuous grey and colour.",
        choices=("bernoulli", "gaussian"), group="Loss")  # fmt: skip
    kl_weight: float = setting(
        3.0, "lambda on the varying code's divergence from the prior (cycle, mathieu).", low=0, high=100,
        group="Loss", label="KL weight")  # fmt: skip
    cycle_weight: float = setting(
        100.0, "mu on reading varying codes back alike (cycle).", low=0, high=10_000,
        group="Loss")  # fmt: skip
    adversarial_weight: float = setting(
        10.0, "nu on the critic's verdict (szabo, mathieu).", low=0, high=1000, group="Loss")  # fmt: skip
    limit_accuracy: float = setting(
        0.8, "The critic rests while it tells more than this share rightly.", low=0.5, high=1, group="Loss"
    )
    learning_rate: float = setting(
        1e-3, "Highest step size of Adam; it falls to zero at the end.", low=1e-6, high=0.1,
        group="Optimisation")  # fmt: skip
    critic_rate: float = setting(
        2e-4, "Step size of Adam for the critic.", low=1e-6, high=0.1, group="Optimisation")  # fmt: skip

    @property
    def shared(self) -> list[str]:
        """The names in `sharing`."""
        return [name.strip() for name in self.sharing.split(",") if name.strip()]


INFO = TrainerInfo(
    "pairs", "Common and varying", "Learns from pairs what images share and what varies between them.",
    PairSettings,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Read:
    """A batch of pairs as encoded: images `[2 B, C, H, W]`, first x1, then x2; codes in the same order."""

    images: Tensor
    common: Tensor
    mean: Tensor
    logvar: Tensor
    varying: Tensor
    kinds: Tensor  # of what is shared, `[2 B]`

    def swapped(self, value: Tensor) -> Tensor:
        """Each one's partner's."""
        return value.roll(len(value) // 2, 0)


class PairLearner(Learner):
    """`pictures`: a table; each column has the common code of its head, each row the varying one of its."""

    settings: PairSettings

    def __init__(self, settings: Any, data: Dataset, model: Model, extra: Any = None) -> None:
        super().__init__(settings, data, model, extra)
        self.pairs = data.pairs(settings.shared)
        self.kinds = numbered(data.attributes(settings.shared))

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        settings = self.settings
        read = self._draw(len(images) // 2 or 1, images.device)
        swapped = self._loss(read.swapped(read.common), read.varying, read)
        values = {"reconstruction": swapped}
        loss = swapped
        if settings.method != "szabo":
            values["kl"] = divergence(read.mean, read.logvar)
            loss = loss + settings.kl_weight * values["kl"]
        if settings.method == "mathieu":
            loss = loss + self._loss(read.common, read.varying, read) / 2
        if "critic" in self.extra:
            verdict, more = self._adversary(read)
            loss, values = loss + settings.adversarial_weight * verdict, {**values, **more}
        if settings.method == "cycle":
            values["cycle"] = self._cycle(read)
            loss = loss + settings.cycle_weight * values["cycle"]
        update(self.optimisers["model"], loss, faded(settings.learning_rate, step, settings.steps))
        return {"loss": loss, **values, **self._seen(step)}

    def _draw(self, count: int, device: torch.device) -> Read:
        """`count` pairs and their codes, the same ones for the same step."""
        rng = np.random.default_rng(int(torch.randint(2**62, (1,))))
        rows = np.concatenate(self.pairs.draw(rng, count))
        images = as_floats(torch.from_numpy(self.data.images[rows]).to(device))
        common, mean, logvar = (value.float() for value in self.model.read(images))
        varying = sampled(mean, logvar) if self.model.config["variational"] else mean
        return Read(images, common, mean, logvar, varying, torch.from_numpy(self.kinds[rows]).to(device))

    def _loss(self, common: Tensor, varying: Tensor, read: Read) -> Tensor:
        raw = self.model.decode(common, varying).float()
        return reconstruction_loss(raw, read.images, self.settings.likelihood, UNIT)

    def _cycle(self, read: Read) -> Tensor:
        """|v(Dec(c1, z)) - v(Dec(c3, z))|, mean over numbers; the images are taken as they are."""
        half = len(read.images) // 2
        common = read.common[:half].detach()
        z = torch.randn(half, self.settings.latent, device=common.device)
        with torch.no_grad():
            both = torch.cat([common, common.roll(1, 0)])
            made = self._shown(self.model.decode(both, z.repeat(2, 1)))
        one, other = self.model.read(made)[1].float().chunk(2)
        return (one - other).abs().mean()

    def _adversary(self, read: Read) -> tuple[Tensor, dict[str, Tensor]]:
        """The critic's step, and its verdict on images with another's varying code."""
        half = len(read.images) // 2
        made = self._shown(self.model.decode(read.common[:half], read.varying[:half].roll(1, 0)).float())
        first, second, kinds = read.images[:half], read.images[half:], read.kinds[:half]
        critic = self.extra["critic"].requires_grad_(True)
        on_real, on_made = self._score(first, second, kinds), self._score(first, made.detach(), kinds)
        right = ((on_real > 0).float().mean() + (on_made < 0).float().mean()) / 2
        loss = functional.softplus(-on_real).mean() + functional.softplus(on_made).mean()
        if float(right) < self.settings.limit_accuracy:
            update(self.optimisers["discriminator"], loss, self.settings.critic_rate)
        critic.requires_grad_(False)
        verdict = functional.softplus(-self._score(first, made, kinds)).mean()
        return verdict, {"generator": verdict, "discriminator": loss, "told rightly": right}

    def _score(self, first: Tensor, second: Tensor, kinds: Tensor) -> Tensor:
        if self.settings.method == "szabo":
            scores, _ = self.extra["critic"](torch.cat([first, second], 1) * 2 - 1)
        else:
            weights = functional.one_hot(kinds, int(self.kinds.max()) + 1).float()
            scores, _ = self.extra["critic"](second * 2 - 1, weights)
        found: Tensor = scores.float()
        return found

    def _shown(self, raw: Tensor) -> Tensor:
        from backends.families.vae import shown

        return shown(raw, self.settings.likelihood)

    def _seen(self, step: int) -> dict[str, Tensor]:
        """The leak, each time samples are drawn."""
        if step == 0 or step % self.settings.sample_every:
            return {}
        wanted = self.data.attributes(self.settings.shared)[:LOOKED]
        self.model.eval()
        with torch.no_grad():
            codes = self._codes(self.model, self.data, LOOKED)
        self.model.train()
        varying = codes.get("varying_drawn", codes["varying"])
        found = np.mean([linear(varying, column) for column in wanted.T])
        return {"leak": torch.tensor(float(found))}

    def _codes(self, model: Any, data: Dataset, count: int = MEASURED) -> dict[str, Tensor]:
        """The codes of the first `count` images, by what is told of them in `figures`."""
        chunks = torch.from_numpy(data.images[:count]).to(next(model.parameters()).device).split(500)
        parts = [model.read(as_floats(chunk)) for chunk in chunks]
        common, mean, logvar = (torch.cat(values).float() for values in zip(*parts, strict=True))
        found = {"common": common, "varying": mean}
        return {**found, "varying_drawn": sampled(mean, logvar)} if model.config["variational"] else found

    def settle(self, model: Any) -> None:
        """Measure the distribution of what has no prior of its own."""
        codes = self._codes(model, self.data)
        model.set_prior(torch.cat([codes["common"], codes["varying"]], 1).cpu().numpy())

    def figures(self, model: Any, held_out: Dataset) -> dict[str, float]:
        """Mean accuracy of naming what pairs share from each code of held-out images, by a network.

        `varying` reads the encoder's means; a mean that its own noise buries is read too. `varying_drawn`
        reads draws, which is all that the decoder is given.
        """
        names = self.settings.shared
        seen, wanted = self._codes(model, self.data), self.data.attributes(names)[:MEASURED]
        unseen, truth = self._codes(model, held_out), held_out.attributes(names)[:MEASURED]
        found = {}
        for name, known in seen.items():
            hits = [probed(known, a, unseen[name], b) for a, b in zip(wanted.T, truth.T, strict=True)]
            found[f"class_from_{name}"] = float(np.mean(hits))
        return found

    def pictures(self, model: Model) -> Tensor:
        _, rows = np.unique(self.kinds, return_index=True)  # one of each kind
        rows = np.concatenate([rows, np.arange(len(self.data))])[:SIDE]
        heads = as_floats(torch.from_numpy(self.data.images[rows]).to(next(model.parameters()).device))
        common, varying = model.encode(heads).split(model.sizes, 1)
        side, blank = len(heads), torch.ones_like(heads[:1])
        codes = torch.cat([common.repeat(side, 1), varying.repeat_interleave(side, 0)], 1)
        table = model.generate(codes, {}).unflatten(0, (side, side))
        lines = [torch.cat([heads[row : row + 1], table[row]]) for row in range(side)]
        return torch.cat([torch.cat([blank, heads]), *lines])


def build(settings: PairSettings, data: Dataset, device: torch.device) -> Learner:
    """Raises `BadData` where the data don't have what pairs are to share."""
    data.attributes(settings.shared)
    asked = _Built(**settings.to_json(), variational=settings.method != "szabo")
    model = build_model("pairs", asked, data, device)
    learner = PairLearner(settings, data, model)
    learner.optimisers["model"] = adam(model, settings.learning_rate)
    if settings.method != "cycle":
        learner.extra["critic"] = placed(
            _critic(settings, model.config, int(learner.kinds.max()) + 1), device
        )
        learner.optimisers["discriminator"] = adam(
            learner.extra["critic"], settings.critic_rate, (0.5, 0.999)
        )
    return learner


@dataclass(frozen=True)
class _Built(PairSettings):
    """The settings with what the method says of the network."""

    variational: bool = True


def _critic(settings: PairSettings, config: Mapping[str, Any], kinds: int) -> torch.nn.Module:
    """Of pairs, one image behind the other, or of images that knows what they show."""
    from backends.nets import build as nets
    from backends.nets.critics import Critical

    if settings.method == "szabo":
        config, labels, kinds = {**config, "channels": 2 * config["channels"]}, "none", 0
    else:
        labels = "projection"
    how = Critical(settings.critic_width, spread=False, labels=labels, classes=kinds)
    return nets.discriminator({**config, "finest": "half"}, how)
