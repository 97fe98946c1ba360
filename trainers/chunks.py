"""MIX: an autoencoder learns to take images apart by mixing them (Hu et al. 2018). No labels.

E encodes an image into n chunks, G draws one from them. Of images x1, x2 with chunks f1, f2 and a mask m of
n fair bits, the mix takes the chunks with m = 1 from x2, the others from x1. It is encoded again, and the
chunks that came from x1 go back among its own, which must give x1 again:

    f3 = m f2 + (1 - m) f1            x3 = G(f3)            f3' = E(x3)
    f1'' = (1 - m) f3' + m f1

    loss = a |G(f1) - x1|^2 + b |G(f1'') - x1|^2 + c |f3' - f3|^2 / |f|^2
           + d softplus(-D(x3)) + e BCE(C(x1, x2, x3), m)
           + h |G(f1) - G(f1 with i of f2) - G(f1 with j of f2) + G(f1 with i and j of f2)|

Squares are means over pixels in [-1, 1]. D tells mixes from images (so mixes look real, and what must agree
stays in one chunk); C names which chunk came from whom (so no chunk is empty). Where this differs from the
authors' code: every mix has a mask of its own, not every batch, and half of them take a single chunk, which
is what a person does with the model; fair bits seldom do. D is shown copies G(f1) for real, so that it
judges how things go together and not how sharp they are; and the R1 penalty bounds its slope: else it wins at
once and tears the autoencoder apart. Mixing starts when images can be copied; d, e and h rise as slowly, and
fall in the end: what they ask for costs copies their last details.

The last line is ours too. Nothing in the others minds two chunks i, j that name one factor together (the
hair's colour by both, so that taking either gives a third colour): such a mix is real and is read again
rightly. But then what j does depends on i. So the change of each pixel by two chunks at once shall be the sum
of their changes, but for few pixels: the Hessian penalty (Peebles et al. 2020) in differences of whole
chunks, as a length, not a square, since pose rightly acts together with all else.

What else decides whether chunks become factors, as an oracle of walking characters saw it: no more chunks
than factors that can be seen, and good copies, since a factor that is lost in copying can't have a chunk.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backends.errors import BadSettings
from trainers.api import TrainerInfo, setting
from trainers.batches import as_floats
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import Learner, NetworkSettings, adam, build_model, faded, placed, update
from trainers.losses.adversarial import no_slope
from trainers.renewal import Renewal

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import functional

    from backends.model import Model
else:
    torch = Lazy("torch")
    functional = Lazy("torch.nn.functional")

MEASURED = 10_000  # training images whose chunks give the prior
R1_EVERY = 4
FINE = 1e-4  # rounds the kink of a length at zero: differences under 0.01 hardly count
EMPTY = 1e-3  # of the largest deviation of a code's numbers
LEAST_SHARE = 0.2  # of the weights d, e and h at the end
LONE = 0.5  # share of mixes that take one chunk, where numbers of chunks are drawn


@dataclass(frozen=True)
class ChunkSettings(NetworkSettings):
    """What a mixing autoencoder can choose."""

    chunks: int = setting(
        6, "Chunks of the code. With more than there are factors, some must share a factor to show at all.",
        low=2, high=64)  # fmt: skip
    latent: int = setting(
        8, "Numbers in each chunk: enough for one factor, too few for two.", low=1, high=256
    )
    body: str = setting(
        "patches", "patches of 4 x 4 pixels and fully connected layers are quick and suit aligned images; "
        "convolutions (conv) see neighbours together, slower; mlp is for tiny images.",
        choices=("patches", "conv", "mlp"))  # fmt: skip
    width: int = setting(
        16, "2 w features for a patch and 16 w for an image; of convolutions, channels at full resolution.",
        low=4, high=256)  # fmt: skip
    critic_width: int = setting(
        12, "The same for the critic and for the classifier of chunks, which read patches of 4 x 4 pixels.",
        low=4, high=256)  # fmt: skip
    mask: str = setting(
        "number", "Which chunks a mix takes. number: in half of the mixes one, in the others 1 to n - 1, "
        "each number as often. image: each by a fair bit. batch: likewise, with one mask for a batch as in "
        "the paper.",
        choices=("number", "image", "batch"), group="Loss")  # fmt: skip
    mix_from: float = setting(
        0.03, "Share of the training after which images are mixed: before, they are only copied.",
        low=0, high=0.9, group="Loss")  # fmt: skip
    fade_from: float = setting(
        0.5, "Share of the training after which d, e and h fall, to a fifth at its end, so that copies "
        "become exact. 1 lets them be. At nothing chunks would share factors again.",
        low=0, high=1, group="Loss")  # fmt: skip
    copy_weight: float = setting(40.0, "a, on copying; 10 in the paper.", low=0, high=1000, group="Loss")
    cycle_weight: float = setting(
        40.0, "b, on images taken out of a mix again; 10 in the paper.",
        low=0, high=1000, group="Loss")  # fmt: skip
    feature_weight: float = setting(
        3.0, "c, on chunks read from a mix again. The authors' code has none.", low=0, high=1000,
        group="Loss")  # fmt: skip
    real_weight: float = setting(
        2.0, "d, on mixes that look real; 1 in the paper.", low=0, high=100, group="Loss"
    )
    naming_weight: float = setting(
        0.2, "e, on naming which chunk came from whom; 1 in the paper. Too much makes marks that only the "
        "classifier sees.", low=0, high=100, group="Loss")  # fmt: skip
    renew: str = setting(
        "", "Numbers of chunks to be emptied, such as 3 4, where two share a factor. The first learns anew "
        "what the others can't tell, the rest are left out. Name them when you resume, having seen them.",
        group="Renewal", label="Chunks to empty")  # fmt: skip
    renew_at: int = setting(
        0, "Step at which they are emptied; of a run that is resumed, one that it has still ahead.", low=0,
        high=10_000_000, group="Renewal", label="Emptied at step")  # fmt: skip
    renew_steps: int = setting(
        4000, "Steps of a renewal: a third for the decoder alone, most others for the first chunk alone.",
        low=20, high=1_000_000, group="Renewal")  # fmt: skip
    renew_others: float = setting(
        0.06, "Share of these steps in which other chunks learn too, what they know in part. In "
        "more they would take in factors that are gone.", low=0, high=0.5, group="Renewal")  # fmt: skip
    interaction_weight: float = setting(
        10.0, "h, on pairs of chunks that act together on a pixel. The paper has none; 0 turns it off and "
        "saves a quarter of the time.", low=0, high=1000, group="Loss")  # fmt: skip
    shown: str = setting(
        "copy", "What the critic takes for real: copies, as soft as mixes are, or images as in the paper.",
        choices=("copy", "image"), group="Loss")  # fmt: skip
    r1: float = setting(
        0.1, "gamma of the R1 penalty on the critic's slope. 0 turns it off.", low=0, high=100, group="Loss",
        label="R1 penalty")  # fmt: skip
    learning_rate: float = setting(
        3e-3, "Step size of Adam for the autoencoder and the classifier of chunks.", low=1e-6, high=0.1,
        group="Optimisation")  # fmt: skip
    critic_rate: float = setting(
        1e-3, "Step size of Adam for the critic.", low=1e-6, high=0.1, group="Optimisation")  # fmt: skip
    momentum: float = setting(
        0.9, "beta 1 of Adam for the autoencoder, 0.5 in the paper (and here for the critic).",
        low=0, high=0.99, group="Optimisation")  # fmt: skip
    averaging: float = setting(
        0.99, "beta 2 of Adam for the autoencoder, 0.999 in the paper. With a shorter memory of squares "
        "copies are good in fewer steps.",
        low=0, high=0.9999, group="Optimisation")  # fmt: skip


INFO = TrainerInfo(
    "chunks", "Mixing autoencoder", "Learns chunks that can be exchanged between images, without being told.",
    ChunkSettings,
)  # fmt: skip


class ChunkLearner(Learner):
    """`pictures`: columns of pairs; receiver, giver, and below with each chunk of the giver in turn."""

    settings: ChunkSettings
    renewal: Renewal | None = None

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        settings = self.settings
        if self.renewal:
            self.renewal.before(step, lambda: as_floats(self.first_images(2000)))
        codes = self.model.encoder(images).float()
        copies = self._drawn(codes)
        copied = error(copies, images)
        if step < settings.mix_from * settings.steps:
            loss = settings.copy_weight * copied
            update(self.optimisers["model"], loss, faded(settings.learning_rate, step, settings.steps))
            return {"loss": loss, "copy": copied}
        mask = self._mask(images)
        given = spread(mask, codes)
        mixes = self._drawn(torch.where(given, codes.roll(1, 0), codes))
        terms = self._terms(images, codes, given, mixes)
        loss = (settings.copy_weight * copied + settings.cycle_weight * terms["cycle"]
                + settings.feature_weight * terms["chunks again"])  # fmt: skip
        game, played = self._game(images, codes, copies, mixes, mask, step)
        loss = loss + self._share(step) * game
        update(self.optimisers["model"], loss, faded(settings.learning_rate, step, settings.steps))
        return {"loss": loss, "copy": copied, **terms, **played}

    def _game(
        self, images: Tensor, codes: Tensor, copies: Tensor, mixes: Tensor, mask: Tensor, step: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The terms of d, e and h, weighted, and what there is to plot; the critic learns meanwhile."""
        settings = self.settings
        shown = images if settings.shown == "image" else copies.detach()
        values = self._critic_step(shown, mixes.detach(), step)
        critic = self.extra["critic"].requires_grad_(False)  # spares its gradients
        real = functional.softplus(-self._score(mixes)).mean()
        critic.requires_grad_(True)
        # A batch is shuffled, so the image before will do as the other one.
        seen = torch.cat([images, images.roll(1, 0), mixes], 1) * 2 - 1
        named = self.extra["namer"](seen).float()
        naming = functional.binary_cross_entropy_with_logits(named, mask.float())
        game = settings.real_weight * real + settings.naming_weight * naming
        if settings.interaction_weight:
            values["together"] = self._together(codes, copies)
            game = game + settings.interaction_weight * values["together"]
        right = ((named > 0) == mask).float().mean()
        return game, {"generator": real, "naming": naming, "named rightly": right, **values}

    def _terms(self, images: Tensor, codes: Tensor, given: Tensor, mixes: Tensor) -> dict[str, Tensor]:
        """The cycles: what a mix gives back of the image that it began as, and of its chunks."""
        mixed = torch.where(given, codes.roll(1, 0), codes)
        again = self.model.encoder(mixes).float()
        cycle = error(self._drawn(torch.where(given, codes, again)), images)
        chunks = (again - mixed.detach()).square().mean() / (codes.detach().var(0).mean() + 1e-6)
        return {"cycle": cycle, "chunks again": chunks}

    def _together(self, codes: Tensor, copies: Tensor) -> Tensor:
        """What two chunks do to a pixel beyond the sum of what each does: mean length in [0, 1]."""
        ranks = torch.rand(len(codes), self.settings.chunks, device=codes.device).argsort(1).argsort(1)
        masks = torch.cat([ranks == 0, ranks == 1, ranks < 2])
        given, own = codes.roll(1, 0).repeat(3, 1), codes.repeat(3, 1)
        first, second, both = self._drawn(torch.where(spread(masks, own), given, own)).chunk(3)
        return ((copies - first - second + both).square() + FINE).sqrt().mean()

    def _critic_step(self, images: Tensor, mixes: Tensor, step: int) -> dict[str, Tensor]:
        on_real, on_mixed = self._score(images), self._score(mixes)
        loss = total = functional.softplus(-on_real).mean() + functional.softplus(on_mixed).mean()
        if self.settings.r1 and step % R1_EVERY == 0:
            total = loss + R1_EVERY * self.settings.r1 / 2 * no_slope(self._score, images)
        rate = faded(self.settings.critic_rate, step, self.settings.steps)
        update(self.optimisers["discriminator"], total, rate)
        shares = {"real named real": on_real > 0, "made named made": on_mixed < 0}
        return {"discriminator": loss, **{name: right.float().mean() for name, right in shares.items()}}

    def _score(self, images: Tensor) -> Tensor:
        scores: Tensor = self.extra["critic"](images * 2 - 1)[:, 0]
        return scores.float()

    def _drawn(self, codes: Tensor) -> Tensor:
        images: Tensor = self.model.decoder(codes).float().sigmoid()
        return images

    def _mask(self, images: Tensor) -> Tensor:
        """Which chunks come from the other image: bool `[B, n]`."""
        count, device = self.settings.chunks, images.device
        if self.settings.mask != "number":
            rows = len(images) if self.settings.mask == "image" else 1
            drawn = torch.randint(2, (rows, count), device=device) == 1
            return drawn.expand(len(images), -1)
        taken = torch.randint(1, count, (len(images), 1), device=device)
        lone = torch.rand(len(images), 1, device=device) < LONE
        order = torch.rand(len(images), count, device=device).argsort(1).argsort(1)
        return order < taken.masked_fill(lone, 1)

    def _share(self, step: int) -> float:
        """The share of the weights d, e and h: it rises when mixing starts and falls at the end."""
        settings = self.settings
        done, start, fall = step / settings.steps, settings.mix_from, settings.fade_from
        risen = min(1.0, (done - start) / start) if start * settings.steps >= 1 else 1.0
        fallen = max(0.0, (done - fall) / (1 - fall)) if fall < 1 else 0.0
        return risen * (1 - (1 - LEAST_SHARE) * fallen)

    def go_on(self, step: int, changed: Set[str]) -> None:
        settings = self.settings
        if self.renewal and settings.renew_at < step and {"renew", "renew_at"} & changed:
            what = f"Chunks can't be emptied at step {settings.renew_at}: the run is at step {step}."
            raise BadSettings(what, f"Set renew_at to {step} or more.")

    def settle(self, model: Any) -> None:
        """Measure the distribution of each chunk, from which new ones are drawn; leave empty ones out."""
        codes = torch.cat([model.encode(as_floats(part)) for part in self.first_images(MEASURED).split(500)])
        widths = codes.std(0).reshape(model.count, -1).amax(1)
        empty = [n for n in range(model.count) if widths[n] < EMPTY * widths.max()]
        if empty:
            kept = model.numbers(n for n in range(model.count) if n not in empty)
            model.leave_out(empty, codes.mean(0))
            codes = codes[:, kept]
        model.set_prior(codes.cpu().numpy())

    def pictures(self, model: Model) -> Tensor:
        count = self.settings.chunks
        pair = as_floats(self.first_images(2 * (count + 2)))
        receivers, givers = pair.chunk(2)
        codes, theirs = model.encode(receivers), model.encode(givers)
        rows = [receivers, givers]
        for chunk in range(count):
            mask = torch.arange(count, device=codes.device) == chunk
            rows.append(model.generate(torch.where(spread(mask[None], codes), theirs, codes), {}))
        return torch.cat(rows)


