"""Semi-supervised GAN: D = Z / (Z + 1), feature matching, the labels that are told, and that it learns."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from backends import catalog, native
from backends.errors import BadData
from backends.families.sgan import SemiSupervisedGan, realness
from backends.nets.noisy import NoisyClassifier
from backends.registry import family
from tests.trainers.conftest import Make
from trainers.control import Control
from trainers.loop import train
from trainers.sgan import labelled_rows, matching_loss, unlabelled_loss

SMALL = {"width": 4, "judge_width": 8, "latent": 4}


def test_real_is_z_over_z_plus_one():
    logits = torch.tensor([[0.0, 0.0], [math.log(3.0), math.log(5.0)]])  # Z = 2 and 8
    assert realness(logits).tolist() == pytest.approx([2 / 3, 8 / 9])
    # The same as a softmax over K + 1 logits of which the last is 0.
    made = torch.cat([logits, torch.zeros(2, 1)], 1).softmax(1)[:, -1]
    assert (1 - realness(logits)).tolist() == pytest.approx(made.tolist())


def test_loss_of_unlabelled_images_by_hand():
    on_real, on_made = torch.tensor([math.log(3.0)]), torch.tensor([math.log(1.0)])
    wanted = -0.5 * math.log(3 / 4) - 0.5 * math.log(1 - 1 / 2)
    assert unlabelled_loss(on_real, on_made).item() == pytest.approx(wanted)


def test_feature_matching_moves_each_made_image_alike():
    made = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    real = torch.tensor([[1.0, 1.0]])
    loss = matching_loss(made, real)
    assert loss.item() == pytest.approx(((2 - 1) ** 2 + (3 - 1) ** 2) / 2)
    loss.backward()
    # d/d made_if of mean_f (mean_i made_if - real_f)^2 = 2 (mean - real) / (F N)
    assert made.grad is not None
    assert made.grad.tolist() == [[0.5, 1.0], [0.5, 1.0]]


def test_labels_are_told_evenly_and_by_the_seed():
    labels = np.repeat(np.arange(5), 40)
    rows = labelled_rows(labels, 3, seed=1)
    assert np.bincount(labels[rows]).tolist() == [3] * 5
    assert np.array_equal(rows, labelled_rows(labels, 3, seed=1))
    assert not np.array_equal(rows, labelled_rows(labels, 3, seed=2))
    with pytest.raises(BadData, match="labels_per_class"):
        labelled_rows(labels, 41, seed=0)


@pytest.mark.parametrize("body", ["mlp", "conv"])
def test_layers_start_with_unit_variance(body: str):
    torch.manual_seed(0)
    network = NoisyClassifier(body, (16, 16, 1), 8, 10).eval()
    images = torch.rand(200, 1, 16, 16)
    network.calibrate(images)
    logits, _ = network(images)
    assert logits.mean(0).abs().max() < 1e-3
    assert torch.allclose(logits.std(0), torch.ones(10), atol=1e-3)
    network.train()
    assert not torch.equal(network(images)[0], network(images)[0])  # noise


def test_it_learns_from_few_labels(make: Make):
    run = make("sgan", steps=60, batch=50, labels_per_class=4, alone_steps=40, ema=0.9, **SMALL)
    train(run, Control.of(run, 60))
    info = native.read_info(run.model)
    assert info.figures["labels"] == 40
    assert info.figures["classifier_accuracy"] > 0.35
    errors = info.figures["errors_in_10000"]
    assert errors == pytest.approx(1e4 * (1 - info.figures["classifier_accuracy"]))
    assert 0 < info.figures["errors_in_10000_of_labels_alone"] < 8000
    lines = run.metrics()
    assert lines[-1]["labelled"] < lines[0]["labelled"]
    assert {"accuracy", "accuracy of labels alone"} <= set(lines[-1])
    assert catalog.read(run.model).classifier == str(run.model)  # it colours its own map


def test_views():
    model = family("sgan").build({**SMALL, "image_size": 16}).eval().requires_grad_(False)
    assert isinstance(model, SemiSupervisedGan)
    (judged,) = model.view("judge", None, torch.rand(1, 1, 16, 16), {})
    assert "Taken for real" in judged.text
    (doubtful,) = model.view("doubtful", None, None, {})
    sure = [int(caption.split()[1].rstrip("%")) for caption in doubtful.captions]
    assert sure == sorted(sure)
    assert len(doubtful.images) == len(sure) == 64
