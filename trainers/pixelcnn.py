"""Autoregressive models: maximum likelihood, each pixel from those before it in raster order.

    loss = -log p(x | y) = -sum_i log p(x_i | x_1 … x_{i-1}, y)

summed over pixels and channels, averaged over the batch: exact, in nats. Bodies: PixelCNN and the row LSTM of
PixelRNN (van den Oord, Kalchbrenner and Kavukcuoglu 2016), Gated PixelCNN (van den Oord et al. 2016,
Conditional Image Generation with PixelCNN Decoders, equation 4). Likelihoods:

    binary      Bernoulli; grey is drawn anew as black or white with its own probability at each step
                (Salakhutdinov and Murray 2008), or cut at a half
    levels      a softmax over a few levels
    logistics   p(x) = sum_k w_k (sigmoid((x + d - m_k) / s_k) - sigmoid((x - d - m_k) / s_k)), d half a
                level (Salimans et al. 2017, PixelCNN++, equation 2)

Bits per dimension are nats / (pixels * channels * ln 2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from backends.errors import BadSettings
from trainers.api import Settings, TrainerInfo, setting
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import GRID_SEED, Learner, adam, build_model, faded, update

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from backends.model import Model
else:
    torch = Lazy("torch")

ROWS = 10  # of a grid: noises, one a row
COLUMNS = 10  # of a grid: classes, the first ten


@dataclass(frozen=True)
class PixelSettings(Settings):
    """What an autoregressive model can choose."""

    batch: int = setting(
        16, "Images in a batch. Every pixel is a prediction, so small batches teach a lot.",
        low=2, high=4096, group="Training")  # fmt: skip
    body: str = setting(
        "gated", "gated: Gated PixelCNN, two stacks that together see the whole past. pixelcnn: one stack, "
        "faster, with a blind spot above right. rowlstm: PixelRNN, a state runs down the rows. pixelcnn++: "
        "two stacks through three resolutions and back, for larger and coloured images.",
        choices=("gated", "pixelcnn", "rowlstm", "pixelcnn++"))  # fmt: skip
    width: int = setting(
        32, "Features of a pixel. Twice the width costs about three times the time.",
        low=4, high=256)  # fmt: skip
    depth: int = setting(
        3, "Layers. Each lets a pixel see further, by half a kernel.", low=1, high=20)  # fmt: skip
    kernel: int = setting(
        5, "Pixels across of the inner convolutions; the first is 7 across. Few layers of "
        "large kernels learn faster here than many of small ones.", choices=(3, 5, 7))  # fmt: skip
    spread: int = setting(
        4, "How far apart the taps of the vertical stack come to stand (gated): twice as far in each layer "
        "up to this, then close again. 1 as published; 4 sees the whole image with few layers.",
        choices=(1, 2, 4))  # fmt: skip
    conditional: bool = setting(
        True, "Tell the network the class of each image, so that classes can be asked for.")  # fmt: skip
    likelihood: str = setting(
        "binary", "binary for black and white, levels for few levels of grey (softmax), logistics for many "
        "and for colour.", choices=("binary", "levels", "logistics"), group="Loss")  # fmt: skip
    levels: int = setting(
        256, "Levels of a channel, for the likelihoods levels and logistics.",
        low=2, high=256, group="Loss")  # fmt: skip
    mixtures: int = setting(
        5, "Logistics in the mixture.", low=1, high=20, group="Loss")  # fmt: skip
    binarisation: str = setting(
        "stochastic", "How grey becomes black or white for the likelihood binary: stochastic draws it anew "
        "at each step, with grey as its probability; threshold cuts at a half.",
        choices=("stochastic", "threshold"), group="Loss")  # fmt: skip
    learning_rate: float = setting(
        3e-3, "Highest step size of Adam; it falls to zero at the end.", low=1e-6, high=0.1,
        group="Optimisation")  # fmt: skip


INFO = TrainerInfo(
    "pixelcnn", "PixelCNN", "Learns each pixel from those before it, with an exact likelihood.", PixelSettings
)


class PixelLearner(Learner):
    """`pictures`: a column for each class, a row for each noise."""

    settings: PixelSettings

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        drawn_anew = self.model.levels == 2 and self.settings.binarisation == "stochastic"
        levels = torch.bernoulli(images).long() if drawn_anew else self.model.quantised(images)
        loss = -self.model.log_prob(levels, self._weights(labels)).sum((1, 2)).mean()
        update(self.optimisers["model"], loss, faded(self.settings.learning_rate, step, self.settings.steps))
        return {"loss": loss, "bits per dimension": loss / (math.log(2) * images[0].numel())}

    def settle(self, model: Any) -> None:
        if self.settings.conditional:
            model.set_classes(self.data.classes)

    def pictures(self, model: Model) -> Tensor:
        if not self.settings.conditional:
            return super().pictures(model)
        codes = torch.from_numpy(model.space.sample_many(ROWS, GRID_SEED)).repeat_interleave(COLUMNS, 0)
        shown = torch.arange(COLUMNS).repeat(ROWS) % len(self.data.classes)
        told = torch.nn.functional.one_hot(shown, len(self.data.classes))
        codes[:, model.space.slices["label"]] = told.float()
        return model.generate(codes.to(next(model.parameters()).device), {})

    def _weights(self, labels: Tensor | None) -> Tensor | None:
        if not self.settings.conditional:
            return None
        assert labels is not None
        return torch.nn.functional.one_hot(labels, len(self.data.classes)).float()


def build(settings: PixelSettings, data: Dataset, device: torch.device) -> Learner:
    if settings.conditional and data.labels is None:
        raise BadSettings(
            "This data has no labels to tell the network.", "Turn conditional off, or choose labelled data."
        )
    told = data if settings.conditional else replace(data, classes=())
    learner = PixelLearner(settings, data, build_model("pixelcnn", settings, told, device))
    learner.optimisers["model"] = adam(learner.model, settings.learning_rate, betas=(0.9, 0.99))
    return learner