def spread(mask: Tensor, codes: Tensor) -> Tensor:
    """A mask of chunks `[B, n]` as one of numbers `[B, D]`."""
    return mask.repeat_interleave(codes.shape[1] // mask.shape[1], 1)


def error(made: Tensor, wanted: Tensor) -> Tensor:
    """Mean squared error of pixels, in the scale of the paper, [-1, 1]."""
    return 4 * functional.mse_loss(made, wanted)


def build(settings: ChunkSettings, data: Dataset, device: torch.device) -> Learner:
    from backends.nets.conv import init_leaky
    from backends.nets.patches import PatchEncoder

    model = build_model("chunks", settings, data, device)
    height, across, colours = model.image_shape
    wide, triple = settings.critic_width, (height, across, 3 * colours)
    extra = {"critic": PatchEncoder(model.image_shape, 1, wide),
             "namer": PatchEncoder(triple, settings.chunks, wide)}  # fmt: skip
    for network in extra.values():
        init_leaky(network)
    learner = ChunkLearner(settings, data, model, {name: placed(net, device) for name, net in extra.items()})
    both = torch.nn.ModuleList([model, extra["namer"]])
    learner.optimisers["model"] = adam(both, settings.learning_rate, (settings.momentum, settings.averaging))
    learner.optimisers["discriminator"] = adam(extra["critic"], settings.critic_rate, (0.5, 0.999))
    if emptied := renewed(settings):
        learner.renewal = Renewal(model, learner.optimisers["model"], emptied, settings.renew_at,
                                  settings.renew_steps, settings.renew_others)  # fmt: skip
    return learner


def renewed(settings: ChunkSettings) -> list[int]:
    """The chunks to be emptied, counted from 0. Raises `BadSettings` where they are not among the chunks."""
    words = settings.renew.replace(",", " ").split()
    numbers = [int(word) - 1 for word in words if word.isdecimal()]
    if len(numbers) < len(words) or len(set(numbers)) < len(numbers):
        raise BadSettings(f"renew is {settings.renew!r}.", "Give numbers of chunks, each once, such as 3 4.")
    if not set(numbers) < set(range(settings.chunks)):
        last = f"There are chunks 1 to {settings.chunks}; keep one."
        raise BadSettings(f"renew is {settings.renew!r}.", last)
    end = settings.renew_at + settings.renew_steps
    if numbers and end > settings.steps:
        what = f"A renewal until step {end} does not fit into {settings.steps} steps."
        raise BadSettings(what, "Raise steps, or lower renew_at or renew_steps.")
    return numbers
