"""The verbs `train` and `runs`, with real processes on scikit-learn's digits."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.verbs import runs as runs_verb
from explorer.verbs import train as train_verb
from tests.trainers.conftest import in_process, mother, nursery, wait
from trainers import queued, recipes, runs
from trainers.api import Command, Phase

__all__ = ["in_process", "mother", "nursery"]
pytestmark = pytest.mark.usefixtures("nursery")

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
    monkeypatch.setenv("LATENT_EXPLORER_THREADS", "1")
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


def test_changed_compared_noted_exported_and_cleaned(folder: Path, capsys, in_process):
    for name in ("one", "two"):
        given = ("vae", "--data", "digits", "--name", name, "--set", "steps=20", "--threads", "1", *SMALL)
        assert call(train_verb, *given) == 0
    capsys.readouterr()
    assert call(train_verb, "--resume", "two", "--set", "steps=30", "--set", "learning_rate=0.002") == 0
    out = capsys.readouterr().out
    assert "steps: 20 → 30" in out
    assert "finished at step 30" in out
    assert call(train_verb, "--resume", "two") == 2
    assert call(train_verb, "--resume", "two", "--set", "latent=9") == 2
    assert "can't change in a run" in capsys.readouterr().err
    assert call(runs_verb, "diff", "one", "two") == 0
    assert "learning_rate  0.001  0.002" in capsys.readouterr().out
    assert call(runs_verb, "note", "one", "--tag", "good", "--text", "sharp") == 0
    assert call(runs_verb, "list", "--search", "good") == 0
    out = capsys.readouterr().out
    assert "one" in out
    assert "two" not in out
    assert call(runs_verb, "show", "two") == 0
    assert "changed    steps: 20 → 30 at step 20" in capsys.readouterr().out
    assert call(runs_verb, "export", "one", "--out", str(folder / "x" / "one.csv")) == 0
    assert (folder / "x" / "one.csv").exists()
    assert call(runs_verb, "clean") == 0
    assert "Nothing to remove" in capsys.readouterr().out
    assert call(runs_verb, "clean", "one") == 1  # nobody is there to be asked
    assert (folder / "one").exists()
    assert call(runs_verb, "clean", "one", "--yes") == 0
    assert not (folder / "one").exists()


def test_queued_behind_a_running_one_stopped_and_taken_out(folder: Path, capsys):
    given = ("vae", "--data", "digits", "--set", "steps=1000000", *SMALL)
    assert call(train_verb, *given, "--detach", "--name", "first") == 0
    assert call(runs_verb, "queue", "--at-once", "1") == 0
    assert call(train_verb, *given, "--queue", "--name", "second") == 0
    out = capsys.readouterr().out
    assert "waits behind 0 others. 1 of 1 trainings at once are running." in out
    assert call(runs_verb, "queue") == 0
    assert "second" in capsys.readouterr().out
    assert call(runs_verb, "clean", "first", "--yes") == 2
    assert "nothing was removed" in capsys.readouterr().err
    wait(lambda: runs.find("first").state().step > 0)
    assert call(runs_verb, "set", "first", "--set", "learning_rate=0.003") == 0
    assert "from the next step on" in capsys.readouterr().out
    wait(lambda: runs.find("first").asked()["settings"]["learning_rate"] == 0.003)
    for action, kept in (("checkpoint", "checkpoints"), ("sample", "samples")):
        before = set((folder / "first" / kept).iterdir())
        assert call(runs_verb, action, "first") == 0
        assert "at its next step" in capsys.readouterr().out
        wait(lambda kept=kept, before=before: set((folder / "first" / kept).iterdir()) - before)
    assert call(train_verb, *given, "--queue", "--name", "third") == 0
    assert call(runs_verb, "queue", "third", "--first") == 0
    assert [run.name for run in queued.waiting(folder)] == ["third", "second"]
    assert call(runs_verb, "sample", "third") == 2
    assert "isn't being trained" in capsys.readouterr().err
    assert call(runs_verb, "unqueue", "second", "third") == 0
    assert runs.find("second").phase() is Phase.STOPPED
    assert call(runs_verb, "stop", "first") == 0
    assert call(runs_verb, "stop", "first") == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("vae",), "What to train is missing"),
        (("vae", "--data", "nothing"), "names no data set"),
        (("vae", "--data", "folder:/nowhere"), "/nowhere"),
        (("xgan", "--data", "digits"), "no trainer for 'xgan'"),
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
    from trainers.data.registry import find
    from trainers.registry import trainer

    for name in recipes.names():
        recipe = recipes.find(name)
        trainer(recipe.family).INFO.settings.from_mapping(recipe.settings)
        assert recipe.description
        kind, _ = find(recipe.data)
        assert recipe.missing or kind.kind.path != "required", "it says where its file comes from"


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
