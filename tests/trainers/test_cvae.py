"""The conditional VAE: its terms, and that its code and class are apart."""

from __future__ import annotations

from typing import Any

import torch

from backends import native
from backends.registry import family
from tests.trainers.conftest import Make
from trainers.control import Control
from trainers.loop import train

SMALL = {"body": "mlp", "width": 4, "latent": 3, "features": 16, "steps": 300, "learning_rate": 0.005}


def test_it_learns_names_and_encodes(make: Make):
    run = make("cvae", **{**SMALL, "batch": 32, "sample_every": 150, "checkpoint_every": 150, "ema": 0.9})
    train(run, Control.of(run, 300))
    lines = run.metrics()
    assert lines[-1]["loss"] < 0.8 * lines[0]["loss"]
    assert lines[-1]["named rightly"] > 0.8
    info = native.read_info(run.model)
    assert info.figures["encoder_accuracy"] > 0.7
    assert info.figures["reconstruction_error"] < 0.1
    assert info.space.label is not None


def model(**given: Any) -> Any:
    torch.manual_seed(0)
    return family("cvae").build({"width": 4, "image_size": 16, "latent": 3, **given}).eval()


def test_a_code_is_z_and_a_pure_class():
    made = model()
    codes = made.encode(torch.rand(5, 1, 16, 16))
    assert codes.shape == (5, 13)
    assert torch.equal(made.part(codes, "label").sum(1), torch.ones(5))
    assert set(made.part(codes, "label").flatten().tolist()) == {0.0, 1.0}


def test_the_posterior_depends_on_the_class():
    made = model(classes=4)
    features = made.trunk(torch.rand(2, 1, 16, 16))
    one, other = (made.posterior(features, torch.eye(4)[[k, k]])[0] for k in (0, 1))
    assert not torch.allclose(one, other)


def test_a_blend_of_classes_lies_between_them():
    made = model(classes=2, body="mlp")
    first = made.decoder[0]
    z = torch.zeros(1, 3)
    ends = [first(torch.cat([z, weights[None]], 1)) for weights in torch.eye(2)]
    middle = first(torch.cat([z, torch.full((1, 2), 0.5)], 1))
    assert torch.allclose(middle, (ends[0] + ends[1]) / 2, atol=1e-6)
