"""Diffusion models as the application sees them: codes, guidance, previews, inversion, completion, views."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from backends import catalog, native
from backends.api import BadRequest, Capability, Request
from backends.families.ddpm import PREVIEW_STEPS, Diffusion
from backends.registry import family
from backends.space import Prior

TINY: dict[str, Any] = {"width": 4, "image_size": 16, "classes": 3}


def tiny(**config: Any) -> Diffusion:
    """An untrained model that says something: its last convolutions don't stay at zero."""
    torch.manual_seed(0)
    model = family("ddpm").build({**TINY, **config}).eval().requires_grad_(False)
    for parameter in model.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, 0, 0.1)
    assert isinstance(model, Diffusion)
    return model


@pytest.fixture(scope="module")
def model() -> Diffusion:
    return tiny()


def codes_of(model: Diffusion, count: int = 2) -> torch.Tensor:
    return torch.from_numpy(model.space.sample_many(count, 7))


def test_the_code_is_noise_and_a_class(model: Diffusion):
    x_last, label = model.space.parts
    assert (x_last.name, x_last.shape, x_last.prior) == ("x_T", (1, 16, 16), Prior.GAUSSIAN)
    assert label.prior is Prior.CATEGORICAL
    assert model.space.main is x_last
    assert [knob.name for knob in model.knobs] == ["steps", "guidance", "order", "eta", "noise_seed"]


def test_without_classes_there_is_neither_label_nor_guidance():
    plain = tiny(classes=0, channels=3, patch=1)
    assert [part.name for part in plain.space.parts] == ["x_T"]
    assert Capability.LABELS not in plain.capabilities
    assert "guidance" not in [knob.name for knob in plain.knobs]
    assert [view.name for view in plain.views] == ["forward", "reverse"]
    images = plain.generate(codes_of(plain), {"steps": 3})
    assert images.shape == (2, 3, 16, 16)
    assert plain.encode(images).shape == (2, plain.space.size)


@pytest.mark.parametrize("prediction", ["eps", "x0", "v"])
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_every_prediction_and_schedule_draws(prediction: str, schedule: str):
    model = tiny(prediction=prediction, schedule=schedule, timesteps=20)
    images = model.generate(codes_of(model), {"steps": 5})
    assert torch.isfinite(images).all()
    assert 0 <= images.min() < images.max() <= 1


def test_a_picture_follows_from_its_code_alone(model: Diffusion):
    codes = codes_of(model, 3)
    for options in ({"steps": 4}, {"steps": 4, "order": 1}, {"steps": 4, "eta": 1, "noise_seed": 5}):
        together = model.generate(codes, options)
        alone = torch.cat([model.generate(code[None], options) for code in codes])
        assert torch.allclose(together, alone, atol=1e-4)


def test_noise_on_the_way_comes_from_its_seed(model: Diffusion):
    codes, options = codes_of(model, 1), {"steps": 4, "eta": 1.0}
    assert torch.equal(model.generate(codes, options), model.generate(codes, options))
    assert not torch.equal(
        model.generate(codes, options), model.generate(codes, {**options, "noise_seed": 1})
    )
    assert torch.equal(
        model.generate(codes, {"steps": 4}), model.generate(codes, {"steps": 4, "noise_seed": 1})
    )


def test_guidance_one_is_the_class_and_zero_is_none(model: Diffusion):
    codes = codes_of(model)
    x, weights = model.x_last(codes), model.weights(codes)
    assert weights is not None
    told, without = (model.said(x, torch.full((2,), 500), given) for given in (weights, None))
    assert not torch.allclose(told, without)
    assert torch.equal(without, model.said(x, torch.full((2,), 500), torch.zeros_like(weights)))
    for guidance, wanted in ((0.0, without), (1.0, told), (3.0, without + 3 * (told - without))):
        said = model._guided(x, torch.full((2,), 500), weights, guidance)
        assert torch.allclose(said, wanted, atol=1e-5)


def test_a_preview_takes_fewer_steps_and_each_is_shown(model: Diffusion):
    codes = codes_of(model, 1)
    full = list(model.generate_steps(codes, {"steps": 9}))
    preview = list(model.generate_steps(codes, {"steps": 9, "quality": "preview"}))
    assert (len(full), len(preview)) == (9, PREVIEW_STEPS)
    assert torch.equal(full[-1], model.generate(codes, {"steps": 9}))
    assert len(list(model.generate_steps(codes, {"steps": 3, "quality": "preview"}))) == 3


