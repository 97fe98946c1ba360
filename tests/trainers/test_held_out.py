"""Held-out images: measured beside those it learns from, without a trace in what is learned."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from backends.api import Capability
from backends.errors import BadSettings
from tests.trainers.conftest import NARROW, Make
from tests.trainers.test_loggers import trained
from tests.trainers.test_resume import same
from trainers import data
from trainers.held_out import HeldOut, judged_by
from trainers.learner import Learner
from trainers.registry import trainer
from trainers.watch import overfitting


def learner(family: str, **given: Any) -> Learner:
    module = trainer(family)
    settings = module.INFO.settings.from_mapping({"image_size": 16, **given})
    made: Learner = module.build(settings, data.load("digits", 16, limit=120), torch.device("cpu"))
    made.model.eval()
    return made


def looks(held: list[float], seen: list[float]) -> list[dict[str, float]]:
    """Lines of metrics with other lines between them, as a run has them."""
    found: list[dict[str, float]] = []
    for k, (a, b) in enumerate(zip(held, seen, strict=True), 1):
        found += [{"step": 100 * k - 50, "loss": 1.0}]
        found += [{"step": 100 * k, "loss": 1.0, "held-out error": a, "seen error": b}]
    return found


def test_learning_by_heart_is_told_with_when_it_began():
    falling = [0.05, 0.04, 0.03, 0.02, 0.015, 0.01]
    said = overfitting(looks([0.05, 0.04, 0.035, 0.037, 0.038, 0.039], falling))
    assert "the error of held-out images was least at step 300 (0.035) and is now 0.038" in said
    assert "keep_best = 'held-out error'" in said


@pytest.mark.parametrize(
    ("held", "seen"),
    [
        ([0.05, 0.04, 0.035, 0.034, 0.033, 0.032], [0.05, 0.04, 0.03, 0.02, 0.015, 0.01]),  # both get better
        ([0.05, 0.04, 0.035, 0.037, 0.038, 0.039], [0.05, 0.04, 0.03, 0.04, 0.05, 0.06]),  # both get worse
        ([0.05, 0.04, 0.035, 0.0351, 0.0352, 0.0351], [0.05, 0.04, 0.03, 0.02, 0.015, 0.01]),  # hardly worse
        ([0.05, 0.035, 0.05, 0.034], [0.05, 0.03, 0.02, 0.01]),  # one bad look
        ([0.05, 0.06], [0.05, 0.04]),  # too early
        ([], []),
    ],
)
def test_what_is_not_learning_by_heart(held: list[float], seen: list[float]):
    assert overfitting(looks(held, seen)) == ""


def test_negative_figures_are_judged_by_their_size():
    assert overfitting(looks([-100.0, -200.0, -190.0, -180.0, -170.0], [-100.0, -200.0, -210, -220, -230]))


def test_each_figure_is_what_it_says():
    unseen = data.load("digits", 16, split="test", limit=50)
    images = torch.from_numpy(unseen.images).permute(0, 3, 1, 2) / 255
    with torch.inference_mode():
        vae = learner("vae", **NARROW)
        held = HeldOut(vae, unseen)
        again = vae.model.generate(vae.model.encode(images), {})
        found = held.look(vae.model)
        assert list(found) == ["held-out error", "seen error"]
        assert found["held-out error"] == pytest.approx(float((again - images).square().mean()), rel=1e-5)
        assert len(held._sets["seen"]) == 50
        assert not np.array_equal(held._sets["seen"].images, unseen.images)

        judge = learner("classifier", width=4)
        right = judge.model.classify(images)[0].log_softmax(1)[
            torch.arange(50), torch.from_numpy(unseen.labels)
        ]
        assert HeldOut(judge, unseen).look(judge.model)["held-out loss"] == pytest.approx(
            -float(right.mean())
        )


def test_families_are_judged_by_what_they_can():
    assert (
        judged_by(learner("rbm", hidden=8, latent=4)) is Capability.ENCODES
    )  # its likelihood lacks log Z on the way
    with pytest.raises(BadSettings, match="held_out to 0"):
        judged_by(learner("gan", discriminator_width=4, **NARROW))


def test_a_run_has_both_curves_and_is_the_same_to_the_bit(make: Make):
    plain, looked = make("vae", **NARROW), make("vae", held_out=40, **NARROW)
    trained(plain)
    trained(looked, stop_at=25)
    trained(looked)
    assert same(plain, looked)
    lines = looked.metrics()
    assert [line["step"] for line in lines] == sorted({line["step"] for line in lines})
    assert [line["step"] for line in lines if "held-out error" in line] == [20, 40]
    assert all(0 < line["seen error"] < 1 for line in lines if "seen error" in line)


def test_the_best_checkpoint_can_be_that_of_held_out_images(make: Make):
    run = make("vae", held_out=40, keep_best="held-out error", keep_last=1, **NARROW)
    trained(run)
    assert not [event for event in run.events() if event["kind"] == "warning"]
    errors = {line["step"]: line["held-out error"] for line in run.metrics() if "held-out error" in line}
    assert min(errors, key=lambda step: errors[step]) in [int(path.stem) for path in run.checkpoints()]
    assert all(math.isfinite(error) for error in errors.values())
