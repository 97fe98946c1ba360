"""The mixing autoencoder: its masks and cycles, and that it learns to copy and to mix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from backends import native
from backends.registry import family
from tests.trainers.conftest import Make
from trainers import data
from trainers.chunks import error, spread
from trainers.control import Control
from trainers.loop import train
from trainers.registry import trainer

SMALL = {"image_size": 16, "batch": 16, "width": 4, "critic_width": 4, "chunks": 3, "latent": 4}


def learner(**given: Any) -> Any:
    kind = trainer("chunks")
    settings = kind.INFO.settings.from_mapping({**SMALL, "steps": 100, **given})
    return kind.build(settings, data.load("digits", 16), torch.device("cpu"))


def test_it_learns_to_copy_then_to_mix(make: Make):
    run = make("chunks", **{**SMALL, "steps": 200, "mix_from": 0.5, "fade_from": 1.0, "ema": 0.9,
                            "checkpoint_every": 200, "sample_every": 200})  # fmt: skip
    train(run, Control.of(run, 200))
    lines = run.metrics()
    assert lines[-1]["copy"] < 0.8 * lines[0]["copy"]
    assert "cycle" not in lines[0]
    assert 0 <= lines[-1]["named rightly"] <= 1
    info = native.read_info(run.model)
    assert [part.name for part in info.space.parts] == ["chunk 1", "chunk 2", "chunk 3"]
    assert all(np.abs(part.mean).sum() > 0 for part in info.space.parts)


def test_a_mask_of_chunks_is_spread_over_their_numbers():
    mask = torch.tensor([[True, False, True]])
    assert spread(mask, torch.zeros(1, 6)).tolist() == [[True, True, False, False, True, True]]


@pytest.mark.parametrize(("mask", "alike"), [("image", False), ("batch", True)])
def test_masks_are_drawn_for_each_mix_or_for_the_batch(mask: str, alike: bool):
    torch.manual_seed(0)
    drawn = learner(mask=mask)._mask(torch.rand(64, 1, 16, 16))
    assert drawn.shape == (64, 3)
    assert bool((drawn == drawn[0]).all()) is alike
    assert 0.2 < learner()._mask(torch.rand(512, 1, 16, 16)).float().mean() < 0.8


def test_half_of_the_mixes_take_one_chunk_and_none_takes_all_or_nothing():
    torch.manual_seed(0)
    taken = learner(chunks=5)._mask(torch.rand(4000, 1, 16, 16)).sum(1)
    assert set(taken.tolist()) == {1, 2, 3, 4}
    assert (taken == 1).float().mean().item() == pytest.approx(0.5 + 0.5 / 4, abs=0.03)
    assert (taken == 4).float().mean().item() == pytest.approx(0.5 / 4, abs=0.03)


def test_chunks_that_act_apart_cost_nothing_together_and_those_that_share_a_pixel_do():
    """A decoder by hand: of three numbers, each a chunk, the first two draw a half of the picture each."""
    made = learner(latent=1)
    codes = torch.rand(64, 3) - 0.5

    def apart(given: torch.Tensor) -> torch.Tensor:
        return torch.cat([given[:, :1].sin(), given[:, 1:2].exp()], 1)[:, None, None]

    def shared(given: torch.Tensor) -> torch.Tensor:
        return (4 * given[:, :1] * given[:, 1:2]).expand(-1, 2)[:, None, None]

    made._drawn = apart
    floor = made._together(codes, apart(codes)).item()
    assert floor == pytest.approx(0.01, rel=0.01)  # the rounded kink alone
    made._drawn = shared
    assert made._together(codes, shared(codes)).item() > 5 * floor


def test_the_game_rises_when_mixing_starts_and_falls_to_a_fifth():
    made = learner(steps=1000, mix_from=0.1, fade_from=0.6)
    shares = [made._share(step) for step in (100, 150, 200, 600, 800, 1000)]
    assert shares == pytest.approx([0, 0.5, 1, 1, 0.6, 0.2])
    always = learner(steps=1000, mix_from=0.0, fade_from=1.0)
    assert [always._share(step) for step in (0, 500, 1000)] == [1, 1, 1]


def test_squares_are_in_the_paper_s_scale():
    assert error(torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 0.5)).item() == pytest.approx(1)


def test_the_cycle_of_a_mix_that_takes_nothing_is_a_copy():
    """With a mask of zeros the mix is G(f1), and what comes back of x1 is G(E(G(f1)))."""
    made = learner()
    made.model.eval()
    images = torch.rand(4, 1, 16, 16)
    with torch.no_grad():
        codes = made.model.encoder(images)
        copies = made._drawn(codes)
        given = torch.zeros_like(codes, dtype=torch.bool)
        terms = made._terms(images, codes, given, copies)
        again = made.model.encoder(copies)
        wanted = error(made._drawn(again), images)
    assert terms["cycle"].item() == pytest.approx(wanted.item(), rel=1e-5)
    relative = (again - codes).square().mean() / codes.var(0).mean()
    assert terms["chunks again"].item() == pytest.approx(relative.item(), rel=1e-2)


def test_the_critic_s_gradients_are_spared_in_the_generator_s_step():
    made = learner(mix_from=0.0, real_weight=1.0)
    images = torch.rand(8, 1, 16, 16)
    before = [weight.clone() for weight in made.extra["namer"].parameters()]
    made.step(images, None, 5)
    assert any(not torch.equal(a, b) for a, b in zip(before, made.extra["namer"].parameters(), strict=True))
    assert all(weight.requires_grad for weight in made.extra["critic"].parameters())


def test_pictures_exchange_one_chunk_at_a_time():
    made = learner()
    shown = made.pictures(made.model.eval())
    assert shown.shape == (25, 1, 16, 16)  # five pairs: receivers, givers, three chunks


def test_each_chunk_has_a_prior_of_its_own():
    model: Any = family("chunks").build({"chunks": 2, "latent": 3, "width": 4, "image_size": 16})
    codes = np.random.default_rng(0).normal([0, 0, 0, 5, 5, 5], [1, 1, 1, 2, 2, 2], (4000, 6))
    model.set_prior(codes)
    first, second = model.space.parts
    assert np.allclose(first.mean, 0, atol=0.1)
    assert np.allclose(second.centre, 5, atol=0.2)
    assert np.allclose(second.deviation, 2, atol=0.2)
    drawn = model.space.sample_many(2000, 0)
    assert np.allclose(drawn.mean(0), codes.mean(0), atol=0.3)
