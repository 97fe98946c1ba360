"""Families whose training has a state of its own (chains, counters, told labels) resume exactly too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trainers.conftest import Make
from tests.trainers.test_resume import same, train_until
from trainers.control import Control
from trainers.loop import train

FAMILIES: dict[str, dict[str, Any]] = {
    "infogan": {"width": 4, "reader_width": 4, "latent": 4, "sway": 1.0, "steadiness": 0.5},
    "sgan": {"width": 4, "judge_width": 4, "latent": 4, "labels_per_class": 2, "alone_steps": 8, "shift": 1},
    "flow": {"hidden": 4, "flow_steps": 1},
    "rbm": {"hidden": 8, "latent": 4, "particles": 8},
    "factor-vae": {"width": 4, "latent": 4, "body": "mlp", "critic_width": 4},
    "chunks": {"width": 4, "latent": 2, "chunks": 2, "critic_width": 4, "mix_from": 0.2},
    "cyclevae": {"width": 4, "latent": 2, "common": 4, "body": "mlp"},
    "szabo": {"width": 4, "latent": 2, "common": 4, "critic_width": 4},
    "vqvae": {"width": 4, "entries": 8, "entry": 2, "latent": 4},
}


@pytest.mark.parametrize("family", FAMILIES)
def test_stopped_and_resumed_is_the_same(make: Make, family: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("trainers.rbm.ANNEALING", 20)
    given = {"steps": 12, "batch": 8, "limit": 200, **FAMILIES[family]}
    whole, halved = make(family, **given), make(family, **given)
    train(whole, Control.of(whole, 12))
    train_until(halved, 5)
    train(halved, Control.of(halved, 12))
    assert same(whole, halved)
