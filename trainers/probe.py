"""How much a code tells of a class: the accuracy of a network that learns to read it (Jha et al. 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trainers.lazy import Lazy

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazy("torch")

HIDDEN = 256
EPOCHS = 15
BATCH = 256
RATE = 1e-3
Integers = NDArray[np.int64]


def probed(codes: Tensor, labels: Integers, unseen: Tensor, truth: Integers) -> float:
    """Test accuracy of two layers of 256 that read codes `[N, d]`, trained on N labels `[N]`.

    Batch norm and LeakyReLU as in the paper, on codes standardised dimension by dimension. The seed is fixed.
    """
    with torch.inference_mode(False), torch.enable_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        mean, spread = codes.mean(0), codes.std(0) + 1e-6
        seen, wanted = ((codes - mean) / spread).clone(), torch.from_numpy(labels).to(codes.device)
        network = _network(seen.shape[1], int(max(labels.max(), truth.max())) + 1).to(codes.device)
        _fit(network, seen, wanted)
        with torch.no_grad():
            named = network.eval()((unseen - mean) / spread).argmax(1)
    return float((named.cpu().numpy() == truth).mean())


def linear(codes: Tensor, labels: Integers) -> float:
    """Accuracy on every second row of the least-squares reading of the others: a quick look at a leak."""
    values = torch.cat([codes, torch.ones_like(codes[:, :1])], 1).double().cpu()
    wanted = torch.eye(int(labels.max()) + 1, dtype=torch.float64)[torch.from_numpy(labels)]
    ridge = 1e-3 * torch.eye(values.shape[1], dtype=torch.float64)
    seen, unseen = values[::2], values[1::2]
    weights = torch.linalg.solve(seen.T @ seen / len(seen) + ridge, seen.T @ wanted[::2] / len(seen))
    return float(((unseen @ weights).argmax(1).numpy() == labels[1::2]).mean())


def _network(given: int, classes: int) -> torch.nn.Module:
    from backends.nets.mlp import layers

    return torch.nn.Sequential(
        *layers([given, HIDDEN, HIDDEN], norm="batch"), torch.nn.Linear(HIDDEN, classes)
    )


def _fit(network: torch.nn.Module, codes: Tensor, labels: Tensor) -> None:
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(codes)).split(BATCH):
            if len(rows) > 1:  # batch norm needs two
                loss = torch.nn.functional.cross_entropy(network(codes[rows]), labels[rows])
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
