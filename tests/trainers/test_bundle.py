"""Bundled models: their distances are measured again without a training, and their weights stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from backends import native
from backends.errors import BadModel
from backends.registry import family
from trainers import bundle, data, figures, runs
from trainers.api import Settings
from trainers.recipes import Recipe


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small generator of digits and its classifier, both untrained."""
    torch.manual_seed(0)
    config = {"width": 4, "image_size": 16}
    for name, kind, more in (("judge", "classifier", {}), ("made", "gan", {"latent": 4, "body": "mlp"})):
        model = family(kind).build({**config, **more})
        info = replace(native.describe(model, name, kind), classifier="judge" if kind == "gan" else "",
                       recipe="made", figures={"nats": 3.0, "frechet_classifier": -1.0})  # fmt: skip
        native.save(tmp_path / f"{name}.safetensors", model, info, half=True)
    monkeypatch.setattr(bundle, "MODELS", tmp_path)
    monkeypatch.setattr(bundle.recipes, "find", lambda name: Recipe(name, "gan", "digits", ""))
    monkeypatch.setattr(
        figures,
        "bundled",
        lambda name: native.load(tmp_path / f"{name}.safetensors").eval() if name else None,
    )
    monkeypatch.setattr(figures, "MANY", 120)
    return tmp_path


def test_distances_are_measured_again_and_all_else_stays(shelf, capsys):
    path = shelf / "made.safetensors"
    before = native.load(path).state_dict()
    bundle.main(["--measure", "made"])
    assert capsys.readouterr().out.startswith("made: classes_per_1000")
    info = native.read_info(path)
    assert info.figures["nats"] == 3.0
    assert info.figures["frechet_samples"] == 120
    assert 0 < info.figures["frechet_of_data"] < info.figures["frechet_classifier"]
    after = native.load(path).state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    bundle.main(["--measure", "judge"])
    assert "no distance" in capsys.readouterr().out


def test_the_data_s_own_distance_is_of_as_many_images(shelf):
    judge = figures.bundled("judge")
    test, train = (data.load("digits", 16, split=split) for split in ("test", "train"))
    with torch.inference_mode():
        found = figures.judged(
            native.load(shelf / "made.safetensors").eval(), judge, test, train, lambda *_: None, 120
        )
        real = figures.features_of(judge, test, 120, lambda *_: None)
        seen = figures.features_of(judge, train, 120, lambda *_: None)
    assert len(real) == len(seen) == 120
    assert found["frechet_of_data"] == pytest.approx(figures.frechet(real, seen), rel=1e-9)
    assert figures.frechet(real, real) == pytest.approx(0, abs=1e-6)
    assert len(figures.features_of(judge, test, 10_000, lambda *_: None)) == len(test)
    assert np.isfinite(real).all()


def test_a_slow_model_is_measured_on_fewer_or_not_at_all(shelf, monkeypatch):
    model = native.load(shelf / "made.safetensors").eval()
    monkeypatch.setattr(figures, "PATIENCE_S", float("inf"))
    assert figures.affordable(model) == 120
    monkeypatch.setattr(figures, "PATIENCE_S", 0.0)
    assert figures.affordable(model) == 0


def test_nothing_named_is_one_sentence():
    with pytest.raises(BadModel, match="Nothing to bundle"):
        bundle.main([])


def test_knobs_of_slow_models_are_told_and_kept(shelf, monkeypatch):
    monkeypatch.setattr(figures, "PATIENCE_S", 0.0)
    assert bundle.remeasure(shelf / "made.safetensors") == {}
    found = bundle.remeasure(shelf / "made.safetensors", bundle.knobs_of(["made", "truncation=0.5"]))
    assert found["frechet_truncation"] == 0.5
    assert native.read_info(shelf / "made.safetensors").figures["frechet_samples"] == 120
    with pytest.raises(BadModel, match="needs a number"):
        bundle.knobs_of(["steps=many"])


def test_what_a_training_took_stands_in_the_header_of_its_model(tmp_path):
    run = runs.create("vae", "digits", Settings(seed=3), name="mine", folder=tmp_path)
    for step, seconds in ((10, 1.0), (20, 2.2), (30, 9.0)):
        run.add_metrics(step, seconds, {"loss": 0.0})
    assert bundle.trained(run, 20) == {"steps": 20, "seconds": 2, "threads": 1, "seed": 3}
