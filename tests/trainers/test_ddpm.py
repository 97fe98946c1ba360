"""Diffusion learns: its loss by hand, its times and labels, and on digits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from backends import native
from backends.diffusion.schedule import PREDICTIONS
from tests.trainers.conftest import Make
from tests.trainers.test_resume import same, train_until
from tests.trainers.test_trainers import trained
from trainers import data, figures
from trainers.api import Phase
from trainers.control import Control
from trainers.ddpm import DiffusionLearner, DiffusionSettings, build, dropped, spread_times
from trainers.loop import train


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inversion takes many steps: a few images are enough to see that it is measured."""
    monkeypatch.setattr(figures, "COUNT", 8)


def learner(**given: Any) -> DiffusionLearner:
    settings = DiffusionSettings.from_mapping({"image_size": 16, "width": 4, **given})
    made = build(settings, data.load("digits", 16, limit=20), torch.device("cpu"))
    assert isinstance(made, DiffusionLearner)
    return made


@pytest.mark.parametrize("kind", PREDICTIONS)
@pytest.mark.parametrize("min_snr", [0.0, 5.0])
def test_the_loss_of_a_network_that_says_nothing(kind: str, min_snr: float):
    """A new U-Net says zero, so the error is the target itself, worked out here for x_0 = 1, eps = -1."""
    mine = learner(prediction=kind, min_snr=min_snr)
    x0 = torch.ones(2, 1, 16, 16)
    times, wanted = torch.tensor([100, 900]), 0.0
    for t in times:
        a, s = float(mine.model.schedule.signal[t]), float(mine.model.schedule.noise[t])
        snr = (a / s) ** 2
        least = min(snr, min_snr)
        factor = {"eps": least / snr, "x0": least, "v": least / (snr + 1)}[kind] if min_snr else 1
        wanted += factor * {"eps": -1.0, "x0": 1.0, "v": -a - s}[kind] ** 2 / 2
    loss = mine.loss(x0, -x0, times, torch.zeros(2, 10))
    assert loss.item() == pytest.approx(wanted, rel=1e-4)


def test_times_are_spread_over_all_of_them():
    torch.manual_seed(0)
    for _ in range(20):
        times = spread_times(10, 1000, torch.device("cpu"))
        assert 1 <= times.min()
        assert times.max() <= 1000
        assert times.sort().values.diff().sub(100).abs().max() <= 1
    many = torch.cat([spread_times(4, 8, torch.device("cpu")) for _ in range(2000)])
    share = torch.bincount(many, minlength=9)[1:] / len(many)
    assert torch.allclose(share, torch.full((8,), 1 / 8), atol=0.02)


def test_labels_are_left_out_as_often_as_asked():
    torch.manual_seed(0)
    labels = torch.randint(10, (20_000,))
    weights = dropped(labels, 10, 0.1)
    assert weights is not None
    there = weights.sum(1) == 1
    assert there.float().mean().item() == pytest.approx(0.9, abs=0.01)
    assert (weights[there].argmax(1) == labels[there]).all()
    assert not weights[~there].any()
    assert dropped(labels, 0, 0.1) is None
    assert dropped(None, 10, 0.1) is None


def test_it_learns_digits_and_what_it_writes_opens(make: Make):
    run = trained(make("ddpm", steps=90, batch=32, ema=0.9, limit=300, sample_every=90, checkpoint_every=90,
                       width=16, learning_rate=3e-3))  # fmt: skip
    assert run.phase() is Phase.FINISHED
    first, last = (
        np.mean([line["loss"] for line in part]) for part in (run.metrics()[:2], run.metrics()[-2:])
    )
    assert last < 0.75 * first
    info, model = native.read_info(run.model), native.load(run.model)
    assert info.space.label is not None
    assert info.space.label.names == tuple("0123456789")
    assert info.figures["reconstruction_error"] < 0.05
    images = model.generate(torch.from_numpy(model.space.sample_many(16, 0)), {})
    digits = torch.from_numpy(data.load("digits", 16, limit=300).images).float() / 255
    assert images.mean().item() == pytest.approx(digits.mean().item(), abs=0.12)  # noise would have 0.5
    assert math.isfinite(images.std().item())


@pytest.mark.parametrize(
    "given",
    [
        {"conditional": False, "prediction": "eps", "min_snr": 0.0},
        {"prediction": "x0", "schedule": "linear", "patch": 1, "timesteps": 50},
    ],
)
def test_its_choices_are_real_settings(make: Make, given: dict[str, Any]):
    run = trained(make("ddpm", steps=2, limit=20, sample_every=5, width=4, **given))
    assert run.phase() is Phase.FINISHED
    info = native.read_info(run.model)
    assert (info.space.label is None) == (not given.get("conditional", True))
    assert info.config["prediction"] == given["prediction"]


def test_it_resumes_exactly(make: Make):
    given = {"width": 4, "batch": 4, "limit": 20, "sample_every": 20, "checkpoint_every": 20}
    whole, halved = make("ddpm", steps=12, **given), make("ddpm", steps=12, **given)
    train(whole, Control.of(whole, 12))
    train_until(halved, 5)
    train(halved, Control.of(halved, 12))
    assert same(whole, halved)
    assert math.isfinite(whole.metrics()[-1]["loss"])
