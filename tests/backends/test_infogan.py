"""InfoGAN's model: the order of its categories, what it reads, its views."""

from __future__ import annotations

import pytest
import torch

from backends.api import BadRequest, Prior
from backends.families.infogan import InfoGan
from backends.registry import family

NAMES = ("ant", "bee", "cat")
SMALL = {"width": 4, "reader_width": 4, "image_size": 16, "categories": 3, "latent": 5}


@pytest.fixture
def model() -> InfoGan:
    torch.manual_seed(0)
    made = family("infogan").build(SMALL).eval().requires_grad_(False)
    assert isinstance(made, InfoGan)
    return made


def test_codes_stand_apart_from_the_noise(model: InfoGan) -> None:
    parts = {part.name: part for part in model.space.parts}
    assert parts["category"].prior is Prior.CATEGORICAL
    assert parts["code"].names == ("code 1", "code 2")
    assert [name for name, part in parts.items() if part.role == "noise"] == ["z"]
    assert model.space.main.name == "code"
    assert "code" not in [part.name for part in family("infogan").build({"continuous": 0}).space.parts]


def test_ordered_categories_draw_and_read_alike(model: InfoGan) -> None:
    codes = torch.from_numpy(model.space.sample_many(3, 0))
    at = model.space.slices["category"]
    codes[:, at] = torch.eye(3)
    before, images = model.draw(codes), torch.rand(4, 1, 16, 16)
    read = model.read(images)[0]
    model.set_categories(torch.tensor([2, 0, 1]), NAMES)
    moved = codes.clone()
    moved[:, at] = torch.eye(3)[[1, 2, 0]]  # own category 0 is now the second, 1 the third, 2 the first
    assert torch.allclose(model.draw(moved), before, atol=1e-6)
    assert torch.equal(model.read(images)[0], read[:, [2, 0, 1]])
    assert model.space["category"].names == NAMES


def test_views(model: InfoGan) -> None:
    model.set_categories(torch.arange(3), NAMES)
    codes, images = torch.from_numpy(model.space.sample_many(1, 0)), torch.rand(1, 1, 16, 16)
    (read,) = model.view("read", None, images, {})
    assert torch.equal(read.images[:1], images)
    assert any(name in read.text for name in NAMES)
    (classes,) = model.view("categories", codes, None, {})
    assert classes.captions == NAMES
    assert len(classes.images) == 3
    (rows,) = model.view("continuous", codes, None, {"reach": 1.0})
    assert len(rows.images) == len(rows.captions) == 2 * rows.columns
    assert rows.captions[0] == "code 1 -1.0"
    assert rows.captions[-1] == "code 2 +1.0"
    with pytest.raises(BadRequest):
        next(model.view("nothing", codes, None, {}))
