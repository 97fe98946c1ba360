"""Labels: the generator is told a class, and the critic is told it or names it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from backends import native
from backends.errors import BadData, BadSettings
from tests.trainers.conftest import Make
from tests.trainers.test_gan import changed, learner, stepped, weights
from trainers.cgan import alike, by_class
from trainers.control import Control
from trainers.loop import train
from trainers.registry import trainer


@pytest.mark.parametrize("labels", ["projection", "auxiliary", "concatenation"])
@pytest.mark.parametrize("body", ["mlp", "conv", "resnet"])
def test_every_way_of_using_labels_plays_both_turns(labels: str, body: str):
    made = learner("cgan", labels=labels, body=body, diversity=0.1, penalty="dragan", penalty_weight=1.0)
    drawer, critic = weights(made.model), weights(made.critic)
    values = stepped(made)
    assert changed(made.model, drawer)
    assert changed(made.critic, critic)
    assert ("class drawn" in values) == (labels == "auxiliary")
    assert "sameness" in values


def test_the_auxiliary_classifier_s_objective_is_the_published_one():
    """The critic's loss is -(L_S + L_C), the generator's -(L_C - L_S), with the minimax loss."""
    made = learner("cgan", labels="auxiliary", loss="minimax", class_weight=1.0)
    labels = torch.tensor([1, 0, 2])
    named = torch.log(torch.tensor([[0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [0.1, 0.1, 0.8]]))
    score = torch.zeros(3)
    wanted = -torch.log(torch.tensor([0.7, 0.5, 0.8])).mean()
    also = made.also_critic((score, named), (score, named), labels)
    assert sum(also.values()).item() == pytest.approx(2 * wanted.item())
    made.settings = replace(made.settings, name_made=False)
    assert set(made.also_critic((score, named), (score, named), labels)) == {"class of real"}
    drawn = made.also_generator(torch.zeros(3, 4), torch.zeros(3, 1, 2, 2), (score, named), labels)
    assert sum(drawn.values()).item() == pytest.approx(wanted.item())


def test_images_of_a_class_that_are_the_same_cost_most():
    z, labels = torch.tensor([[0.0], [2.0], [5.0], [9.0]]), torch.tensor([1, 1, 0, 0])
    same = torch.zeros(4, 1, 1, 1)
    assert alike(z, same, labels).item() == pytest.approx(1 / 0.05)
    apart = torch.tensor([0.0, 1.0, 0.0, 2.0]).reshape(4, 1, 1, 1)  # mean 1.5 over a mean z of 3
    assert alike(z, apart, labels).item() == pytest.approx(1 / (0.5 + 0.05))


def test_the_grid_has_a_column_for_each_class_and_a_row_for_each_z():
    made = learner("cgan")
    made.model.eval()
    images = by_class(made.model, 10).reshape(10, 10, -1)
    z = torch.from_numpy(made.model.space.sample_many(10, 20_000))[3, :4]
    code = torch.cat([z, torch.eye(10)[7]])[None]
    assert torch.allclose(images[3, 7], made.model.generate(code, {}).flatten(), atol=1e-5)


def test_a_class_is_learned(make: Make):
    run = make("acgan", width=4, discriminator_width=4, latent=4, steps=4)
    train(run, Control.of(run, 4))
    label = native.read_info(run.model).space.label
    assert label is not None
    assert label.names == tuple("0123456789")


@pytest.mark.parametrize("family", ["cgan", "acgan", "cvae"])
def test_data_without_labels_are_refused(make: Make, family: str, tmp_path: Any):
    from PIL import Image

    for name in "ab":
        Image.new("L", (16, 16)).save(tmp_path / f"{name}.png")
    run = make(family, data=f"folder:{tmp_path}")
    with pytest.raises(BadData, match="labels"):
        train(run, Control.of(run, 4))


def test_began_has_no_labels():
    with pytest.raises(BadSettings, match="class"):
        trainer("cgan").INFO.settings.from_mapping({"loss": "began"})
