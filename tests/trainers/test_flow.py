"""The flow's loss is bits per dimension, and it learns."""

from __future__ import annotations

import math

import pytest
import torch

from backends import native
from tests.trainers.conftest import Make
from trainers.control import Control
from trainers.flow import bits_per_dimension
from trainers.loop import train


def test_bits_are_those_of_a_known_density():
    class Uniform:
        def density(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            assert 0 <= x.min() <= x.max() <= 1
            return x.flatten(1), torch.zeros(len(x))

    assert bits_per_dimension(Uniform(), torch.rand(4, 1, 3, 3)).item() == pytest.approx(8)  # one of 256


def test_it_learns(make: Make):
    run = make("flow", hidden=16, flow_steps=2, steps=50, batch=32, checkpoint_every=50, ema=0.9,
               learning_rate=5e-3)  # fmt: skip
    train(run, Control.of(run, 50))
    lines = run.metrics()
    assert lines[-1]["loss"] < lines[0]["loss"] - 0.3
    figures = native.read_info(run.model).figures
    assert figures["nats"] == pytest.approx(figures["bits_per_dimension"] * 256 * math.log(2))
    assert abs(figures["bits_per_dimension"] - lines[-1]["bits per dimension"]) < 0.5
    assert figures["reconstruction_error"] < 1e-6
