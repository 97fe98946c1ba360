"""Each paper's preset has a name of its own on the command line."""

from __future__ import annotations

import argparse

import pytest

from explorer.verbs import train as train_verb
from trainers.presets import PRESETS


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    parser = argparse.ArgumentParser()
    train_verb.add_arguments(parser)
    assert train_verb.run(parser.parse_args([*words, "--list"])) == 0
    return capsys.readouterr().out


def test_presets_are_listed(capsys: pytest.CaptureFixture[str]):
    lines = listed(capsys).splitlines()
    for preset in PRESETS:
        assert f"{preset.name}: {preset.description}" in lines


def test_a_preset_lists_its_own_defaults(capsys: pytest.CaptureFixture[str]):
    assert "loss = least-squares" in listed(capsys, "lsgan")
    assert "loss = wasserstein" in listed(capsys, "wgan")
