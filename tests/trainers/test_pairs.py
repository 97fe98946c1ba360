"""Common and varying codes from pairs: each method learns, and the probes tell what a code holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from backends import native
from backends.errors import BadData
from backends.families.vae import LOGVAR_RANGE
from backends.registry import family
from tests.trainers.conftest import Make
from trainers import data
from trainers.control import Control
from trainers.loop import train
from trainers.presets import PAIRED
from trainers.probe import linear, probed
from trainers.registry import trainer

SMALL = {"image_size": 16, "batch": 32, "body": "mlp", "width": 4, "critic_width": 4, "latent": 3,
         "common": 4, "learning_rate": 5e-3, "sample_every": 50}  # fmt: skip


def learner(name: str, spec: str = "digits", **given: Any) -> Any:
    kind = trainer(name)
    settings = kind.INFO.settings.from_mapping({**SMALL, "steps": 100, **given})
    return kind.build(settings, data.load(spec, 16), torch.device("cpu"))


@pytest.mark.parametrize("name", [preset.name for preset in PAIRED])
def test_a_paper_s_preset_learns(name: str):
    made, values = learner(name), []
    for step in range(60):
        torch.manual_seed(step)
        values.append({k: float(v.detach()) for k, v in made.step(torch.zeros(32, 1), None, step).items()})
    first, last = (np.mean([v["reconstruction"] for v in part]) for part in (values[:5], values[-5:]))
    assert last < 0.9 * first
    assert 0 <= values[50]["leak"] <= 1
    assert ("kl" in values[0]) == (name != "szabo")
    assert ("discriminator" in values[0]) == (name != "cyclevae")
    assert made.pictures(made.model.eval()).shape == (64, 1, 16, 16)


def test_a_run_knows_where_the_class_is(make: Make):
    run = make("cyclevae", **{**SMALL, "steps": 150, "latent": 1, "ema": 0.9})
    train(run, Control.of(run, 150))
    info = native.read_info(run.model)
    assert info.family == "pairs"
    assert [part.name for part in info.space.parts] == ["common", "varying"]
    assert info.figures["class_from_common"] > 0.5
    assert (
        info.figures["class_from_varying"] < info.figures["class_from_common"] - 0.2
    )  # one number holds little


def test_pairs_can_share_factors():
    made = learner("cyclevae", "dsprites:count=400", sharing="shape, scale")
    rows, partners = made.pairs.draw(np.random.default_rng(0), 100)
    assert (made.kinds[rows] == made.kinds[partners]).all()
    assert len(np.unique(made.kinds)) == 18
    with pytest.raises(BadData, match="hue"):
        learner("cyclevae", "dsprites:count=50", sharing="hue")


def test_the_cycle_moves_the_encoder_alone():
    made = learner("cyclevae")
    read = made._draw(16, torch.device("cpu"))
    made._cycle(read).backward()
    assert all(weight.grad is None for weight in made.model.decoder.parameters())
    assert any(weight.grad is not None for weight in made.model.encoder.parameters())


def test_partners_codes_are_exchanged():
    read = learner("cyclevae")._draw(3, torch.device("cpu"))
    assert torch.equal(read.swapped(read.kinds), read.kinds)
    assert torch.equal(read.swapped(read.common)[:3], read.common[3:])


def test_a_critic_that_tells_too_well_rests():
    made = learner("szabo", limit_accuracy=0.5)
    score = made.extra["critic"].score
    torch.nn.init.zeros_(score.weight)
    torch.nn.init.constant_(score.bias, 0.1)  # names all real: half are told rightly, so it may not learn
    before = [weight.clone() for weight in made.extra["critic"].parameters()]
    made._adversary(made._draw(64, torch.device("cpu")))
    after = list(made.extra["critic"].parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    torch.nn.init.constant_(score.bias, -0.1)
    made.settings = trainer("szabo").INFO.settings.from_mapping({**SMALL, "limit_accuracy": 0.9})
    made._adversary(made._draw(64, torch.device("cpu")))
    assert not torch.equal(score.bias, torch.tensor([-0.1]))


def test_parts_and_priors():
    model: Any = family("pairs").build({"common": 3, "latent": 2, "width": 4, "image_size": 16})
    common, mean, logvar = model.read(torch.rand(5, 1, 16, 16))
    assert (common.shape, mean.shape, logvar.shape) == ((5, 3), (5, 2), (5, 2))
    assert torch.equal(
        model.encode(torch.zeros(1, 1, 16, 16))[:, 3:], model.read(torch.zeros(1, 1, 16, 16))[1]
    )
    model.set_prior(np.random.default_rng(0).normal(3, 1, (500, 5)))
    assert model.space["common"].centre.mean() == pytest.approx(3, abs=0.2)
    assert model.space["varying"].centre.tolist() == [0, 0]
    plain: Any = family("pairs").build({"variational": False, "width": 4, "image_size": 16})
    assert (plain.read(torch.rand(1, 1, 16, 16))[2] == LOGVAR_RANGE[0]).all()
    plain.set_prior(np.random.default_rng(0).normal(3, 1, (500, 32)))
    assert plain.space["varying"].centre.mean() == pytest.approx(3, abs=0.2)


def test_probes_read_what_is_there_and_only_that():
    rng = np.random.default_rng(0)
    labels, truth = rng.integers(0, 4, 1000), rng.integers(0, 4, 400)
    ring = np.stack([np.cos(np.arange(4)), np.sin(np.arange(4))], 1)

    def codes(of: np.ndarray) -> torch.Tensor:
        return torch.from_numpy((ring[of] + 0.05 * rng.normal(size=(len(of), 2))).astype(np.float32))

    assert probed(codes(labels), labels, codes(truth), truth) > 0.98
    noise = [torch.from_numpy(rng.normal(size=(n, 2)).astype(np.float32)) for n in (1000, 400)]
    assert probed(noise[0], labels, noise[1], truth) < 0.4
    assert linear(codes(labels), labels) > 0.9
    assert linear(noise[0], labels) < 0.4
