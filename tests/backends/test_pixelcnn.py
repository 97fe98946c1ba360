"""Autoregressive models: an exact likelihood, images that are functions of noise, completion, views."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from backends.api import BadRequest, Capability, Code
from backends.families.pixelcnn import PixelModel
from backends.loaded import Loaded
from backends.native import describe
from backends.probes.directions import principal
from backends.registry import family

BODIES = ["pixelcnn", "gated", "rowlstm", "pixelcnn++"]


def model_of(size: int = 16, **config: Any) -> PixelModel:
    """A small model whose weights all matter; sizes that no file may have are made directly."""
    torch.manual_seed(0)
    known = family("pixelcnn")
    small = {"width": 8, "depth": 1, "kernel": 3, "classes": 3, **config}
    model = PixelModel({**known.defaults, **small, "image_size": size}).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, 0, 0.4)
    return model.requires_grad_(False)


def codes_of(model: PixelModel, count: int) -> Tensor:
    return torch.from_numpy(model.space.sample_many(count, 0))


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("classes", [0, 3])
def test_likelihoods_of_all_tiny_images_sum_to_one(body: str, classes: int) -> None:
    """All 512 images of 3 by 3 pixels."""
    model = model_of(3, body=body, classes=classes)
    images = torch.tensor(list(itertools.product([0.0, 1.0], repeat=9))).view(-1, 1, 3, 3)
    nats, parts = model.likelihood(images)
    assert parts is not None
    assert float(nats.double().exp().sum()) == pytest.approx(1, abs=1e-5)
    assert torch.allclose(parts.sum((1, 2)), nats, atol=1e-5)
    assert parts.max() <= 1e-6


def test_four_levels_in_two_pixels_sum_to_one_too() -> None:
    for likelihood in ("levels", "logistics"):
        model = model_of(2, likelihood=likelihood, levels=4, classes=0)
        images = torch.tensor(list(itertools.product([0, 1 / 3, 2 / 3, 1], repeat=4))).view(-1, 1, 2, 2)
        assert float(model.likelihood(images)[0].double().exp().sum()) == pytest.approx(1, abs=1e-4)


def test_the_likelihood_is_the_mean_over_classes() -> None:
    model = model_of(4)
    images = (torch.rand(5, 1, 4, 4) > 0.5).float()
    levels = model.quantised(images)
    told = [model.log_prob(levels, one.expand(5, -1)).sum((1, 2)) for one in torch.eye(3)]
    wanted = torch.stack(told).double().exp().mean(0).log()
    assert torch.allclose(model.likelihood(images)[0], wanted, atol=1e-5)


def test_samples_are_as_frequent_as_they_are_likely() -> None:
    """2 by 2 pixels: the shares of 16 images among 20,000 samples."""
    model = model_of(2, classes=0)
    made = model.generate(codes_of(model, 20_000), {})
    index = (made.flatten(1) @ torch.tensor([8.0, 4, 2, 1])).long()
    shares = torch.bincount(index, minlength=16) / 20_000
    images = torch.tensor(list(itertools.product([0.0, 1.0], repeat=4))).view(-1, 1, 2, 2)
    assert torch.allclose(shares.double(), model.likelihood(images)[0].double().exp(), atol=0.015)


def test_an_image_is_a_function_of_its_code() -> None:
    model = model_of()
    codes = codes_of(model, 3)
    once, again = model.generate(codes, {}), model.generate(codes, {})
    alone = torch.cat([model.generate(code[None], {}) for code in codes])
    assert torch.equal(once, again)
    assert torch.equal(once, alone)
    text = Code({k: codes[0, at].numpy() for k, at in model.space.slices.items()}).to_text()
    back = torch.from_numpy(model.space.pack(Code.from_text(text)))
    assert torch.equal(model.generate(back[None], {})[0], once[0])


def test_a_way_between_two_noises_begins_and_ends_at_their_images() -> None:
    model = model_of(body="pixelcnn", classes=0)
    ends = codes_of(model, 2)
    way = torch.stack([ends[0] * math.cos(t) + ends[1] * math.sin(t) for t in np.linspace(0, math.pi / 2, 9)])
    made = model.generate(way, {})
    assert torch.equal(made[[0, 8]], model.generate(ends, {}))
    steps = (made[1:] != made[:-1]).float().mean((1, 2, 3))
    assert steps.max() < (made[0] != made[8]).float().mean()


def test_rows_come_one_after_the_other() -> None:
    model = model_of(likelihood="levels", levels=8)
    *parts, whole = model.generate_steps(codes_of(model, 2), {})
    assert len(parts) == 15
    assert all(torch.equal(part[:, :, : y + 1], whole[:, :, : y + 1]) for y, part in enumerate(parts))
    assert 0 <= whole.min() <= whole.max() <= 1


def test_temperature_is_a_knob() -> None:
    model = model_of()
    cold, usual, hot = (
        model.generate(codes_of(model, 8), options)
        for options in ({"temperature": 0.1}, {}, {"temperature": 2.0})
    )
    likely = [float(model.likelihood(images)[0].mean()) for images in (cold, usual, hot)]
    assert likely[0] > likely[1] > likely[2]
    assert [knob.name for knob in model.knobs] == ["temperature"]


@pytest.mark.parametrize("likelihood", ["binary", "logistics"])
def test_completion_keeps_what_is_known(likelihood: str) -> None:
    model = model_of(likelihood=likelihood, levels=256)
    images = torch.rand(2, 1, 16, 16).mul(255).round() / 255
    known = torch.zeros(2, 1, 16, 16, dtype=torch.bool)
    known[:, :, :8] = True
    known[:, :, 12, 3] = True
    *_, painted = model.complete(images, known, codes_of(model, 2), {})
    assert torch.equal(painted[known], images[known])
    other = codes_of(model, 4)[2:]
    *_, again = model.complete(images, known, other, {})
    assert not torch.equal(painted, again)


def test_grey_is_read_as_the_probability_of_white() -> None:
    model = model_of(28, classes=0)
    images = torch.full((50, 1, 28, 28), 0.3)
    images[:, 0, 0, 0] = torch.arange(50) / 255  # no two images of one brightness
    read = model.observed(images)
    assert float(read.double().mean()) == pytest.approx(0.3, abs=0.02)
    assert not torch.equal(read[0], read[1])
    assert torch.equal(model.observed(images[3:4])[0], read[3]), "whatever else is in the batch"
    black_and_white = (images > 0.5).float()
    assert torch.equal(model.observed(black_and_white), black_and_white.long())
    cut = model_of(28, classes=0, binarisation="threshold")
    assert torch.equal(cut.observed(images), (images > 0.5).long())


def test_capabilities_and_space() -> None:
    model, free = model_of(), model_of(classes=0)
    assert {Capability.PARTIAL, Capability.COMPLETES, Capability.LIKELIHOOD} < model.capabilities
    assert Capability.LABELS in model.capabilities
    assert Capability.LABELS not in free.capabilities
    assert [part.name for part in free.space.parts] == ["noise"]
    assert model.space["noise"].role == "noise"
    model.set_classes(("a", "b", "c"))
    assert model.space.label is not None
    assert model.space.label.names == ("a", "b", "c")


def test_noise_has_no_directions() -> None:
    model = model_of()
    with pytest.raises(BadRequest, match="dice"):
        next(principal(lambda codes: codes, model.space, model.space.main, lambda: 4))


def loaded(model: PixelModel) -> Loaded:
    return Loaded(describe(model, "m", "pixelcnn"), model, "cpu")


@pytest.mark.parametrize(("channels", "classes"), [(1, 3), (3, 0)])
def test_every_view_shows_something(channels: int, classes: int) -> None:
    """As the host asks for them, in inference mode."""
    model = model_of(8, channels=channels, classes=classes, likelihood="logistics", levels=16)
    here = loaded(model)
    pictures = np.random.default_rng(0).integers(0, 256, (1, 8, 8, channels), np.uint8)
    for view in model.views:
        codes = model.space.sample_many(1, 0) if view.needs == "code" else None
        sheets = list(here.view(view.name, codes, pictures if view.needs == "image" else None, {}))
        sheet, images = sheets[-1]
        assert len(images) == len(sheet.captions) or not sheet.captions
        assert images.std() > 0, view.name
    names = {view.name for view in model.views}
    assert ("classes" in names) == ("named" in names) == bool(classes)


def test_the_view_of_the_receptive_field_names_the_blind_spot() -> None:
    for body, blind in (("pixelcnn", True), ("gated", False)):
        model = model_of(body=body, depth=3)
        *_, (sheet, images) = loaded(model).view(
            "field", None, np.zeros((1, 16, 16, 1), np.uint8), {"row": 8, "column": 3}
        )
        page = images[2]
        assert page[8, 3].tolist() == [64, 190, 120]
        assert page[9, 3].tolist() == [40, 40, 46]
        assert page[7, 3].tolist() == [235, 235, 235]
        assert (page[7, 8].tolist() == [176, 46, 46]) == blind
        assert "are seen" in sheet.text


def test_bayes_names_the_class_that_a_label_asked_for() -> None:
    model = model_of()
    model.network.body.labels.weight.mul_(4)  # classes that differ
    codes = codes_of(model, 30)
    parts = model.by_class(model.quantised(model.generate(codes, {}))).sum((2, 3))
    asked = model.part(codes, "label").argmax(1)
    assert float((parts.argmax(1) == asked).double().mean()) > 0.6, "chance is a third"


def test_unknown_views_are_refused() -> None:
    model = model_of(classes=0)
    with pytest.raises(BadRequest, match="no view"):
        next(model.view("classes", codes_of(model, 1), None, {}))
