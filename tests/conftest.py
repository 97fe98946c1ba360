"""What every test gets: a screen that isn't there, a home of its own, and a look at what it leaves behind."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import gc
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as examples
from PySide6.QtCore import QSettings, QThread
from pytestqt.qtbot import QtBot

from backends.native import describe, read_info, save
from explorer.model.session import Session
from explorer.panels.base import Notices, Services
from explorer.workers.host_client import HostClient
from explorer.workers.jobs import JobClient
from explorer.workers.launch import launch_host, launch_jobs
from tests.hands import SLOW_MS

for wait in (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitSignals, QtBot.waitExposed):
    assert wait.__kwdefaults__ is not None
    wait.__kwdefaults__["timeout"] = SLOW_MS  # not five seconds, which a busy machine can take over anything

# Hypothesis fails an example that takes 200 ms, which a busy machine can take over anything.
examples.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("any machine")

TINY = {  # untrained, of few weights: name, family, configuration
    "tiny": ("vae", {"latent": 4, "width": 4, "image_size": 16}),
    "tiny-wide": ("gan", {"latent": 40, "width": 4, "image_size": 16}),
    "tiny-label": ("cgan", {"latent": 3, "width": 4, "image_size": 16, "classes": 10}),
}


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes what belongs to the person who runs it."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("LATENT_EXPLORER_HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    monkeypatch.setenv("LATENT_EXPLORER_CACHE", str(home / "cache"))
    if "LATENT_EXPLORER_RUNS" not in os.environ:
        monkeypatch.setenv("LATENT_EXPLORER_RUNS", str(home / "runs"))


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """What a test draws doesn't depend on the tests before it, which differ from run to run."""
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _tidy(request: pytest.FixtureRequest) -> Iterator[None]:
    """The collector is off while Qt dispatches; a test with a window leaves no thread and no process."""
    if "qtbot" not in request.fixturenames and "qapp" not in request.fixturenames:
        yield
        return
    gc.disable()
    gc.freeze()  # else every test would look at all of torch, a third of a second each
    before = _children()
    yield
    gc.collect()
    running = _running_threads()
    gc.unfreeze()
    gc.enable()
    assert not running, "a QThread is still running"
    assert not _children() - before, "a child process is still running"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """What is still on its way when a test ends is given up; pytest-qt has closed the widgets it is for.

    They are deleted soon. A host serves the tests of a whole file: its answer would come in the next one.
    """
    for given in getattr(item, "funcargs", {}).values():
        host = given.host if isinstance(given, Services) else given
        if isinstance(host, HostClient):
            while host._tickets:  # one that is given up lets another one go
                next(iter(host._tickets.values())).cancel()


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of untrained models by name: `tiny` (VAE, 4), `tiny-wide` (GAN, 40), `tiny-label` (cGAN)."""
    import torch

    from backends.registry import families

    folder, known = tmp_path_factory.mktemp("tiny"), families()
    torch.manual_seed(0)
    paths = {}
    for name, (family, config) in TINY.items():
        model = known[family].build(config)
        paths[name] = folder / f"{name}.safetensors"
        info = replace(describe(model, name=name, family=family), dataset="nothing")
        save(paths[name], model, info)
    return paths


@pytest.fixture(scope="module")
def host(qapp: object) -> Iterator[HostClient]:
    """A real model host, one for the tests of a file."""
    client = HostClient(launch_host)
    yield client
    client.close()


@pytest.fixture
def services(
    host: HostClient, tiny_models: dict[str, Path], tmp_path: Path, qtbot: object
) -> Iterator[Services]:
    """A new session over the tiny models, with a real host; `tiny` is current."""
    session = Session()
    session.set_models([read_info(path) for path in tiny_models.values()])
    jobs = JobClient(launch_jobs)
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    notices = Notices()
    for client in (host, jobs):  # as in the window
        client.problem.connect(notices.problem)
    yield Services(session, host, jobs, settings, notices)
    jobs.close()


def _children() -> set[int]:
    return {p.pid for p in psutil.Process().children() if p.status() != psutil.STATUS_ZOMBIE}


def _running_threads() -> list[QThread]:
    mine = QThread.currentThread()
    return [o for o in gc.get_objects() if issubclass(type(o), QThread) and o.isRunning() and o is not mine]
