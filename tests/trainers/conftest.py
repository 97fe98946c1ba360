"""Trainings small enough for tests: scikit-learn's digits at 16 pixels, narrow networks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trainers import host, runs
from trainers.api import Command
from trainers.control import Control
from trainers.registry import trainer
from trainers.runs import Run

SMALL = {"image_size": 16, "batch": 16, "steps": 40, "checkpoint_every": 10, "sample_every": 20}
NARROW = {"body": "mlp", "width": 4, "latent": 4}

Make = Callable[..., Run]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make a run of a family; what is still training at the end is stopped."""
    monkeypatch.setenv("LATENT_EXPLORER_THREADS", "1")
    monkeypatch.setenv("LATENT_EXPLORER_NICE", "0")
    made: list[Run] = []

    def create(family: str = "vae", data: str = "digits", **given: Any) -> Run:
        settings = trainer(family).INFO.settings.from_mapping({**SMALL, **given})
        made.append(runs.create(family, data, settings, folder=tmp_path))
        return made[-1]

    yield create
    for run in made:
        if run.phase().live and run.state().pid != os.getpid():  # else it was trained in this process
            run.send(Command.STOP)
            wait(lambda run=run: not run.phase().live)


@pytest.fixture(scope="session")
def mother() -> Iterator[subprocess.Popen[str]]:
    """One process that has torch already and forks trainings: loading it is most of a short one."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "LATENT_EXPLORER_THREADS": "1",
                   "LATENT_EXPLORER_NICE": "0"}  # fmt: skip
    call = [sys.executable, "-m", "tests.trainers.nursery"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(call, cwd=runs.ROOT, env=environment, text=True, bufsize=1, **pipes) as process:
        yield process


@pytest.fixture
def nursery(mother: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are trained by children of `mother`, real processes that can be killed."""

    def process(run: Run) -> SimpleNamespace:
        assert mother.stdin is not None
        assert mother.stdout is not None
        print(run.folder, file=mother.stdin)
        return SimpleNamespace(pid=int(mother.stdout.readline()))

    monkeypatch.setattr(runs, "_process", process)


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are trained here and at once, not in processes of their own."""

    def start(run: Run) -> int:
        (run.folder / "queued.json").unlink(missing_ok=True)
        host._train(run, Control.of(run, 0))
        return os.getpid()

    monkeypatch.setattr(runs, "start", start)


def wait(until: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait for something another process does."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
