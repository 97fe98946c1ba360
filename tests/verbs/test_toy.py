"""`toy` writes what the Steps panel shows."""

from __future__ import annotations

import argparse

import pytest
from PIL import Image

from backends.errors import BadSettings
from explorer.verbs import toy

SMALL = ("--set", "width=8", "--set", "batch=16")


def call(*words: str) -> int:
    parser = argparse.ArgumentParser()
    toy.add_arguments(parser)
    return toy.run(parser.parse_args([*words, *SMALL]))


def test_pictures_and_an_animation_with_what_is_said(qapp, tmp_path, capsys):
    gif = tmp_path / "toy.gif"
    assert call("gan", "--loss", "hinge", "--steps", "4", "--pictures", "3", "--out", str(gif)) == 0
    told = capsys.readouterr().out
    assert [line.split()[1] for line in told.splitlines() if line.startswith("step")] == ["0", "2", "4"]
    with Image.open(gif) as image:
        assert image.n_frames == 3
        assert image.size == (toy.SIDE, toy.SIDE + toy.CAPTION)
    folder = tmp_path / "frames"
    words = ("--steps", "2", "--pictures", "2", "--theme", "dark", "--out", str(folder))
    assert call("flow", "--data", "moons", *words) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["000.png", "001.png"]


def test_a_preset_does_first_what_it_does_first(qapp, tmp_path, capsys):
    sheet = tmp_path / "v.png"
    assert call("vanishing", "--steps", "3", "--pictures", "2", "--out", str(sheet)) == 0
    assert "step   153" in capsys.readouterr().out
    assert sheet.exists()


@pytest.mark.parametrize(
    "words", [("nobody",), ("gan", "--steps", "0"), ("gan", "--set", "data=donut"), ("gan", "--set", "x=1")]
)
def test_what_can_not_be_is_one_sentence(words):
    with pytest.raises(BadSettings):
        call(*words)
