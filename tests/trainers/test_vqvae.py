"""Vector quantisation: the straight-through gradient, dead entries; and that it learns."""

from __future__ import annotations

import pytest
import torch

from backends import native
from backends.errors import BadSettings
from tests.trainers.conftest import Make
from trainers import data
from trainers.control import Control
from trainers.loop import train
from trainers.registry import trainer
from trainers.vqvae import codebook_loss, straight_through

SMALL = {"width": 4, "entry": 4, "entries": 16, "latent": 8, "image_size": 16}


def test_gradients_go_straight_through():
    maps = torch.randn(2, 3, 2, 2, requires_grad=True)
    quantised = torch.randn(2, 3, 2, 2, requires_grad=True)
    out = straight_through(maps, quantised)
    assert torch.allclose(out, quantised)
    weights = torch.randn_like(out)
    (weights * out).sum().backward()
    assert torch.equal(maps.grad, weights)
    assert quantised.grad is None


def test_entries_go_to_maps_and_maps_a_little_to_entries():
    maps = torch.tensor([[[[1.0]], [[2.0]]]], requires_grad=True)
    entry = torch.tensor([[[[3.0]], [[2.0]]]], requires_grad=True)
    loss = codebook_loss(maps, entry, 0.25)
    assert loss.item() == pytest.approx(4 * 1.25)
    loss.backward()
    assert entry.grad is not None
    assert maps.grad is not None
    assert entry.grad.flatten().tolist() == [4.0, 0.0]
    assert maps.grad.flatten().tolist() == [-1.0, 0.0]


def test_dead_entries_are_put_where_images_are():
    settings = trainer("vqvae").INFO.settings.from_mapping({**SMALL, "steps": 1000})
    learner = trainer("vqvae").build(settings, data.load("digits", 16), torch.device("cpu"))
    entries = torch.zeros(2, 4, 4, dtype=torch.long)
    maps = 100 + torch.rand(2, 4, 4, 4)
    before = learner.model.codebook.detach().clone()
    learner._revive(maps, entries, 98)
    assert torch.equal(learner.model.codebook, before)
    learner._revive(maps, entries, 99)
    assert torch.equal(learner.model.codebook[0], before[0])  # used
    assert learner.model.codebook[1:].min() >= 100
    assert learner.usage.counts.sum() == 0


def test_it_learns(make: Make):
    run = make("vqvae", steps=100, batch=32, checkpoint_every=100, ema=0.9, learning_rate=1e-2, **SMALL)
    train(run, Control.of(run, 100))
    lines = run.metrics()
    assert lines[-1]["reconstruction"] < 0.8 * lines[0]["reconstruction"]
    assert lines[-1]["entries in use"] > 2
    assert native.read_info(run.model).figures["reconstruction_error"] < 0.08


def test_a_code_has_no_more_numbers_than_a_map():
    with pytest.raises(BadSettings, match="numbers of a map"):
        trainer("vqvae").INFO.settings.from_mapping({"latent": 100, "entry": 2})
