"""The game itself: whose turn it is, what each trick changes, and combinations that can't work."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from backends.errors import BadSettings
from tests.trainers.conftest import Make
from tests.trainers.test_resume import same, train_until
from trainers import data
from trainers.api import Phase
from trainers.batches import Batches
from trainers.control import Control
from trainers.gan import add_noise, clip, settled
from trainers.loop import train
from trainers.registry import trainer

SMALL = {"image_size": 16, "batch": 8, "width": 4, "discriminator_width": 4, "latent": 4, "steps": 10}


def learner(family: str = "gan", **given: Any) -> Any:
    kind = trainer(family)
    settings = kind.INFO.settings.from_mapping({**SMALL, "body": "conv", **given})
    images = data.load("digits", settings.image_size, limit=64)
    return kind.build(settings, images, torch.device("cpu"))


def weights(network: torch.nn.Module) -> list[torch.Tensor]:
    return [value.detach().clone() for value in network.parameters()]


def changed(network: torch.nn.Module, before: list[torch.Tensor]) -> bool:
    return any(not torch.equal(a, b) for a, b in zip(network.parameters(), before, strict=True))


def stepped(made: Any, step: int = 0) -> dict[str, torch.Tensor]:
    batch = Batches.of(made.data, 8, 0, torch.device("cpu")).at(step)
    torch.manual_seed(step)
    found: dict[str, torch.Tensor] = made.step(*batch, step)
    return found


TRICKS: dict[str, dict[str, Any]] = {
    "spectral norm": {"spectral": True},
    "two time scales": {"generator_rate": 1e-4, "discriminator_rate": 4e-4},
    "critic steps": {"discriminator_steps": 2},
    "r1": {"r1": 0.1},
    "smoothing and flipping": {"smoothing": 0.1, "flipped": 0.1},
    "instance noise": {"noise": 0.1},
    "layer noise": {"layer_noise": 0.1},
    "instance norm": {"norm": "instance", "discriminator_norm": "instance"},
    "no norm": {"norm": "none"},
    "pooled": {"downsample": "pooled", "finest": "full"},
    "pixelshuffle": {"upsample": "pixelshuffle"},
    "nearest": {"upsample": "nearest", "depth": 1},
    "sgd": {"discriminator_optimiser": "sgd", "discriminator_rate": 0.02},
    "rmsprop": {"optimiser": "rmsprop"},
    "spread": {"spread": True, "separate_batches": False},
    "sphere": {"prior": "sphere"},
    "resnet": {"body": "resnet"},
    "mlp": {"body": "mlp", "norm": "batch"},
}


@pytest.mark.parametrize("trick", TRICKS)
def test_each_trick_plays_both_turns(trick: str):
    made = learner(**TRICKS[trick])
    drawer, critic = weights(made.model), weights(made.critic)
    values = stepped(made)
    assert changed(made.model, drawer)
    assert changed(made.critic, critic)
    assert all(torch.isfinite(value).all() for value in values.values())
    assert all(value.requires_grad for value in made.critic.parameters())


def test_the_generator_has_its_turn_after_the_critic_s_many():
    made = learner(discriminator_steps=3)
    for step in range(6):
        before = weights(made.model)
        assert ("generator" in stepped(made, step)) == changed(made.model, before) == (step % 3 == 0)


def test_the_generator_s_turn_leaves_the_critic_alone_and_the_other_way_round():
    made = learner()
    for optimiser, network, other in (
        ("discriminator", made.critic, made.model),
        ("generator", made.model, made.critic),
    ):
        mine = {id(p) for group in made.optimisers[optimiser].param_groups for p in group["params"]}
        assert mine == {id(p) for p in network.parameters()}
        assert not mine & {id(p) for p in other.parameters()}


def test_clipping_keeps_every_weight_small():
    made = learner(loss="wasserstein", clip=0.01)
    stepped(made)
    assert max(float(value.detach().abs().max()) for value in made.critic.parameters()) <= 0.01
    network = torch.nn.Linear(2, 2)
    clip(network, 0.0)
    assert not any(value.any() for value in network.parameters())


def test_noise_in_layers_is_there_in_training_only():
    network = torch.nn.Sequential(torch.nn.Linear(3, 50), torch.nn.ReLU())
    add_noise(network, 0.5)
    x = torch.randn(4, 3)
    clean = network[0](x).relu()
    assert torch.equal(network.eval()(x), clean)
    torch.manual_seed(0)
    noise = network.train()(x) - clean
    assert float(noise.detach().std()) == pytest.approx(0.5, rel=0.2)


def test_rates_come_to_rest():
    assert [settled(done, 0.5) for done in (0, 0.5, 0.75, 1)] == pytest.approx([1, 1, 0.55, 0.1])
    assert settled(1.0, 1.0) == 1


def test_began_s_balance_moves_and_is_kept():
    made = learner("began", body="conv", balance_rate=0.1)
    made.critic.balance.fill_(0.5)
    values = stepped(made)
    assert float(made.critic.balance) == pytest.approx(float(values["balance k"]))
    assert float(made.critic.balance) != 0.5
    assert "balance" in made.critic.state_dict()


def test_r1_is_on_every_sixteenth_step():
    made = learner(r1=0.1)
    assert ["R1" in stepped(made, step) for step in (0, 1, 15, 16)] == [True, False, False, True]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"penalty": "wgan-gp", "discriminator_norm": "batch"}, "gradient penalty"),
        ({"r1": 1.0, "discriminator_norm": "batch"}, "gradient penalty"),
        ({"loss": "wasserstein"}, "bounded slope"),
        ({"loss": "wasserstein", "clip": 0.01, "spectral": True}, "same thing twice"),
        ({"loss": "hinge", "smoothing": 0.1}, "no labels"),
        ({"loss": "wasserstein", "clip": 0.01, "flipped": 0.1}, "no labels"),
        ({"loss": "began", "spectral": True}, "autoencoder"),
        ({"loss": "began", "spread": True}, "batch"),
        ({"loss": "began", "discriminator_norm": "batch"}, "batch norm"),
        ({"body": "mlp", "norm": "instance"}, "maps"),
        ({"latent": 0}, "at least 1"),
        ({"image_size": 33}, "Choose one of"),
    ],
)
def test_combinations_that_cannot_work_are_refused(given: dict[str, Any], said: str):
    with pytest.raises(BadSettings, match=said) as caught:
        trainer("gan").INFO.settings.from_mapping(given)
    assert caught.value.advice


def test_a_preset_is_a_run_whose_model_is_of_the_family(make: Make):
    from backends import native

    small = {"width": 4, "discriminator_width": 4, "latent": 4, "steps": 6, "sample_every": 3}
    run = make("wgan-gp", discriminator_steps=2, **small)
    train(run, Control.of(run, 6))
    assert run.phase() is Phase.FINISHED
    assert run.asked()["family"] == "wgan-gp"
    info = native.read_info(run.model)
    assert info.family == "gan"
    images = native.load(run.model).generate(torch.zeros(2, 4), {})
    assert images.shape == (2, 1, 16, 16)
    line = run.metrics()[-1]
    assert {"generator", "discriminator", "distance", "penalty"} <= set(line)


@pytest.mark.parametrize("name", ["began", "wgan", "sngan"])
def test_what_is_particular_to_a_preset_resumes_exactly(make: Make, name: str):
    """BEGAN's balance, RMSprop's averages, the vectors of spectral norm, and whose turn it is."""
    given = {"width": 4, "discriminator_width": 4, "latent": 4, "batch": 8, "steps": 12}
    whole, halved = make(name, **given), make(name, **given)
    train(whole, Control.of(whole, 12))
    train_until(halved, 7)
    train(halved, Control.of(halved, 12))
    assert same(whole, halved)
