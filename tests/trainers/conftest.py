"""Trainings small enough for tests: scikit-learn's digits at 16 pixels, narrow networks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
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
