"""One new file each, and nothing else, makes a family, a trainer, a data set, a score, a panel and a verb.

The files lie in `newcomer`, where a person who wants to add one can read the smallest of its kind.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

import backends.families
import explorer.latent.scores
import explorer.panels
import explorer.verbs
import trainers.data
from backends.registry import families, family
from explorer import verbs
from explorer.latent.scores.api import PRESETS, Sample
from explorer.latent.scores.registry import scores
from explorer.latent.task import Task
from explorer.model.session import Session
from explorer.panels.base import Notices, Services, discover
from trainers.data.registry import describe, load, sources
from trainers.registry import _trainers, trainer

FOLDER = Path(__file__).with_name("newcomer")
PLACES = {
    "families": backends.families, "trainers": trainers, "data": trainers.data, "panels": explorer.panels,
    "scores": explorer.latent.scores, "verbs": explorer.verbs,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _newcomer(monkeypatch):
    """The folders of the application also hold the newcomer's files, for one test."""
    for name, package in PLACES.items():
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(FOLDER / name)])
    _forget()
    yield
    _forget()


def _forget():
    for cached in (families, _trainers, sources, scores):
        cached.cache_clear()
    for name, package in PLACES.items():
        for file in (FOLDER / name).glob("*.py"):
            sys.modules.pop(f"{package.__name__}.{file.stem}", None)
            vars(package).pop(file.stem, None)


def test_a_family_with_its_trainer_learns_a_data_set():
    import torch

    assert "stripes" in {kind.prefix for kind in describe()}
    data, kind = load("stripes", 16), trainer("dots")
    assert family("dots").title == kind.INFO.title
    settings = kind.INFO.settings.from_mapping({"image_size": "16"})
    learner = kind.build(settings, data, torch.device("cpu"))
    images = torch.from_numpy(data.images[:8]).permute(0, 3, 1, 2).float() / 255
    first, *_, last = [learner.step(images, None, step)["loss"].item() for step in range(5)]
    assert last < first
    assert learner.pictures(learner.model).shape[1:] == (1, 16, 16)


def test_a_score_is_among_the_scores():
    sample = Sample.of(np.eye(40)[:, :4] + 1e-9, np.arange(40)[:, None] % 2)
    found = scores()["rank"].run(sample, PRESETS["fast"], np.random.default_rng(0), Task())
    assert found.values == {"rank": 4}


def test_a_panel_is_a_tab_with_its_commands(qtbot):
    kind = next(panel for panel in discover() if panel.name == "brightness")
    panel = kind(Services(Session(), None, None, None, Notices()))
    qtbot.addWidget(panel)
    assert [command.id for command in panel.commands()] == ["brightness.again"]


def test_a_verb_can_be_called(capsys):
    assert "hello" in verbs.names()
    assert verbs.run("hello", ["you"]) == 0
    assert capsys.readouterr().out == "Hello you\n"
