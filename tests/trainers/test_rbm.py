"""Persistent contrastive divergence and the estimate of log Z, against enumeration; and that it learns."""

from __future__ import annotations

import pytest
import torch

from backends import native
from backends.errors import BadSettings
from tests.backends.test_rbm import every, tiny
from tests.trainers.conftest import Make
from trainers.control import Control
from trainers.loop import train
from trainers.rbm import log_partition
from trainers.registry import trainer


def test_the_gradient_is_that_of_the_likelihood():
    """With particles that are distributed as the model, F(data) - F(particles) has the exact gradient."""
    model, states = tiny(), every(5)
    model.requires_grad_(True)
    data = states[[3, 17, 30]]
    exact = model.free_energy(data).mean() + (-model.free_energy(states)).logsumexp(0)  # -log p
    chances = (-model.free_energy(states)).softmax(0).detach()
    contrast = model.free_energy(data).mean() - (chances * model.free_energy(states)).sum()
    for one, other in zip(
        torch.autograd.grad(exact, [model.weight, model.visible_bias, model.hidden_bias]),
        torch.autograd.grad(contrast, [model.weight, model.visible_bias, model.hidden_bias]),
        strict=True,
    ):
        assert torch.allclose(one, other, atol=1e-5)


def test_log_z_by_annealing_is_near_the_sum_over_all_states():
    model = tiny()
    exact = (-model.free_energy(every(5))).logsumexp(0).item()
    estimate = log_partition(model, torch.zeros(5), 400, 200, torch.Generator().manual_seed(0))
    assert estimate == pytest.approx(exact, abs=0.05)


def test_it_learns(make: Make):
    run = make("rbm", hidden=32, latent=8, steps=150, batch=32, particles=32, ema=0.9, learning_rate=0.3,
               checkpoint_every=150)  # fmt: skip
    train(run, Control.of(run, 150))
    lines = run.metrics()
    assert lines[-1]["reconstruction"] < 0.92 * lines[0]["reconstruction"]
    info = native.read_info(run.model)
    assert 80 < info.figures["nats"] < 115  # independent pixels cost 117
    assert info.figures["reconstruction_error"] < 0.06


def test_a_code_has_no_more_numbers_than_there_are_units():
    with pytest.raises(BadSettings, match="hidden units"):
        trainer("rbm").INFO.settings.from_mapping({"latent": 100, "hidden": 50})
