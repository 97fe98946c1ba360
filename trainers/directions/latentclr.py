"""Directions whose effects are alike for all codes, and unlike each other's (Yüksel et al. 2021, LatentCLR).

With f what a layer says of a code and r_ik = f(z_i + a d_k) - f(z_i), of length one, two effects of the same
direction are a positive pair, of different directions a negative one:

    loss_ik = -log (mean over j != i of exp(r_ik r_jk / t) / mean over j, l != k of exp(r_ik r_jl / t))

as in the authors' code, with their global model (a direction is one vector, not a network of z: only so it
can be a slider). Ours are at right angles, see `Matrix`; the authors leave them free.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backends.probes.components import layers
from trainers.directions.frozen import HIDE, Frozen
from trainers.directions.matrix import Matrix
from trainers.directions.settings import SearchSettings

TEMPERATURE = 0.5
RATE = 3e-2
HELD_OUT = 32  # codes, each moved along all directions
MEMORY = 0.95  # of the running accuracies


class LatentClr:
    """A search on its way: `step` learns, `accuracies` and `judge` say how well effects go by direction."""

    def __init__(self, frozen: Frozen, settings: SearchSettings) -> None:
        self.frozen, self.settings = frozen, settings
        self.alpha = settings.reach_in(frozen.size) / 2  # 3 in the paper's spaces
        self.layer = (settings.layer or middle(frozen)) - 1
        self.random = torch.Generator().manual_seed(settings.seed)
        self.matrix = Matrix(settings.count, frozen.size, self.random).to(frozen.where)
        self.optimiser = torch.optim.Adam(self.matrix.parameters(), lr=RATE)
        self.accuracies = torch.full((len(self.matrix),), 1 / len(self.matrix))

    def step(self, number: int) -> None:
        effects = self._effects(self.frozen.draw(max(2, self.settings.rows), number))
        self.frozen.must_lead_back(effects)
        loss = contrast(effects)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.accuracies += (1 - MEMORY) * (told_apart(effects.detach()).cpu() - self.accuracies)

    def judge(self) -> Tensor:
        """How often each direction's effect is most like its own on other codes `[K]`, all of them unseen."""
        with torch.no_grad():
            return told_apart(self._effects(self.frozen.draw(HELD_OUT, HIDE))).cpu()

    def _effects(self, codes: Tensor) -> Tensor:
        """What each direction changes in the layer, for codes `[N, D]`: `[K, N, F]`, of length one."""
        rows, count = self.matrix.rows, len(codes)
        with torch.no_grad():
            before = self.frozen.said(codes, self.layer)
        moves = self.alpha * rows.repeat_interleave(count, 0)
        after = self.frozen.said(self.frozen.moved(codes.repeat(len(rows), 1), moves), self.layer)
        changes = after - before.repeat(len(rows), 1)
        return F.normalize(changes, dim=1).unflatten(0, (len(rows), count))


def contrast(effects: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """The loss of effects `[K, N, F]` of length one."""
    likeness, own, others = _pairs(effects)
    heat = (likeness / temperature).exp()
    positive = (heat * own).sum(1) / own.sum(1)
    negative = (heat * others).sum(1) / others.sum(1)
    return -(positive / negative).log().mean()


def told_apart(effects: Tensor) -> Tensor:
    """The share of effects `[K, N, F]` that are on average most like those of their own direction: `[K]`.

    An effect is not compared with itself. Chance is 1 / K.
    """
    count, codes, _ = effects.shape
    likeness, _, _ = _pairs(effects)
    kinds = torch.arange(count, device=effects.device).repeat_interleave(codes)
    member = F.one_hot(kinds, count).to(likeness)  # [K N, K]
    itself = torch.eye(len(kinds), device=effects.device)
    totals = (likeness * (1 - itself)) @ member
    means = totals / (codes - member)  # of one's own direction there is one less
    return (means.argmax(1) == kinds).float().unflatten(0, (count, codes)).mean(1)


def _pairs(effects: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of any two effects `[K N, K N]`: likeness; whether of one direction (but two codes); whether of two."""
    count, codes, _ = effects.shape
    flat = effects.flatten(0, 1)
    kinds = torch.arange(count, device=flat.device).repeat_interleave(codes)
    same = (kinds[:, None] == kinds).to(flat)
    return flat @ flat.T, same - torch.eye(len(flat), device=flat.device), 1 - same


def middle(frozen: Frozen) -> int:
    """The layer half-way through the model, counted from 1."""
    return len(layers(frozen.model, frozen.where)) // 2 + 1
