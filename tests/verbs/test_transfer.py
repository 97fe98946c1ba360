"""`main.py transfer`: on a real model whose code is its image, so that a swap's outcome is known."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from backends.errors import BadData, BadRequest
from explorer.verbs import transfer as verb


def run(*words: object) -> int:
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)
    return verb.run(parser.parse_args([str(word) for word in words]))


def test_matrices_and_the_best_groups(tiny_models, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tiny_models["tiny"], "--data", "digits", "--groups", "0-1,2-3", "--count", 40) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("tiny: 40 swaps of each group. Right on held-out images: class 9")
    assert [line.split()[0] for line in said if line[:1].isupper()] == ["Transfer", "Preservation", "Copied"]
    assert said[-1].startswith("class: ")
    assert said[-1].endswith("%")  # the only factor: there are no others that could stay
    assert "nan" not in said[-1]


def test_taking_the_whole_code_carries_what_copies_show(capsys: pytest.CaptureFixture[str]) -> None:
    """With one group that is everything the mix is a copy of the giver: its class comes, nothing is kept."""
    assert run("digits-vae", "--data", "digits", "--count", 300, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    ((carried,),), ((kept,),), (copied,) = told["transfer"], told["preservation"], told["copies"]
    assert copied > 0.8
    assert carried == pytest.approx(copied, abs=0.1)
    assert kept < 0.1
    assert told["oracle"]["factors"] == ["class"]


def test_what_cannot_be_swapped_is_said(tiny_models, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="tiny-wide can't encode"):
        run(tiny_models["tiny-wide"], "--data", "digits")
    with pytest.raises(BadRequest, match="0 pairs"):
        run(tiny_models["tiny"], "--data", "digits", "--count", 0)
    noise = np.random.default_rng(0).integers(0, 256, (200, 8, 8), np.uint8)
    np.savez(tmp_path / "plain.npz", images=noise)
    with pytest.raises(BadData, match="neither factors nor labels"):
        run(tiny_models["tiny"], "--data", f"npz:{tmp_path / 'plain.npz'}")
