"""The equations in the trainers' docstrings, against cases worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from trainers import figures
from trainers.classifier import moved
from trainers.gan import draw, noise_at
from trainers.learner import faded
from trainers.vae import divergence, plane, reconstruction_loss, warmed


def test_bernoulli_likelihood_is_the_sum_over_pixels_and_the_mean_over_images():
    raw = torch.zeros(2, 1, 2, 2)  # y = 1/2 everywhere, so each pixel costs log 2 whatever x is
    images = torch.tensor([0.0, 1.0, 0.5, 0.25]).reshape(1, 1, 2, 2).repeat(2, 1, 1, 1)
    assert reconstruction_loss(raw, images, "bernoulli", 1.0).item() == pytest.approx(4 * math.log(2))


def test_gaussian_likelihood_is_half_the_squared_error_over_the_variance():
    raw, images = torch.full((1, 1, 1, 2), 0.5), torch.tensor([[[[0.0, 1.0]]]])
    assert reconstruction_loss(raw, images, "gaussian", 0.5).item() == pytest.approx(0.5 / (2 * 0.25))


def test_divergence_from_the_normal_distribution():
    mean, logvar = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, math.log(4.0)]])
    assert divergence(mean, logvar).item() == pytest.approx(0.5 * 1 + 0.5 * (4 - math.log(4.0) - 1))
    assert divergence(torch.zeros(3, 5), torch.zeros(3, 5)).item() == 0.0


def test_schedules_are_pure_functions_of_the_step():
    assert [noise_at(step, 0.4, 100) for step in (0, 50, 100, 200)] == pytest.approx([0.4, 0.2, 0, 0])
    assert noise_at(0, 0.4, 0) == 0
    assert [warmed(step, 10) for step in (0, 5, 10, 20)] == pytest.approx([0, 0.5, 1, 1])
    assert warmed(0, 0) == 1
    assert faded(1.0, 0, 1000) == pytest.approx(0.01)
    assert faded(1.0, 500, 1000) == pytest.approx(0.5)
    assert faded(1.0, 1000, 1000) == pytest.approx(0.0)


def test_codes_on_the_sphere_have_its_radius():
    assert torch.allclose(draw("sphere", 8, 9, torch.zeros(1)).norm(dim=1), torch.full((8,), 3.0))


def test_moved_images_are_moved_whole():
    torch.manual_seed(0)
    images = torch.zeros(50, 1, 8, 8)
    images[:, :, 4, 4] = 1
    out = moved(images, 2)
    assert out.shape == images.shape
    assert out.sum().item() == 50
    places = out.flatten(1).argmax(1)
    assert len(places.unique()) > 10
    assert moved(images, 0) is images


def test_plane_is_in_even_steps_of_probability():
    codes = plane(3)
    assert codes.shape == (9, 2)
    assert codes[4] == pytest.approx([0, 0], abs=1e-6)
    assert codes[0] == pytest.approx([-0.9674, 0.9674], abs=1e-4)  # the quantile of 1/6


def test_frechet_distance_of_known_normals():
    rng = np.random.default_rng(0)
    a = rng.standard_normal((4000, 3))
    assert figures.frechet(a, a) == pytest.approx(0, abs=1e-9)
    assert figures.frechet(a, a + np.array([3, 0, 0])) == pytest.approx(9)
    centred = a - a.mean(0)
    wider = figures.frechet(centred, centred * 2)  # sum of (2 s - s)^2 over the principal deviations
    assert wider == pytest.approx(np.trace(np.cov(a.T)), rel=1e-6)


def test_classes_and_entropy():
    even, one = np.repeat(np.arange(10), 100), np.zeros(1000, int)
    assert figures.classes_seen(even) == 10
    assert figures.entropy(even, 10) == pytest.approx(1)
    assert figures.classes_seen(one) == 1
    assert figures.entropy(one, 10) == 0
    assert figures.classes_seen(np.r_[one, np.ones(5, int)]) == 1  # half a per cent is chance
