"""Autoregressive models learn: nats fall on digits, for every body and likelihood."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from backends import native
from backends.errors import BadSettings
from tests.trainers.conftest import Make
from trainers import data
from trainers.api import Phase
from trainers.control import Control
from trainers.loop import train
from trainers.registry import trainer

SMALL = {"width": 8, "depth": 1, "kernel": 3, "learning_rate": 0.04, "sample_every": 1000}


@pytest.mark.parametrize("given", [
    {"body": "gated"}, {"body": "pixelcnn", "conditional": False}, {"body": "rowlstm", "steps": 40},
    pytest.param({"body": "pixelcnn++"}, marks=pytest.mark.slow),
    {"likelihood": "levels", "levels": 8, "body": "pixelcnn"},
    {"likelihood": "logistics", "levels": 16, "mixtures": 2, "body": "pixelcnn", "binarisation": "threshold"},
], ids=lambda given: "-".join(str(v) for v in given.values()))  # fmt: skip
def test_nats_fall(given: dict[str, Any]) -> None:
    settings = trainer("pixelcnn").INFO.settings.from_mapping(
        {"image_size": 16, "steps": 60, **SMALL, **given}
    )
    learner = trainer("pixelcnn").build(settings, data.load("digits", 16), torch.device("cpu"))
    images = torch.from_numpy(learner.data.images).permute(0, 3, 1, 2) / 255
    labels = torch.from_numpy(learner.data.labels)
    losses = []
    for step in range(settings.steps):
        rows = torch.arange(step * 16, step * 16 + 16) % len(images)
        values = learner.step(images[rows], labels[rows], step)
        losses.append(float(values["loss"].detach()))
        bits = float(values["bits per dimension"].detach())
        assert bits == pytest.approx(losses[-1] / 256 / math.log(2), rel=1e-5)
    assert np.mean(losses[-5:]) < 0.85 * np.mean(losses[:5])


def test_a_run_writes_its_exact_likelihood(make: Make) -> None:
    run = make("pixelcnn", steps=30, **{**SMALL, "ema": 0.8})
    train(run, Control.of(run, 30))
    assert run.phase() is Phase.FINISHED
    info, model = native.read_info(run.model), native.load(run.model)
    assert info.space.label is not None
    assert info.space.label.names == tuple("0123456789")
    held_out = torch.from_numpy(data.load("digits", 16, split="test").images).permute(0, 3, 1, 2) / 255
    nats = -float(model.likelihood(held_out)[0].double().mean())
    assert info.figures["nats"] == pytest.approx(nats, rel=1e-4)
    assert info.figures["bits_per_dimension"] == pytest.approx(nats / 256 / math.log(2), rel=1e-4)
    assert nats < 256 * math.log(2), "better than coins"


def test_labels_that_are_not_there_are_a_sentence() -> None:
    unlabelled = replace(data.load("digits", 16), labels=None, classes=())
    settings = trainer("pixelcnn").INFO.settings.from_mapping({"image_size": 16, **SMALL})
    with pytest.raises(BadSettings, match="no labels"):
        trainer("pixelcnn").build(settings, unlabelled, torch.device("cpu"))
    free = replace(settings, conditional=False)
    learner = trainer("pixelcnn").build(free, unlabelled, torch.device("cpu"))
    assert learner.model.space.label is None
    assert learner.pictures(learner.model).shape == (64, 1, 16, 16)
