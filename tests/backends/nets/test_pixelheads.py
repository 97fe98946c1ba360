"""Distributions over levels: they sum to one, and draws follow them."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.nets.pixelheads import LevelsHead, LogisticsHead, as_values, make_head


@settings(deadline=None, max_examples=30)
@given(mean=st.floats(-3, 3), scale=st.floats(-9, 3), levels=st.sampled_from([2, 16, 256]))
def test_logistics_sum_to_one_over_all_levels(mean: float, scale: float, levels: int) -> None:
    """However sharp or wide, in the middle or beyond the edges."""
    head = LogisticsHead(1, levels, 2)
    params = torch.tensor([[0.3, -0.5, mean, -mean / 2, scale, scale / 2]]).expand(levels, -1)
    total = head.log_prob(params, torch.arange(levels)[:, None]).double().exp().sum()
    assert float(total) == pytest.approx(1, abs=2e-4)


def test_logistics_against_the_equation() -> None:
    """Equation 2 of Salimans et al. (2017), term by term, edges included."""
    head = LogisticsHead(1, 5, 1)
    mean, scale = 0.2, 0.3
    params = torch.tensor([[0.0, mean, math.log(scale)]]).expand(5, -1)
    got = head.log_prob(params, torch.arange(5)[:, None]).exp()

    def sigmoid(x: float) -> float:
        return 1 / (1 + math.exp(-(x - mean) / scale))

    middle = [sigmoid(v + 0.25) - sigmoid(v - 0.25) for v in (-0.5, 0.0, 0.5)]
    wanted = [sigmoid(-0.75), *middle, 1 - sigmoid(0.75)]
    assert got.tolist() == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(
    "head",
    [LevelsHead(3, 2), LevelsHead(3, 4), LogisticsHead(3, 4, 3)],
    ids=["binary", "levels", "logistics"],
)
def test_colours_sum_to_one_over_all_colours(head: LevelsHead | LogisticsHead) -> None:
    colours = torch.tensor(list(itertools.product(range(head.levels), repeat=3)))
    params = torch.randn(1, head.outputs, generator=torch.Generator().manual_seed(0)).expand(len(colours), -1)
    assert float(head.log_prob(params, colours).exp().sum()) == pytest.approx(1, abs=1e-4)


def test_a_channel_depends_on_those_before_it() -> None:
    head = LevelsHead(2, 2)
    params = torch.tensor([[0.0, 0.0, 1.5]])  # the second channel follows the first
    alike = head.log_prob(params, torch.tensor([[1, 1]])).exp()
    other = head.log_prob(params, torch.tensor([[1, 0]])).exp()
    assert float(alike) == pytest.approx(0.5 / (1 + math.exp(-1.5)))
    assert float(alike + other) == pytest.approx(0.5)


@pytest.mark.parametrize("likelihood", ["binary", "levels", "logistics"])
def test_draws_follow_the_probabilities(likelihood: str) -> None:
    """The share of numbers that give a colour is its probability; exact, as the numbers are on a grid."""
    head = make_head(likelihood, 2, 4, 2)
    params = torch.randn(1, head.outputs, generator=torch.Generator().manual_seed(3))
    steps = (torch.arange(200) + 0.5) / 200
    uniform = torch.cartesian_prod(steps, steps)
    drawn = head.draw(params.expand(len(uniform), -1), uniform, 1.0)
    for colour in itertools.product(range(head.levels), repeat=2):
        share = (drawn == torch.tensor(colour)).all(1).float().mean()
        wanted = head.log_prob(params, torch.tensor([colour])).exp()
        assert float(share) == pytest.approx(float(wanted), abs=0.01)


@pytest.mark.parametrize("likelihood", ["binary", "levels", "logistics"])
def test_a_higher_number_never_gives_a_lower_level(likelihood: str) -> None:
    head = make_head(likelihood, 1, 16, 3)
    params = torch.randn(1, head.outputs, generator=torch.Generator().manual_seed(1)).expand(500, -1)
    drawn = head.draw(params, torch.linspace(0, 1, 500)[:, None], 1.0)[:, 0]
    assert (drawn.diff() >= 0).all()
    assert drawn.min() >= 0
    assert drawn.max() <= head.levels - 1


@pytest.mark.parametrize("likelihood", ["binary", "levels", "logistics"])
def test_cold_draws_take_the_likeliest(likelihood: str) -> None:
    head = make_head(likelihood, 1, 8, 1)
    params = torch.randn(1, head.outputs, generator=torch.Generator().manual_seed(4))
    if likelihood == "logistics":
        params[:, 2] = -1  # a logistic wider than the image is likeliest at both of its ends
    chances = head.log_prob(params.expand(head.levels, -1), torch.arange(head.levels)[:, None])
    uniform = torch.linspace(0.02, 0.98, 49)[:, None]
    drawn = head.draw(params.expand(49, -1), uniform, 0.02)
    assert (drawn == chances.argmax()).float().mean() > 0.95
    assert len(head.draw(params.expand(49, -1), uniform, 2.0).unique()) > 1


def test_levels_are_even_values() -> None:
    assert as_values(torch.arange(5), 5).tolist() == [-1, -0.5, 0, 0.5, 1]
