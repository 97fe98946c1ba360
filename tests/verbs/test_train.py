"""The verbs `train` and `runs`, with real processes on scikit-learn's digits."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.verbs import runs as runs_verb
from explorer.verbs import train as train_verb
from tests.trainers.conftest import wait
from trainers import recipes, runs
from trainers.api import Command, Phase

SMALL = [
    "--set",
    "image_size=16",
    "--set",
    "body=mlp",
    "--set",
    "width=4",
    "--set",
    "latent=2",
    "--set",
    "batch=16",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("LATENT_EXPLORER_RUNS", str(tmp_path))
    monkeypatch.setenv("LATENT_EXPLORER_NICE", "0")
    yield tmp_path
    for run in runs.list_runs(tmp_path):
        if run.phase().live:
            run.send(Command.STOP)
            wait(lambda run=run: not run.phase().live)


def call(verb, *words: str) -> int:
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)
    return verb.run(parser.parse_args(words))


def test_trains_to_the_end_and_says_so(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert (
        call(train_verb, "vae", "--data", "digits", "--name", "Small one", "--set", "steps=30", *SMALL) == 0
    )
    out = capsys.readouterr().out
    assert "finished at step 30" in out
    assert (folder / "small-one" / "model.safetensors").exists()
    assert call(runs_verb) == 0
    assert "small-one" in capsys.readouterr().out
    assert call(runs_verb, "show", "small-one", "--json") == 0
    assert json.loads(capsys.readouterr().out)["step"] == 30
    assert call(runs_verb, "resume", "small-one") == 2
    assert "--steps" in capsys.readouterr().err


def test_detached_paused_resumed_and_stopped(capsys: pytest.CaptureFixture[str]):
    given = ("vae", "--data", "digits", "--detach", "--name", "long", "--set", "steps=1000000", *SMALL)
    assert call(train_verb, *given) == 0
    run = runs.find("long")
    wait(lambda: run.phase() is Phase.TRAINING)
    assert call(runs_verb, "pause", "long") == 0
    assert run.phase() is Phase.PAUSED
    assert call(runs_verb, "resume", "long") == 0
    assert run.phase() is Phase.TRAINING
    wait(lambda: run.state().step > 0)
    assert call(runs_verb, "stop", "long") == 0
    assert run.phase() is Phase.STOPPED
    assert "long is stopped" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("vae",), "What to train is missing"),
        (("vae", "--data", "nothing"), "names no data set"),
        (("vae", "--data", "folder:/nowhere"), "/nowhere"),
        (("gan", "--data", "digits"), "no trainer for 'gan'"),
        (("vae", "--data", "digits", "--set", "latent"), "not a setting"),
        (("vae", "--data", "digits", "--set", "latent=-1"), "at least 1"),
        (("--recipe", "none"), "no recipe named"),
    ],
)
def test_what_cannot_work_is_one_sentence(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
):
    assert call(train_verb, *words) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_every_recipe_is_whole():
    from trainers.registry import trainer

    for name in recipes.names():
        recipe = recipes.find(name)
        trainer(recipe.family).INFO.settings.from_mapping(recipe.settings)
        assert recipe.description
        assert recipe.missing or ":" not in recipe.data


def test_a_recipe_without_its_data_says_where_it_comes_from(monkeypatch: pytest.MonkeyPatch, capsys):
    from trainers.data import places

    monkeypatch.setattr(places, "data_folders", list)
    monkeypatch.chdir("/")
    assert call(train_verb, "--recipe", "sprites-vae") == 2
    assert "github.com/YingzhenLi/Sprites" in capsys.readouterr().err


def test_lists_families_settings_data_and_recipes(capsys: pytest.CaptureFixture[str]):
    assert call(train_verb, "--list") == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("vae", "dcgan", "digits", "mnist-vae-2d"))
    assert call(train_verb, "vae", "--list") == 0
    assert "kl_weight = 1.0" in capsys.readouterr().out
