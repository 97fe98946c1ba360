"""Vector-quantised autoencoder (van den Oord, Vinyals and Kavukcuoglu 2017, equation 3).

With maps m = encoder(x), q the nearest entries of the codebook, and sg(.) that stops the gradient,

    loss = -log p(x | q) + lambda (|sg(m) - q|^2 + beta |m - sg(q)|^2)

The nearest entry has no gradient; the decoder's is handed through to the encoder as if q were m (straight
through): the decoder reads m + sg(q - m). -log p(x | q) is as for the autoencoder, summed over pixels; the
squares are summed over the map. Entries that no image has used for a while are put where an image's vector
is (Dhariwal et al. 2020, section 3.1), else a codebook soon lives on a few.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainers.api import Settings, TrainerInfo, setting
from trainers.batches import as_floats
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import SAMPLES, Learner, adam, build_model, faded, update
from trainers.vae import reconstruction_loss

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from backends.families.vqvae import Usage
else:
    torch = Lazy("torch")

MEASURED = 10_000  # training images that give the latent space
REVIVE_EVERY = 100  # steps
REVIVE_UNTIL = 0.7  # share of the training
UNIT = 0.5**0.5  # the deviation at which the gaussian loss is the plain squared error


@dataclass(frozen=True)
class VqSettings(Settings):
    """What a vector-quantised autoencoder can choose."""

    width: int = setting(
        16, "Channels at full resolution, doubled at each of the two halvings.", low=4, high=256
    )
    entries: int = setting(64, "Entries of the codebook.", low=2, high=4096)
    entry: int = setting(16, "Numbers of an entry.", low=1, high=256)
    latent: int = setting(
        32, "Numbers in a code: principal components of the maps, by which an image is steered.",
        low=1, high=1024)  # fmt: skip
    upsample: str = setting("transposed", "How resolution doubles.", choices=("transposed", "nearest"))
    likelihood: str = setting(
        "bernoulli", "bernoulli for nearly black and white data, gaussian for continuous grey and colour.",
        choices=("bernoulli", "gaussian"), group="Loss")  # fmt: skip
    codebook_weight: float = setting(
        1.0, "lambda on the distance between the maps and their entries.", low=0, high=100, group="Loss"
    )
    commitment: float = setting(
        0.25, "beta: how much the encoder is drawn to the entries, against the entries to it.",
        low=0, high=10, group="Loss")  # fmt: skip
    learning_rate: float = setting(
        2e-3, "Highest step size of Adam; it falls to zero at the end.", low=1e-6, high=0.1,
        group="Optimisation")  # fmt: skip

    def check(self) -> None:
        from backends.errors import BadSettings

        super().check()
        numbers = self.entry * (self.image_size // 4) ** 2
        if self.latent > numbers:
            raise BadSettings(
                f"latent is {self.latent}, more than the {numbers} numbers of a map.", "Lower it."
            )


INFO = TrainerInfo(
    "vqvae",
    "Vector-quantised autoencoder",
    "Learns to tell an image by the entries of a codebook.",
    VqSettings,
)


class VqLearner(Learner):
    """`pictures` are training images and, beside each, its copy."""

    settings: VqSettings

    def __init__(self, settings: Any, data: Dataset, model: Any, usage: Usage) -> None:
        super().__init__(settings, data, model, {"usage": usage})
        self.usage = usage

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        settings, model = self.settings, self.model
        maps = model.encoder(images).float()
        entries = model.nearest(maps)
        quantised = model.look_up(entries)
        raw = model.decoder(straight_through(maps, quantised)).float()
        likelihood = reconstruction_loss(raw, images, settings.likelihood, UNIT)
        apart = codebook_loss(maps, quantised, settings.commitment)
        loss = likelihood + settings.codebook_weight * apart
        update(self.optimisers["model"], loss, faded(settings.learning_rate, step, settings.steps))
        self._revive(maps.detach(), entries, step)
        share = torch.bincount(entries.flatten(), minlength=settings.entries) / entries.numel()
        perplexity = torch.special.entr(share).sum().exp()
        return {"loss": loss, "reconstruction": likelihood, "codebook": apart, "entries in use": perplexity}

    def _revive(self, maps: Tensor, entries: Tensor, step: int) -> None:
        """Count uses; now and then put entries without any where vectors of this batch are."""
        counts = self.usage.counts
        counts += torch.bincount(entries.flatten(), minlength=self.settings.entries)
        if (step + 1) % REVIVE_EVERY or step > REVIVE_UNTIL * self.settings.steps:
            return
        dead = (counts == 0).nonzero()[:, 0]
        vectors = maps.permute(0, 2, 3, 1).flatten(0, 2)
        chosen = vectors[torch.randperm(len(vectors), device=maps.device)[: len(dead)]]
        with torch.no_grad():
            self.model.codebook[dead[: len(chosen)]] = chosen
        counts.zero_()

    def settle(self, model: Any) -> None:
        """Measure the distribution of maps, from which new ones are drawn."""
        chunks = self.first_images(MEASURED).split(500)
        model.set_space(torch.cat([model.encoder(as_floats(chunk)) for chunk in chunks]))

    def pictures(self, model: Any) -> Tensor:
        wanted = as_floats(self.first_images(SAMPLES // 2))
        copies = model.paint(model.nearest(model.encoder(wanted)))
        return torch.stack([wanted, copies], 1).flatten(0, 1)


def straight_through(maps: Tensor, quantised: Tensor) -> Tensor:
    """The value of `quantised` with the gradient of `maps` (section 3.2)."""
    return maps + (quantised - maps).detach()


def codebook_loss(maps: Tensor, quantised: Tensor, commitment: float) -> Tensor:
    """|sg(m) - q|^2 + beta |m - sg(q)|^2 of `[N, d, h, w]`, summed over the map, averaged over the batch."""
    to_maps = (maps.detach() - quantised).square().sum((1, 2, 3)).mean()
    return to_maps + commitment * (maps - quantised.detach()).square().sum((1, 2, 3)).mean()


def build(settings: VqSettings, data: Dataset, device: torch.device) -> Learner:
    from backends.families.vqvae import Usage

    model = build_model("vqvae", settings, data, device)
    learner = VqLearner(settings, data, model, Usage(settings.entries).to(device))
    learner.optimisers["model"] = adam(learner.model, settings.learning_rate)
    return learner
