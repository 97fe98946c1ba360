"""InfoGAN: its bound on the information, the assignment of categories, and that it learns."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from backends import native
from tests.trainers.conftest import Make
from trainers.control import Control
from trainers.infogan import (
    assigned,
    categorical_information,
    continuous_information,
    shared_information,
    swayed,
)
from trainers.loop import train


@settings(max_examples=30)
@given(st.integers(2, 30), st.integers(0, 2**31), st.floats(0.0, 50.0))
def test_the_ceiling_is_the_entropy_of_the_category(classes: int, seed: int, scale: float):
    generator = torch.Generator().manual_seed(seed)
    category = torch.randint(classes, (20,), generator=generator)
    logits = scale * torch.randn(20, classes, generator=generator)
    assert categorical_information(logits, category).item() <= math.log(classes) + 1e-5
    sure = 1e4 * torch.nn.functional.one_hot(category, classes).float()
    assert categorical_information(sure, category).item() == pytest.approx(math.log(classes), abs=1e-5)
    assert categorical_information(torch.zeros(20, classes), category).item() == pytest.approx(0, abs=1e-5)


def test_the_exact_posterior_makes_the_bound_tight():
    """Category c is seen as x = c in 7 of 10 cases, else as one of the two others: I = ln 3 - H(0.7, ...)."""
    seen = torch.tensor([[14, 3, 3], [3, 14, 3], [3, 3, 14]])  # twenty pairs (c, x) for each c
    pairs = torch.tensor([(c, x) for c in range(3) for x in range(3) for _ in range(int(seen[c, x]))])
    posterior = (seen / 20).log()[:, pairs[:, 1]].T
    information = math.log(3) + 0.7 * math.log(0.7) + 0.3 * math.log(0.15)
    assert categorical_information(posterior, pairs[:, 0]).item() == pytest.approx(information, abs=1e-6)
    worse = categorical_information(0.5 * posterior, pairs[:, 0]).item()
    assert worse < information


def test_information_of_continuous_codes():
    codes = torch.rand(1000, 2) * 2 - 1
    exact = continuous_information(codes, torch.full_like(codes, -4.0), codes)
    assert exact.item() == pytest.approx(2 * (math.log(2) + 2 - 0.5 * math.log(2 * math.pi)), rel=1e-5)
    # Read as nothing but the prior's mean and variance: below zero, by a normal's unfitness for a uniform.
    blind = continuous_information(torch.zeros_like(codes), torch.full_like(codes, math.log(1 / 3)), codes)
    unfit = math.log(2) - 0.5 * math.log(2 * math.pi * math.e / 3)
    assert blind.item() == pytest.approx(2 * unfit, abs=0.1)


def test_what_two_readings_share():
    sure = torch.eye(4).repeat(5, 1)
    assert shared_information(sure, sure).item() == pytest.approx(math.log(4), abs=1e-4)
    assert shared_information(sure, torch.full((20, 4), 0.25)).item() == pytest.approx(0, abs=1e-4)
    one_class = torch.eye(4)[[0] * 20]  # a reader that always says the same
    assert shared_information(one_class, one_class).item() == pytest.approx(0, abs=1e-4)


def test_swayed_images_stay_alike():
    torch.manual_seed(0)
    images = torch.zeros(30, 1, 28, 28)
    images[:, :, 8:20, 12:16] = 1
    out = swayed(images, 1.0)
    assert out.shape == images.shape
    assert torch.allclose(swayed(images, 0.0), images, atol=1e-4)
    share = out.mean((1, 2, 3)) / images.mean((1, 2, 3))
    assert share.min() > 0.6
    assert share.max() < 1.5
    rows = (out[:, 0].sum(2) * torch.arange(28)).sum(1) / out.sum((1, 2, 3)) - 13.5
    assert 0.5 < rows.abs().max() < 3  # pixels by which the centre moved


def test_categories_are_assigned_one_to_one():
    labels = np.repeat([0, 1, 2], 10)
    read = np.array([3, 0, 1])[labels]  # category 2 is never read
    read[:2] = 1
    order, classes = assigned(read, labels, 4)
    assert order.tolist() == [3, 0, 1, 2]
    assert classes.tolist() == [0, 1, 2, -1]
    greedy_is_wrong = np.r_[np.zeros(9, int), np.ones(3, int), np.zeros(8, int)]
    order, _ = assigned(greedy_is_wrong, np.r_[np.zeros(12, int), np.ones(8, int)], 2)
    assert order.tolist() == [1, 0]  # 3 + 8 agree, against 9 the other way round


def test_it_learns_codes_that_can_be_read(make: Make):
    run = make("infogan", width=4, reader_width=4, latent=8, steps=100, batch=32,
               checkpoint_every=100, discriminator_rate=2e-3, ema=0.9, seed=1)  # fmt: skip
    train(run, Control.of(run, 100))
    lines = run.metrics()
    assert lines[-1]["ceiling"] == pytest.approx(math.log(10))
    assert lines[-1]["mutual information"] > lines[0]["mutual information"] + 0.5
    assert all(line["mutual information"] <= line["ceiling"] for line in lines)
    info = native.read_info(run.model)
    assert sorted(info.space["category"].names) == list("0123456789")
    assert info.figures["category_accuracy"] > 0.1


def test_steady_categories_have_a_curve(make: Make):
    run = make("infogan", width=4, reader_width=4, latent=4, sway=1.0, steadiness=0.5, steps=3)
    train(run, Control.of(run, 3))
    assert run.metrics()[-1]["steady information"] <= math.log(10)


def test_without_continuous_codes_there_is_no_curve_for_them(make: Make):
    run = make("infogan", body="mlp", width=4, reader_width=4, latent=4, continuous=0, steps=3, categories=12)
    train(run, Control.of(run, 3))
    assert "continuous information" not in run.metrics()[-1]
    names = native.read_info(run.model).space["category"].names
    assert len(names) == 12
    assert len(set(names)) == 12
