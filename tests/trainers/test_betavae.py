"""Autoencoders whose dimensions are pressed apart: every paper's preset learns, and presses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from backends import native
from explorer.latent.scores import FAST, Sample
from explorer.latent.scores.registry import scores
from explorer.latent.task import Task
from tests.trainers.conftest import Make
from trainers import data
from trainers.batches import Batches
from trainers.betavae import Factors, scored
from trainers.control import Control
from trainers.loop import train
from trainers.presets import APART
from trainers.registry import trainer

SMALL = {"body": "mlp", "width": 4, "latent": 4, "image_size": 16, "batch": 32, "sample_every": 50}
NAMES = [preset.name for preset in APART if preset.trainer == "betavae"]


def steps(name: str, count: int, **given: Any) -> tuple[Any, list[dict[str, float]]]:
    """Some steps of a preset on digits, without a run."""
    images, kind = data.load("digits", 16), trainer(name)
    settings = kind.INFO.settings.from_mapping({**SMALL, "steps": count, "learning_rate": 5e-3, **given})
    learner = kind.build(settings, images, torch.device("cpu"))
    batches, values = Batches.of(images, settings.batch, 0, torch.device("cpu")), []
    for step in range(count):
        torch.manual_seed(step)
        values.append({k: float(v.detach()) for k, v in learner.step(*batches.at(step), step).items()})
    return learner, values


@pytest.mark.parametrize("name", NAMES)
def test_a_paper_s_preset_learns(name: str):
    learner, values = steps(name, 60)
    assert trainer(name).INFO.family == "vae"
    first, last = (np.mean([v["reconstruction"] for v in part]) for part in (values[:5], values[-5:]))
    assert last < 0.9 * first
    assert {"active dimensions", "MIG", "SAP"} <= set(values[50])
    assert "MIG" not in values[49]
    assert learner.pictures(learner.model.eval()).shape[0] == 16


def test_the_capacity_is_kept():
    _, values = steps("annealed-vae", 200, capacity=4.0, capacity_until=0.2)
    assert np.mean([v["kl"] for v in values[-40:]]) == pytest.approx(4, abs=0.7)


def test_more_weight_on_the_divergence_leaves_fewer_nats():
    light, heavy = (steps("beta-vae", 80, kl_weight=weight)[1] for weight in (1.0, 20.0))
    assert heavy[-1]["kl"] < 0.7 * light[-1]["kl"]


def test_the_covariance_penalty_makes_the_variance_one():
    learner, values = steps("dip-vae-ii", 120)
    assert values[-1]["covariance"] < 0.5 * max(v["covariance"] for v in values)
    mean, logvar = learner.model.posterior(torch.rand(64, 1, 16, 16))
    assert mean.shape == logvar.shape == (64, 4)


def test_curves_look_at_factors_else_at_labels():
    learner, _ = steps("beta-tcvae", 1)
    found = Factors(data.load("dsprites:count=200", 16)).look(learner.model.eval())
    assert 0 <= found["MIG"] <= 1
    assert 0 <= found["active dimensions"] <= 4


def test_scores_during_training_are_the_scores_panel_s():
    rng = np.random.default_rng(0)
    factors = rng.integers(0, (3, 6, 40), (2000, 3))
    codes = np.concatenate([factors / np.array([0.8, 1.7, 11.5]), rng.normal(size=(2000, 2))], 1)
    found, sample = scored(codes, factors), Sample.of(codes, factors)
    for name in ("sap", "factor_vae", "mig"):
        theirs = scores()[name].run(sample, FAST, np.random.default_rng(0), Task()).values[name]
        key = {"sap": "SAP", "factor_vae": "FactorVAE", "mig": "MIG"}[name]
        assert found[key] == pytest.approx(theirs, abs=0.04)
    mixed = scored(codes @ np.linalg.qr(rng.normal(size=(5, 5)))[0], factors)
    assert mixed["SAP"] < found["SAP"] - 0.05
    assert mixed["FactorVAE"] < found["FactorVAE"] == 1
    assert set(scored(codes, factors[:, :1])) == {"MIG", "SAP"}
    assert set(scored(codes, np.arange(2000)[:, None])) == {"MIG"}


def test_a_run_ends_with_a_plain_autoencoder_and_its_figures(make: Make):
    run = make("beta-tcvae", "dsprites:count=300", body="mlp", width=4, latent=3, steps=30)
    train(run, Control.of(run, 30))
    info = native.read_info(run.model)
    assert info.family == "vae"
    assert {"mig", "sap", "factorvae", "active_dimensions", "reconstruction_error"} <= set(info.figures)
    assert any("MIG" in line for line in run.metrics())
