"""`main.py prepare` as it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from explorer import verbs
from tests.trainers.prepared.test_prepared import fill


def test_a_data_set_a_report_and_a_look_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pets, out = str(fill(tmp_path / "pets")), str(tmp_path / "pets.npz")
    assert verbs.run("prepare", [pets, "--out", out, "--set", "image_size=16"]) == 0
    assert f"npz:{out}" in capsys.readouterr().out
    assert verbs.run("prepare", [pets, "--out", out, "--set", "image_size=16", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reused"] is True
    look = tmp_path / "look.png"
    assert verbs.run("prepare", [pets, "--preview", str(look)]) == 0
    assert look.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("words", "wrong"), [
    (("/nowhere/at/all",), "There is nothing at"), ((".", "--set", "size"), "is not a setting"),
    ((".", "--set", "held_out=2"), "at most"), ((".", "--set", "colour=1"), "no setting named"),
])  # fmt: skip
def test_what_is_wrong_is_one_sentence(
    words: tuple[str, ...], wrong: str, capsys: pytest.CaptureFixture[str]
):
    assert verbs.run("prepare", list(words)) == 2
    assert wrong in capsys.readouterr().err
