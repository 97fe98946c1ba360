"""`main.py map` on real, untrained models."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from backends.errors import BadRequest
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
