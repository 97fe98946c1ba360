"""`main.py score` on real, untrained models."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from backends.errors import BadData, BadRequest
from explorer.verbs import score as verb


def run(*words: object) -> int:
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)
    return verb.run(parser.parse_args([str(word) for word in words]))


def test_a_table_and_a_picture(tiny_models, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "scores.png"
    words = ("--data", "dsprites:16", "--count", 120, "--only", "mig,irs,modularity", "--out", out)
    assert run(tiny_models["tiny"], *words) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("tiny on 120 images of dsprites:16, preset fast")
    assert [line.split()[0] for line in said[2:5]] == ["MIG", "IRS", "Modularity"]
    assert out.read_bytes().startswith(b"\x89PNG")


def test_json_holds_figures_and_matrices(tiny_models, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(tiny_models["tiny"], "--data", "digits", "--count", 100, "--only", "mig,dependence", "--json")
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    (mig, *_) = told["scores"]
    assert mig["chance"] < mig["ceiling"] <= 1
    assert told["matrices"]["mig"]["columns"] == ["class"]
    assert len(told["matrices"]["mig"]["values"]) == 4
    assert told["scores"][1]["ceiling"] is None


def test_agreement_with_other_seeds(tiny_models, capsys: pytest.CaptureFixture[str]) -> None:
    model = tiny_models["tiny"]
    assert run(model, "--data", "digits", "--count", 60, "--only", "dependence", "--with", model) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("UDR of tiny")]
    assert 0 <= float(line.split()[-1]) <= 1


def test_what_can_t_be_measured_is_one_sentence(tiny_models, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no encoder"):
        run(tiny_models["tiny-wide"], "--data", "digits")
    with pytest.raises(BadRequest, match="data of tiny are not known"):
        run(tiny_models["tiny"])
    with pytest.raises(BadRequest, match=r"no \.png or \.csv"):
        run(tiny_models["tiny"], "--data", "digits", "--out", tmp_path / "scores.pdf")
    with pytest.raises(BadData, match="means nothing"):
        run(tiny_models["tiny"], "--data", "dsprites:blurred")
