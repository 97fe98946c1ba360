"""The Boltzmann machine: its free energy and chains against enumeration, its codes, its views."""

from __future__ import annotations

import itertools

import pytest
import torch

from backends.families.rbm import Rbm
from backends.registry import family

TINY = {"image_size": 16, "hidden": 4, "latent": 2}


def every(units: int) -> torch.Tensor:
    """All states of so many units: `[2^units, units]`."""
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=units)))


def tiny(visible: int = 5, hidden: int = 4) -> Rbm:
    """A machine small enough for all its states to be listed."""
    torch.manual_seed(0)
    model = family("rbm").build({**TINY, "hidden": hidden}).eval().requires_grad_(False)
    assert isinstance(model, Rbm)
    model.weight = torch.nn.Parameter(torch.randn(visible, hidden), requires_grad=False)
    model.visible_bias = torch.nn.Parameter(torch.randn(visible), requires_grad=False)
    model.hidden_bias.copy_(torch.randn(hidden))
    return model


def test_free_energy_sums_out_the_hidden_units() -> None:
    model = tiny()
    v, h = every(5), every(4)
    energy = -(v @ model.visible_bias)[:, None] - h @ model.hidden_bias - v @ model.weight @ h.T
    assert torch.allclose(-model.free_energy(v), (-energy).logsumexp(1), atol=1e-5)


def test_gibbs_chains_draw_from_the_model() -> None:
    model, states = tiny(3, 2), every(3)
    chances = (-model.free_energy(states)).softmax(0)
    generator = torch.Generator().manual_seed(0)
    v = model.gibbs(torch.zeros(20_000, 3), 30, generator)
    seen = torch.bincount((v @ torch.tensor([4.0, 2.0, 1.0])).long(), minlength=8) / len(v)
    assert torch.allclose(seen, chances, atol=0.015)


def test_codes_are_principal_components_of_the_hidden_inputs() -> None:
    torch.manual_seed(0)
    model = family("rbm").build(TINY).eval().requires_grad_(False)
    assert isinstance(model, Rbm)
    images = torch.rand(500, 1, 16, 16)
    model.weight.normal_()
    model.set_space(model.hidden_input(images.flatten(1)))
    codes = model.encode(images)
    assert torch.allclose(codes.mean(0), torch.zeros(2), atol=1e-3)
    assert torch.allclose(torch.cov(codes.T), torch.eye(2), atol=1e-2)
    settled = model.generate(codes[:4], {"steps": 7})
    assert torch.equal(settled, model.generate(codes[:4], {"steps": 7}))
    assert not torch.equal(settled, model.generate(codes[:4], {"steps": 0}))


def test_likelihood_is_of_black_and_white_images() -> None:
    model = family("rbm").build(TINY).eval().requires_grad_(False)
    assert isinstance(model, Rbm)
    model.set_log_z(3.0)
    images = (torch.rand(3, 1, 16, 16) > 0.5).float()
    nats, _ = model.likelihood(images)
    assert torch.allclose(nats, -model.free_energy(images.flatten(1)) - 3.0)


def test_views() -> None:
    model = family("rbm").build(TINY).eval().requires_grad_(False)
    codes = torch.zeros(1, 2)
    (filters,) = model.view("filters", None, None, {})
    assert len(filters.images) == 4
    film = list(model.view("chain", codes, None, {"every": 2, "chain_seed": 1}))
    assert [len(sheet.images) for sheet in film] == list(range(2, 25))
    assert film[-1].captions[-1] == "step 46"
    again = list(model.view("chain", codes, None, {"every": 2, "chain_seed": 1}))
    assert torch.equal(film[-1].images, again[-1].images)
    dream = next(model.view("dream", None, None, {}))
    assert "Gibbs steps" in dream.text
    with pytest.raises(Exception, match="no view"):
        next(model.view("none", None, None, {}))
