"""Families with a loss that falls learn the digits, and what they write opens. Games: see `test_presets`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from backends import native
from tests.trainers.conftest import NARROW, Make
from trainers.api import Phase
from trainers.control import Control
from trainers.loop import train
from trainers.runs import Run

FAMILIES: dict[str, dict[str, Any]] = {
    "autoencoder": {"body": "mlp", "width": 8, "latent": 8, "noise": 0.1},
    "vae": {"body": "mlp", "width": 8, "latent": 2},
    "classifier": {"width": 8, "shift": 1},
}


def trained(run: Run) -> Run:
    """Train in this process, to the end."""
    train(run, Control.of(run, run.asked()["settings"]["steps"]))
    return run


@pytest.mark.parametrize("family", FAMILIES)
def test_family_learns(make: Make, family: str):
    run = trained(make(family, steps=120, batch=32, checkpoint_every=60, ema=0.9, **FAMILIES[family]))
    assert run.phase() is Phase.FINISHED
    lines = run.metrics()
    assert lines[-1]["step"] == 120
    first, last = (np.mean([line["loss"] for line in part]) for part in (lines[:2], lines[-2:]))
    assert last < 0.8 * first
    assert [path.stem for path in run.checkpoints()] == ["0000060", "0000120"]
    assert [path.stem for path in run.samples()] == [f"{step:07d}" for step in (0, 20, 40, 60, 80, 100, 120)]
    info, model = native.read_info(run.model), native.load(run.model)
    assert info.step == 120
    assert info.run == run.name
    assert info.dataset
    assert info.licence
    if family == "classifier":
        assert info.figures["classifier_accuracy"] > 0.4
    else:
        images = model.generate(torch.from_numpy(model.space.sample_many(4, 0)), {})
        assert images.shape == (4, 1, 16, 16)


def test_the_autoencoder_measures_its_prior(make: Make):
    run = trained(make("autoencoder", **NARROW))
    part = native.read_info(run.model).space.main
    assert len(part.mean) == 4
    assert np.linalg.matrix_rank(np.asarray(part.factor)) > 1
    assert native.read_info(run.model).figures["reconstruction_error"] > 0


def test_a_set_smaller_than_a_batch_is_walked_through_again(make: Make):
    run = trained(make("vae", limit=10, batch=32, steps=5, **NARROW))
    assert run.metrics()[-1]["step"] == 5
