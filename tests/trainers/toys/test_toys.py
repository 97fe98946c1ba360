"""Toys learn: distances fall, modes are found, gradients vanish where theory says so, and chance repeats."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from backends.errors import BadRequest, BadSettings
from trainers.toys import figures
from trainers.toys.build import build
from trainers.toys.distributions import DISTRIBUTIONS, EXTENT
from trainers.toys.presets import PRESETS
from trainers.toys.sentences import sentence
from trainers.toys.settings import LOSSES, ToySettings
from trainers.toys.toy import GRID, SHOWN, Toy

SMALL = {"width": 32, "batch": 64}


def made(**values) -> Toy:
    return build(ToySettings.from_mapping({**SMALL, **values}))


def stepped(toy: Toy, count: int) -> Toy:
    for _ in range(count):
        toy.step()
    return toy


def weights(network) -> bytes:
    return b"".join(p.detach().numpy().tobytes() for p in network.parameters())


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_data_are_seeded_in_view_and_about_as_wide_as_a_normal(name):
    one = DISTRIBUTIONS[name]
    points = one.sample(2000, np.random.default_rng(3))
    assert points.shape == (2000, 2)
    assert np.array_equal(points, one.sample(2000, np.random.default_rng(3)))
    assert np.abs(points).max() < EXTENT
    assert 0.5 < points.std() < 1.3
    if len(one.centres):
        assert figures.modes(points, one.centres) == (len(one.centres), pytest.approx(1, abs=0.01))


def test_energy_distance_of_two_points_and_of_two_draws():
    here, there = np.zeros((2, 2), np.float32), np.array([[3, 4], [3, 4]], np.float32)
    assert figures.energy_distance(here, there) == pytest.approx(np.sqrt(10))  # 2 * 5 - 0 - 0
    draws = np.random.default_rng(0).normal(size=(2, 256, 2)).astype(np.float32)
    assert figures.energy_distance(*draws) < 0.12


def test_room_is_a_share_of_the_area():
    real = np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32)
    assert figures.room(real / 2, real) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("values", "steps", "distance"),
    [
        ({"loss": "non-saturating", "penalty": "r1", "penalty_weight": 0.2, "rate": 2e-3}, 90, 0.7),
        ({"loss": "wasserstein", "penalty": "wgan-gp", "rate": 3e-3, "critic_rate": 4e-3}, 90, 0.8),
        ({"kind": "vae", "rate": 4e-3}, 120, 0.45),
        ({"kind": "diffusion", "rate": 4e-3}, 120, 0.5),
    ],
)
def test_generated_points_come_near(values, steps, distance):
    toy = made(data="ring", **values)
    before = toy.snapshot().numbers["distance"]
    after = stepped(toy, steps).snapshot().numbers["distance"]
    assert after < distance < before


@pytest.mark.parametrize("kind", ["vae", "flow"])
def test_likelihood_grows(kind):
    toy = made(kind=kind, data="moons", rate=2e-3)
    toy.step()
    before = toy.row["loss"]
    stepped(toy, 60)
    assert toy.row["loss"] < before - 0.3


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("penalty", ["none", "wgan-gp", "dragan", "r1", "clip"])
def test_every_loss_goes_with_every_penalty(loss, penalty):
    toy = stepped(made(loss=loss, penalty=penalty), 3)
    seen = toy.snapshot()
    assert all(np.isfinite(array).all() for array in seen.arrays().values())
    assert seen.points.shape == (SHOWN, 2)
    assert seen.values.shape == (GRID, GRID)
    assert {"generator", "critic", "∇ critic", "∇ generator"} <= set(toy.row)


def test_minimax_vanishes_where_the_critic_has_won_and_non_saturating_pulls():
    pulls = {}
    for loss in ("minimax", "non-saturating"):
        toy = made(loss=loss, width=64)
        for _ in range(120):
            toy.step_critic()
        pulls[loss] = toy.snapshot().numbers["pull"]
        said = sentence(toy.settings, toy.steps, toy.snapshot().numbers)
        assert said.warning == (loss == "minimax")
        assert ("flat" in said.text) == (loss == "minimax")
    assert pulls["minimax"] < 0.01
    assert pulls["non-saturating"] > 1


def test_arrows_are_the_slope_of_the_loss():
    toy = stepped(made(loss="non-saturating"), 5)
    seen, eps = toy.snapshot(), 1e-3
    point = torch.from_numpy(seen.foot[:1])

    def loss(at: torch.Tensor) -> float:
        with torch.no_grad():
            return float(torch.nn.functional.softplus(-toy.score(at)).mean())

    for axis in (0, 1):
        aside = torch.zeros(1, 2)
        aside[0, axis] = eps
        slope = (loss(point + aside) - loss(point - aside)) / (2 * eps)
        assert seen.arrows[0, axis] == pytest.approx(-slope, rel=0.02, abs=2e-3)


def test_one_player_alone_leaves_the_other_as_it_is():
    toy = stepped(made(), 2)
    generator, critic = toy.networks["generator"], toy.networks["critic"]
    before = weights(generator), weights(critic)
    toy.step_critic()
    assert weights(generator) == before[0]
    assert weights(critic) != before[1]
    before = weights(generator), weights(critic)
    toy.step_generator()
    assert weights(critic) == before[1]
    assert weights(generator) != before[0]
    for kind in ("vae", "diffusion", "flow"):
        with pytest.raises(BadRequest, match="game"):
            made(kind=kind).step_critic()


@pytest.mark.parametrize("kind", ["gan", "vae", "diffusion", "flow"])
def test_same_seed_same_bytes_whatever_else_draws_or_looks(kind):
    first, second = made(kind=kind, penalty="wgan-gp"), made(kind=kind, penalty="wgan-gp")
    other = made(kind=kind, seed=1)
    for _ in range(3):
        first.step()
        torch.rand(5)
        second.snapshot()
        other.step()
        second.step()
    assert first.snapshot().points.tobytes() == second.snapshot().points.tobytes()
    assert first.snapshot().points.tobytes() != other.snapshot().points.tobytes()


def test_a_flow_is_its_own_inverse_and_its_density_sums_to_one():
    flow = stepped(made(kind="flow", data="moons", rate=5e-3), 30)
    density = flow.snapshot().values
    cell = (2 * EXTENT / GRID) ** 2
    assert np.exp(density).sum() * cell == pytest.approx(1, abs=0.08)  # a little lies beyond the plane


def test_settings_say_what_can_not_be():
    with pytest.raises(BadSettings, match="ring"):
        ToySettings.from_mapping({"data": "donut"})
    with pytest.raises(BadSettings, match="width"):
        ToySettings.from_mapping({"widht": 3})
    base = ToySettings()
    assert base.shaped_like(ToySettings(rate=0.5))
    assert not base.shaped_like(ToySettings(loss="hinge"))
    assert "loss" not in ToySettings(kind="vae").applies()


def test_presets_are_settings_that_can_be():
    for preset in PRESETS.values():
        assert preset.settings.kind
        assert preset.help.endswith(".")


def test_sentences_tell_what_goes_wrong():
    settings = ToySettings()
    fine = {"real named real": 0.6, "made named made": 0.5, "pull": 0.4, "room": 0.9, "distance": 0.1,
            "modes": 8.0, "of modes": 8.0, "good": 0.9}  # fmt: skip
    assert sentence(settings, 9, fine).text.endswith("8 of 8 modes, 90% of the points lie on one.")
    assert not sentence(settings, 9, fine).warning
    assert "Nothing is learned" in sentence(settings, 0, fine).text
    for change, words in (
        ({"distance": None}, "blown up"),
        ({"critic": -2e5}, "blown up"),
        ({"pull": 90.0}, "steep"),
        ({"room": 0.05, "modes": 1.0}, "collapses"),
    ):
        said = sentence(settings, 9, fine | change)
        assert said.warning
        assert words in said.text
