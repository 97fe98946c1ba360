"""Training data that lies in memory as bytes, and batches made from it by index.

The images of step k are a pure function of (seed, k): there is no loader whose position would have
to be saved, and a resumed training sees exactly what it would have seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.team import Team

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazy("torch")

EPOCHS_PER_SEED = 1_000_003  # seeds of epochs of neighbouring seeds never meet


@dataclass
class Batches:
    """Images uint8 `[N, H, W, C]` and labels `[N]` on a device, read in batches.

    Steps walk through one shuffled epoch after the other without a break, so that a data set may be
    smaller than a batch.
    """

    images: Tensor
    labels: Tensor | None
    size: int
    seed: int
    team: Team = field(default_factory=Team)
    _epoch: int = -1
    _order: Tensor | None = None

    @staticmethod
    def of(data: Dataset, size: int, seed: int, device: torch.device, team: Team | None = None) -> Batches:
        images = torch.from_numpy(data.images).to(device)
        labels = None if data.labels is None else torch.from_numpy(data.labels).to(device)
        return Batches(images, labels, size, seed, team or Team())

    def at(self, step: int) -> tuple[Tensor, Tensor | None]:
        """The batch of a step: images `[B, C, H, W]` in [0, 1], channels last in memory, and labels `[B]`.

        Of a team, each process gets its share.
        """
        rows = self.team.mine(self.rows(step)).to(self.images.device)
        return as_floats(self.images[rows]), None if self.labels is None else self.labels[rows]

    def rows(self, step: int) -> Tensor:
        """Which images a step reads: `[B]`."""
        count, wanted, at, taken = len(self.images), self.size, step * self.size, []
        while wanted:
            epoch, start = divmod(at, count)
            part = self._shuffled(epoch)[start : start + wanted]
            taken.append(part)
            at, wanted = at + len(part), wanted - len(part)
        return torch.cat(taken)

    def _shuffled(self, epoch: int) -> Tensor:
        if epoch != self._epoch or self._order is None:
            generator = torch.Generator().manual_seed(self.seed * EPOCHS_PER_SEED + epoch)
            self._order, self._epoch = torch.randperm(len(self.images), generator=generator), epoch
        return self._order


def as_floats(images: Tensor) -> Tensor:
    """uint8 `[N, H, W, C]` -> float32 `[N, C, H, W]` in [0, 1], channels last in memory."""
    return images.permute(0, 3, 1, 2).float().div_(255)
