"""`main.py map` on real, untrained models."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from backends.catalog import BUNDLED
from backends.errors import BadData, BadRequest
from explorer.latent.cloud import Colouring
from explorer.verbs import map as verb


def run(*words: object) -> int:
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)
    return verb.run(parser.parse_args([str(word) for word in words]))


def test_a_table_of_sampled_codes(tiny_models, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "map.csv"
    assert run(tiny_models["tiny-label"], "--method", "pca", "--count", 60, "--out", out) == 0
    lines = out.read_text().splitlines()
    assert lines[0] == "x,y,Class,z 0,z 1,z 2,label 0" + "".join(f",label {n}" for n in range(1, 10))
    assert len(lines) == 61
    assert "Trustworthiness" in capsys.readouterr().out


def test_a_picture_of_an_encoded_data_set(tiny_models, tmp_path: Path) -> None:
    out = tmp_path / "map.png"
    assert run(tiny_models["tiny"], "--method", "pca", "--count", 60, "--source", "digits", "--out", out) == 0
    assert out.read_bytes().startswith(b"\x89PNG")


def test_what_a_model_cannot_do_is_one_sentence(tiny_models, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no encoder"):
        run(tiny_models["tiny-wide"], "--source", "digits", "--out", tmp_path / "map.png")
    with pytest.raises(BadRequest, match="no classifier"):
        run(tiny_models["tiny-wide"], "--source", "features", "--out", tmp_path / "map.png")


def test_a_colour_that_is_unknown_names_the_known_ones() -> None:
    known = [Colouring("Class"), Colouring("z 0")]
    assert verb.chosen(known, "") is known[0]
    assert verb.chosen(known, "Z 0") is known[1]
    with pytest.raises(BadRequest, match="Class, z 0"):
        verb.chosen(known, "hair")


def test_embeddings_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "mine.npz", embeddings=rng.normal(size=(90, 5)), kind=np.arange(90) % 3)
    out = tmp_path / "map.svg"
    assert run("--file", tmp_path / "mine.npz", "--method", "pca", "--count", 60, "--out", out) == 0
    assert "60 rows of 5 numbers, drawn at random of 90" in capsys.readouterr().out
    assert ">kind</text>" in out.read_text()
    with pytest.raises(BadData, match="isn't there"):
        run("--file", tmp_path / "no.npy", "--out", out)
    with pytest.raises(BadRequest, match="Neither a model nor a file"):
        run("--out", out)


@pytest.mark.skipif(not (BUNDLED / "mnist-vae-2d.safetensors").exists(), reason="no bundled models here")
def test_the_exercise_of_the_lecture_in_one_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "exercise.csv"
    words = ["--exercise", "--count", 60, "--method", "umap", "--epochs", 5]
    assert run("mnist-vae-2d", *words, "--out", out) == 0
    assert out.read_text().splitlines()[0] == "x,y,x 2,y 2,Class,z 0,z 1"
    assert len(out.read_text().splitlines()) == 61
    assert "samples by their features" in capsys.readouterr().out


def test_a_model_without_a_classifier_is_compared_by_its_pixels(tiny_models, tmp_path: Path) -> None:
    out = tmp_path / "exercise.json"
    words = ["--exercise", "--count", 30, "--epochs", 5, "--neighbours", 5, "--colour", "z 1", "--seed", 3]
    assert run(tiny_models["tiny-label"], *words, "--out", out) == 0
    data = json.loads(out.read_text())
    assert data["colour"] == "z 1"
    assert len(data["columns"]["x 2"]) == 30
    assert "pixels" in data["titles"][1]
