"""The autoencoder's penalties: the Jacobian of a known encoder, and codes that become sparse or flat."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from backends import native
from tests.trainers.conftest import Make
from trainers import data
from trainers.autoencoder import steepness
from trainers.control import Control
from trainers.loop import train

SMALL = {"body": "mlp", "width": 4, "latent": 8, "steps": 120, "batch": 32, "ema": 0.9}


def test_steepness_of_one_number_is_exact():
    images = torch.randn(3, 1, 2, 2, requires_grad=True)
    codes = images.square().flatten(1).sum(1, keepdim=True)  # dz/dx = 2 x
    wanted = 4 * images.detach().square().sum() / 3
    assert steepness(codes, images).item() == pytest.approx(wanted.item(), rel=1e-5)


def test_steepness_of_a_linear_encoder_is_its_weights_norm():
    torch.manual_seed(0)
    weight = torch.randn(16, 5, requires_grad=True)
    images = torch.randn(4000, 1, 4, 4, requires_grad=True)
    estimate = steepness(images.flatten(1) @ weight, images)
    assert estimate.item() == pytest.approx(weight.square().sum().item(), rel=0.05)
    estimate.backward()  # it can be learned from


def encoded(make: Make, **given: float) -> tuple[np.ndarray, dict[str, float]]:
    """Codes of digits after a training with these penalties, and its last line of metrics."""
    run = make("autoencoder", **SMALL, **given)
    train(run, Control.of(run, 120))
    images = torch.from_numpy(data.load("digits", 16, limit=200).images).permute(0, 3, 1, 2) / 255
    with torch.inference_mode():
        return native.load(run.model).encode(images).numpy(), run.metrics()[-1]


def test_penalties_do_what_they_say(make: Make):
    plain, line = encoded(make)
    assert "reconstruction" not in line
    sparse, line = encoded(make, sparsity=3.0)
    assert np.abs(sparse).mean() < 0.5 * np.abs(plain).mean()
    assert {"reconstruction", "sparsity"} <= set(line)
    flat, line = encoded(make, contraction=3.0)
    assert flat.std(0).mean() < 0.7 * plain.std(0).mean()
    assert line["loss"] == pytest.approx(line["reconstruction"] + line["contraction"], rel=1e-4)
