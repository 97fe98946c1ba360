"""A real training in the background, to measure beside."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from backends.api import ExplorerError
from trainers import runs
from trainers.api import Command, Phase
from trainers.registry import trainer
from trainers.runs import Run

PATIENCE_S = 300.0  # at the lowest priority, on a machine that may be busy
SETTINGS = {"steps": 1_000_000, "batch": 64, "sample_every": 200, "checkpoint_every": 2000}


@contextmanager
def training(folder: Path) -> Iterator[Run]:
    """A DCGAN that learns scikit-learn's digits until the end of the block."""
    settings = trainer("dcgan").INFO.settings.from_mapping(SETTINGS)
    run = runs.create("dcgan", "digits", settings, "bench", folder=folder)
    pid = runs.start(run)
    try:
        _wait(run, Phase.TRAINING)
        yield run
    finally:
        run.send(Command.STOP)
        _end(pid)


def _wait(run: Run, phase: Phase) -> None:
    end = time.monotonic() + PATIENCE_S
    while (state := run.state()).phase is not phase or not state.step:
        if not state.phase.live or time.monotonic() > end:
            raise ExplorerError(f"The training beside did not start: {state.message}", f"See {run.log}.")
        time.sleep(0.1)


def _end(pid: int) -> None:
    """Wait until it has stopped; a stop that takes too long ends it."""
    try:
        process = psutil.Process(pid)
        _, alive = psutil.wait_procs([process], timeout=20)
        for slow in alive:
            slow.kill()
            slow.wait(5)
    except psutil.NoSuchProcess:
        return
