"""Directions that a network can tell apart by what they do (Voynov and Babenko 2020).

"Unsupervised Discovery of Interpretable Directions in the GAN Latent Space". For a code z, a direction k
and a shift e, the reader sees G(z) and G(z + e a_k) and must say k and e:

    loss = cross entropy(k) + 0.25 |e - said|

The matrix A and the reader learn together; the model does not. What a reader can name is what a person can.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainers.directions.frozen import HIDE, Frozen
from trainers.directions.matrix import Matrix
from trainers.directions.settings import WIDEST, SearchSettings

SHIFT_WEIGHT = 0.25
SHORTEST = 0.5 / WIDEST  # of the reach; a shorter shift can't be seen
SIDE = 32  # pixels; larger pictures are averaged down for the reader
MATRIX_RATE, READER_RATE = 1e-2, 1e-3  # the paper's 1e-4 is for 100,000 steps
HELD_OUT = 48  # pairs for each direction
MEMORY = 0.98  # of the running accuracies


class Reader(nn.Module):
    """Two images `[N, C, H, W]` -> logits of the direction `[N, K]` and the shift `[N]`."""

    def __init__(self, channels: int, side: int, count: int, width: int = 16) -> None:
        super().__init__()
        sizes, layers = [2 * channels, width, 2 * width, 4 * width], []
        for given, wanted in pairwise(sizes):
            layers += [nn.Conv2d(given, wanted, 5, 2, 2, bias=False), nn.BatchNorm2d(wanted), nn.ReLU()]
        small = -(-side // 8)
        hidden = [nn.Flatten(), nn.Linear(4 * width * small**2, 128, bias=False), nn.BatchNorm1d(128)]
        self.trunk = nn.Sequential(*layers, *hidden, nn.ReLU())
        self.which, self.how_far = nn.Linear(128, count), nn.Linear(128, 1)

    def forward(self, one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.trunk(torch.cat([one, other], 1) * 2 - 1)
        return self.which(seen), self.how_far(seen).flatten()


class Voynov:
    """A search on its way: `step` learns, `accuracies` and `judge` say how well the reader names each row."""

    def __init__(self, frozen: Frozen, settings: SearchSettings) -> None:
        self.frozen, self.settings = frozen, settings
        self.reach = settings.reach_in(frozen.size)
        self.random = torch.Generator().manual_seed(settings.seed)
        self.matrix = Matrix(settings.count, frozen.size, self.random).to(frozen.where)
        height, _, channels = frozen.model.image_shape
        self.reader = Reader(channels, min(SIDE, height), len(self.matrix)).to(frozen.where)
        groups = [(self.matrix, MATRIX_RATE), (self.reader, READER_RATE)]
        self.optimiser = torch.optim.Adam([{"params": m.parameters(), "lr": rate} for m, rate in groups])
        self.accuracies = torch.full((len(self.matrix),), 1 / len(self.matrix))

    def step(self, number: int) -> None:
        which = torch.randint(len(self.matrix), (self.settings.rows,), generator=self.random)
        logits, said, shifts = self._read(self.frozen.draw(len(which), number), which)
        loss = F.cross_entropy(logits, which.to(logits.device))
        loss = loss + SHIFT_WEIGHT * (said - shifts * WIDEST / self.reach).abs().mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        hits = (logits.detach().argmax(1).cpu() == which).float()
        for k, hit in zip(which.tolist(), hits.tolist(), strict=True):
            self.accuracies[k] += (1 - MEMORY) * (hit - self.accuracies[k])

    def judge(self) -> Tensor:
        """How often the reader names each direction rightly `[K]`, on codes that it has never seen."""
        self.reader.eval()
        found = []
        with torch.no_grad():
            for k in range(len(self.matrix)):
                which = torch.full((HELD_OUT,), k)
                logits, _, _ = self._read(self.frozen.draw(HELD_OUT, HIDE + k), which)
                found.append((logits.argmax(1) == k).float().mean())
        self.reader.train()
        return torch.stack(found).cpu()

    def _read(self, codes: Tensor, which: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the reader says of codes `[N, D]` and the same moved along rows `which`; the shifts `[N]`."""
        shifts = self._shifts(len(codes)).to(codes)
        with torch.no_grad():
            before = smaller(self.frozen.images(codes))
        moved = self.frozen.moved(codes, shifts[:, None] * self.matrix.rows[which.to(codes.device)])
        after = smaller(self.frozen.images(moved))
        if torch.is_grad_enabled():
            self.frozen.must_lead_back(after)
        return *self.reader(before, after), shifts

    def _shifts(self, count: int) -> Tensor:
        """U(-reach, reach), none shorter than a twelfth of it."""
        drawn = 2 * torch.rand(count, generator=self.random) - 1
        return self.reach * drawn.sign() * drawn.abs().clamp_min(SHORTEST)


def smaller(images: Tensor) -> Tensor:
    """Images of at most `SIDE` pixels, square: averaged, or as they are."""
    height, width = images.shape[2:]
    side = min(SIDE, height)
    return images if (height, width) == (side, side) else F.adaptive_avg_pool2d(images, (side, side))