def test_an_image_becomes_noise_and_comes_back(model: Diffusion):
    codes = codes_of(model)
    images = model.generate(codes, {})
    found = model.encode(images)
    assert found.shape == codes.shape
    assert (model.part(found, "label").sum(1) == 1).all()
    again = model.generate(found, {})
    assert (again - images).square().mean() < 0.02 * images.var()


def test_completion_keeps_the_known_half_and_streams(model: Diffusion):
    images, codes = torch.rand(2, 1, 16, 16), codes_of(model)
    known = torch.zeros(2, 1, 16, 16, dtype=torch.bool)
    known[:, :, :8] = True
    steps = list(model.complete(images, known, codes, {"steps": 4}))
    assert len(steps) == 4
    for step in steps:
        assert torch.equal(step[:, :, :8], images[:, :, :8])
    *_, other = model.complete(images, known, codes, {"steps": 4, "noise_seed": 2})
    assert not torch.allclose(other, steps[-1])


def test_forward_starts_with_the_image_and_ends_where_asked(model: Diffusion):
    image = torch.rand(1, 1, 16, 16)
    *_, sheet = model.view("forward", None, image, {"t": 600, "frames": 4})
    assert sheet.images.shape == (8, 1, 16, 16)
    assert torch.allclose(sheet.images[0], image[0], atol=1e-6)
    assert sheet.captions[:4] == ("t = 0", "t = 200", "t = 400", "t = 600")
    assert "600 of 1000" in sheet.text


def test_reverse_grows_and_ends_with_the_picture(model: Diffusion):
    codes, options = codes_of(model, 1), {"steps": 6, "frames": 3, "guidance": 1}
    sheets = list(model.view("reverse", codes, None, options))
    assert len(sheets) == 3
    whole = sheets[-1]
    assert (len(whole.images), whole.columns) == (6, 3)
    assert len(whole.captions) == 6
    picture = model.generate(codes, options)[0]
    assert torch.equal(whole.images[2], picture)


def test_guidance_and_classes_show_the_same_noise(model: Diffusion):
    codes = codes_of(model, 1)
    *_, guided = model.view("guidance", codes, None, {"steps": 3})
    *_, classes = model.view("classes", codes, None, {"steps": 3, "guidance": 1})
    assert len(guided.images) == len(guided.captions) == 8
    assert classes.captions == ("no class", "0", "1", "2")
    assert torch.allclose(guided.images[0], classes.images[0], atol=1e-4)
    mine = 1 + int(model.part(codes, "label").argmax())
    assert torch.allclose(guided.images[2], classes.images[mine], atol=1e-4)


def test_a_view_without_what_it_needs_is_one_sentence(model: Diffusion):
    with pytest.raises(BadRequest, match="image"):
        next(model.view("forward", None, None, {}))
    with pytest.raises(BadRequest, match="no view"):
        next(model.view("sideways", None, None, {}))


def test_the_host_streams_steps_and_samples_previews(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from backends.answers import VERBS
    from backends.loaded import Shelf

    path = tmp_path / "tiny.safetensors"
    native.save(path, tiny(), native.describe(tiny(), "tiny", "ddpm"))
    info = catalog.read(str(path))
    assert [knob.name for knob in info.knobs] == [knob.name for knob in tiny().knobs]
    asked: list[Any] = []
    real = Diffusion.solve
    monkeypatch.setattr(Diffusion, "solve", lambda self, codes, options: (
        asked.append(options.get("quality")), real(self, codes, options))[1])  # fmt: skip
    shelf = Shelf("cpu")
    codes = info.space.sample_many(1, 0)
    replies = list(VERBS["generate"](shelf, Request("generate", str(path), {"steps": 5}, {"codes": codes})))
    assert [reply.kind for reply in replies[-2:]] == ["partial", "result"]
    assert sum(reply.kind == "partial" for reply in replies) >= 4
    assert asked[-1] is None
    replies = list(VERBS["sample"](shelf, Request("sample", str(path), {"count": 3, "steps": 5})))
    assert asked[-1] == "preview"
    parts = [reply.arrays for reply in replies if "images" in reply.arrays and "labels" in reply.arrays]
    assert sum(len(part["images"]) for part in parts) == 3
    labels = np.concatenate([part["labels"] for part in parts])
    assert np.array_equal(labels, info.space.sample_many(3, 0)[:, -3:].argmax(1))
