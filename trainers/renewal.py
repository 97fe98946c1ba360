"""Chunks that share a factor with others are emptied and learn anew what the others can't tell.

Training rarely takes a factor away from one chunk and gives it to another: on the way copies would be worse.
So where two chunks hold one factor together, the poorer one is emptied. First the decoder alone learns to do
without it, so that what other chunks know of the factor is used at last; then their encoder learns the rest
of it, for so short a time that it can't take in factors that are gone; then the first of the emptied chunks
learns what is still missing, alone; and then all learn together again. Chunks that were emptied besides stay
empty, and the finished model is without them.

This is the backfitting of additive models (Breiman and Friedman 1985), of one component.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from trainers.lazy import Lazy

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazy("torch")

DECODER = 0.3  # share of a renewal
DRAWN = 0.5  # new weights, against the spread of the old ones


class Stage(Enum):
    """What learns: all, the decoder, all but the emptied chunks, the first of them and the decoder, all."""

    BEFORE = 0
    DECODER = 1
    OTHERS = 2
    FIRST = 3
    AFTER = 4


class Renewal:
    """Empties chunks of a `ChunkedAutoencoder`, counted from 0, during `length` steps from step `start`.

    For a share `others` of them the other chunks learn what they know in part. What it does at a step follows
    from the step alone, so a training can be resumed in its midst.
    """

    def __init__(
        self,
        model: Any,
        optimiser: torch.optim.Optimizer,
        chunks: Sequence[int],
        start: int,
        length: int,
        others: float,
    ) -> None:
        self.encoder, self.optimiser = model.encoder, optimiser
        self.last, self.entry = model.ends
        self.rows = [model.numbers([chunk]) for chunk in chunks]
        self.starts = [start + int(share * length) for share in (0, DECODER, DECODER + others, 1)]
        self.open = torch.ones(self.last.out_features, device=self.last.weight.device)
        self.last.weight.register_hook(lambda slope: slope * self.open[:, None])
        self.last.bias.register_hook(lambda slope: slope * self.open)

    def stage(self, step: int) -> Stage:
        return Stage(sum(step >= start for start in self.starts))

    def before(self, step: int, images: Callable[[], Tensor]) -> None:
        """Do what is due before a step; `images()` `[N, C, H, W]` say what a chunk tells on average."""
        stage = self.stage(step)
        if stage is Stage.BEFORE:
            return
        every = torch.cat(self.rows)
        self.open.fill_(1)
        self.open[every] = 0
        if stage is Stage.FIRST:
            self.open.fill_(0)
        if stage in (Stage.FIRST, Stage.AFTER):
            self.open[self.rows[0]] = 1
        for weight in self.encoder.parameters():
            weight.requires_grad_(stage in (Stage.OTHERS, Stage.AFTER))
        if stage is Stage.FIRST:
            self.last.requires_grad_(True)
        if step in self.starts:
            self._forget()
            with torch.no_grad():
                if stage is Stage.DECODER:
                    self._empty(every, images())
                if stage is Stage.FIRST:
                    weight, first = self.last.weight.data, self.rows[0]
                    weight[first] = DRAWN * weight[self._kept(every)].std() * torch.randn_like(weight[first])

    def _empty(self, rows: Tensor, images: Tensor) -> None:
        """The rows of these numbers are zero, and the decoder reads their mean instead."""
        into = self.entry.weight.data
        self.entry.bias.data += into[:, rows] @ self.encoder(images)[:, rows].float().mean(0)
        into[:, rows] = DRAWN * into[:, self._kept(rows)].std() * torch.randn_like(into[:, rows])
        self.last.weight[rows] = 0
        self.last.bias[rows] = 0

    def _kept(self, rows: Tensor) -> Tensor:
        kept = torch.ones(self.last.out_features, dtype=torch.bool)
        kept[rows] = False
        return kept.nonzero()[:, 0]

    def _forget(self) -> None:
        """Moments of the encoder's last layer, which would move rows that shall stay as they are."""
        for weight in (self.last.weight, self.last.bias):
            state = self.optimiser.state.get(weight, {})
            for key in {"exp_avg", "exp_avg_sq"} & state.keys():
                state[key].zero_()
