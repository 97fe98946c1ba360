"""Each paper's preset trains on scikit-learn's digits, and its game goes the right way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from trainers import data
from trainers.batches import Batches
from trainers.presets import ADVERSARIAL, PRESETS
from trainers.registry import trainer, trainers_by_family

SMALL = {"image_size": 16, "batch": 16, "width": 4, "discriminator_width": 4}
QUICK = {**SMALL, "generator_rate": 2e-3, "discriminator_rate": 2e-3}
NAMES = [preset.name for preset in ADVERSARIAL]
WANTED = "gan dcgan lsgan wgan wgan-gp dragan sngan began cgan acgan projection"


@dataclass
class Played:
    """What came of a game: values of each step, and how far the mean sample is from the mean image."""

    before: float
    after: float = 0.0
    values: list[dict[str, float]] = field(default_factory=list)

    def mean(self, name: str, part: slice) -> float:
        found = [step[name] for step in self.values[part] if name in step]
        return sum(found) / len(found)

    def falls(self, name: str) -> bool:
        return self.mean(name, slice(-20, None)) < 0.8 * self.mean(name, slice(0, 10))


def play(name: str, steps: int, **given: Any) -> Played:
    """Some steps of a preset on digits, without a run."""
    images = data.load("digits", 16)
    kind = trainer(name)
    settings = kind.INFO.settings.from_mapping({**QUICK, "steps": steps, **given})
    learner = kind.build(settings, images, torch.device("cpu"))
    batches = Batches.of(images, settings.batch, 0, torch.device("cpu"))
    wanted = torch.from_numpy(images.images).float().permute(0, 3, 1, 2).mean(0) / 255

    def far() -> float:
        learner.model.eval()
        with torch.no_grad():
            made = learner.model.generate(torch.from_numpy(learner.model.space.sample_many(128, 1)), {})
        learner.model.train()
        return float((made.mean(0) - wanted).square().mean().sqrt())

    played = Played(far())
    for step in range(steps):
        torch.manual_seed(step)
        values = learner.step(*batches.at(step), step)
        played.values.append({key: float(value.detach()) for key, value in values.items()})
    played.after = far()
    return played


def goes_well(name: str, played: Played) -> bool:
    """Samples come nearer to the data; BEGAN's convergence falls; a critic with five turns learns first."""
    if name == "began":
        return played.falls("convergence")
    turns = trainer(name).INFO.settings().discriminator_steps
    return played.after < 0.9 * played.before or (turns > 1 and played.falls("discriminator"))


def test_every_paper_has_a_preset():
    assert set(WANTED.split()) <= set(NAMES) <= set(trainers_by_family())
    for preset in PRESETS:
        info = trainers_by_family()[preset.name]
        assert info.family == trainer(preset.trainer).INFO.family
        assert info.title == preset.title
        defaults = info.settings()
        assert {key: getattr(defaults, key) for key in preset.settings} == dict(preset.settings)
        defaults.check()


def test_a_preset_only_changes_defaults():
    theirs = trainer("lsgan").INFO.settings.from_mapping({"steps": "10", "loss": "hinge"})
    assert (theirs.steps, theirs.loss, theirs.discriminator_norm) == (10, "hinge", "batch")
    known = set(trainer("gan").INFO.settings.__dataclass_fields__)
    assert known == set(trainer("wgan").INFO.settings.__dataclass_fields__)


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_trains(name: str):
    played = play(name, 25)
    turns = trainer(name).INFO.settings().discriminator_steps
    assert all(abs(value) < 1e4 for values in played.values for value in values.values())
    assert sum("generator" in values for values in played.values) == 25 // turns
    assert "discriminator" in played.values[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_preset_s_game_goes_the_right_way(name: str):
    assert goes_well(name, play(name, 200))


@pytest.mark.parametrize("name", ["gan", "dcgan", "wgan"])
def test_some_that_are_quick_go_the_right_way(name: str):
    assert goes_well(name, play(name, 100))
