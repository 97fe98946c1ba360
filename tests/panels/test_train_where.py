"""Where a new training is done: the line of the form, and what comes of it. Without a cluster."""

import importlib.util
import os
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QSettings, Qt

from explorer.model.session import Session
from explorer.panels.base import Notices, Services
from explorer.panels.train import TrainPanel
from explorer.panels.train_where import Where
from trainers import runs
from trainers.cluster import places
from trainers.cluster.places import Wish

LONG_MS = 100_000


@pytest.fixture
def settings(tmp_path):
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


def choose_cluster(where):
    where.place.setCurrentIndex(where.place.findData("cluster"))


def test_a_cluster_is_asked_for_and_remembered(qtbot, settings, monkeypatch):
    monkeypatch.setattr(places, "is_installed", lambda: True)
    where = Where()
    qtbot.addWidget(where)
    where.remember_in(settings)
    where.show()
    assert (where.wish(), where.problem()) == (None, "")
    assert not where.address.isVisible()
    choose_cluster(where)
    assert where.address.isVisible()
    assert "address" in where.problem()
    qtbot.keyClicks(where.address, "http://head:8265")
    assert "no address" in where.problem()
    where.address.clear()
    qtbot.keyClicks(where.address, "head:4711")
    where.cpus.setValue(4)
    where.gpus.setValue(0.5)
    where.package.setCurrentIndex(1)
    assert where.problem() == ""
    assert where.wish() == Wish("head:4711", 4, 0.5, "installed")
    other = Where()
    qtbot.addWidget(other)
    other.remember_in(settings)
    assert other.wish() is None
    choose_cluster(other)
    assert other.wish() == where.wish()
    for widget in (where.place, where.address, where.cpus, where.gpus, where.package):
        assert widget.accessibleName()
        assert widget.toolTip()


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed here")
def test_without_ray_the_form_says_what_to_install(qtbot):
    where = Where()
    qtbot.addWidget(where)
    choose_cluster(where)
    assert 'pip install "latent-explorer[cluster]"' in where.problem()


def test_a_training_of_the_form_is_given_to_the_cluster(qtbot, settings, tmp_path, monkeypatch):
    monkeypatch.setattr(places, "is_installed", lambda: True)
    monkeypatch.setenv("LATENT_EXPLORER_RUNS", str(tmp_path / "runs"))
    started = []
    monkeypatch.setattr(runs, "start", lambda run: started.append(run) or os.getpid())
    panel = TrainPanel(Services(Session(), SimpleNamespace(), SimpleNamespace(), settings, Notices()))
    qtbot.addWidget(panel)
    panel.show()
    form = panel.form
    qtbot.waitUntil(lambda: form.choices is not None, timeout=LONG_MS)
    form.kind.setCurrentIndex(form.kind.findData("digits"))
    assert form.sweep.isEnabled()
    choose_cluster(form.where)
    assert not form.start.isEnabled()
    assert "address" in form.reason.text()
    qtbot.keyClicks(form.where.address, "secret.example.org")
    assert form.start.isEnabled()
    assert not form.sweep.isEnabled()
    assert "this computer" in form.sweep.toolTip()
    qtbot.mouseClick(form.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(started), timeout=LONG_MS)
    (run,) = started
    assert run.is_far
    assert places.wish_of(run).address == "ray://secret.example.org:10001"
    assert b"secret" not in (run.folder / "run.json").read_bytes()
    assert "secret" not in str(panel.settings_to_save())
    panel.trainings.close()
