"""`main.py anomalies` and `main.py probe` on real, untrained models."""

from __future__ import annotations

import argparse
import csv

import numpy as np
import pytest

from backends.answers import VERBS
from backends.api import Request
from backends.errors import BadRequest
from backends.loaded import Shelf
from explorer.verbs import anomalies, probe


def run(verb, *words):
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)
    return verb.run(parser.parse_args([str(word) for word in words]))


class Near:
    """The model host's own answers, without its process."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def stream(self, verb, model, *, arrays):
        yield from VERBS[verb](Shelf("cpu"), Request(verb, model, {}, arrays))


def test_anomalies_are_found_shown_and_written(tiny_models, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(anomalies, "Host", Near)
    np.savez(tmp_path / "noise.npz", images=np.random.default_rng(0).integers(0, 256, (49, 16, 16), np.uint8))
    out, table = tmp_path / "roc.png", tmp_path / "roc.csv"
    words = ("--data", "digits", "--against", f"npz:{tmp_path}/noise.npz", "--count", 60)
    assert run(anomalies, tiny_models["tiny"], *words, "--out", out, "--csv", table) == 0
    said = capsys.readouterr().out
    assert "ROC area" in said
    assert "of 49 anomalies" in said
    assert out.read_bytes().startswith(b"\x89PNG")
    assert len(list(csv.DictReader(table.open()))) == 109


def test_what_can_not_be_scored_is_one_sentence(tiny_models, tmp_path):
    with pytest.raises(BadRequest, match="no encoder"):
        run(anomalies, tiny_models["tiny-wide"], "--data", "digits")
    with pytest.raises(BadRequest, match="not known"):
        run(anomalies, tiny_models["tiny"])
    with pytest.raises(BadRequest, match="can't score by likelihood"):
        run(anomalies, tiny_models["tiny"], "--data", "digits", "--by", "likelihood")
    with pytest.raises(BadRequest, match=r"no \.png"):
        run(anomalies, tiny_models["tiny"], "--data", "digits", "--out", tmp_path / "roc.gif")


def test_a_probe_is_a_table_a_curve_and_a_sentence(tiny_models, tmp_path, capsys):
    out, table = tmp_path / "curve.png", tmp_path / "curve.csv"
    words = ("--data", "digits", "--labels", "20,60", "--draws", 2, "--ways", "linear,scratch", "--steps", 5)
    assert run(probe, tiny_models["tiny"], *words, "--test", 50, "--out", out, "--csv", table) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "tiny on 50 test images of digits"
    assert said[1].startswith("Linear reading")
    assert said[1].count("±") == 2
    assert said[2].startswith("From scratch")
    assert out.read_bytes().startswith(b"\x89PNG")
    assert len(list(csv.DictReader(table.open()))) == 8
    with pytest.raises(BadRequest, match="no encoder"):
        run(probe, tiny_models["tiny-wide"], "--data", "digits")
