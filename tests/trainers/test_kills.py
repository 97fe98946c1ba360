"""Killed with -9 at random moments, over and over: nothing unreadable, and the same end bit for bit.

The short version kills five times; `pytest -m slow` does it fifty times.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

import pytest

from backends import native
from tests.trainers.conftest import NARROW, Make, wait
from tests.trainers.test_resume import same
from trainers import checkpoints, runs
from trainers.api import Phase
from trainers.control import Control
from trainers.loop import train
from trainers.runs import Run

SETTINGS = {"checkpoint_every": 40, "sample_every": 100, **NARROW}


def killed(run: Run, after: float) -> None:
    """Kill the training some seconds after it began to train (or right after it began to load, below 0)."""
    pid = runs.start(run)
    wait(lambda: run.phase() is Phase.TRAINING or not run.phase().live or after < 0)
    time.sleep(abs(after))
    if runs.alive(pid, run.state().started):
        os.kill(pid, signal.SIGKILL)
    wait(lambda: not runs.alive(pid, run.state().started))


def readable(run: Run) -> None:
    """Every file that a reader opens is whole, whatever moment the writer died at."""
    assert json.loads((run.folder / "run.json").read_text())["family"] == "vae"
    json.loads((run.folder / "state.json").read_text())
    for path in run.checkpoints():
        checkpoints.read(path)
    if run.model.exists():
        native.load(run.model)
    for path in run.samples():
        from PIL import Image

        Image.open(path).load()
    steps = [line["step"] for line in run.metrics()]
    assert steps == sorted(set(steps))


def is_the_same_after(make: Make, kills: int, steps: int, seed: int) -> None:
    chance = random.Random(seed)
    whole, run = (make("vae", steps=steps, **SETTINGS) for _ in range(2))
    train(whole, Control.of(whole, steps))
    newest = 0
    for number in range(kills):
        killed(run, -chance.uniform(0.2, 3) if number % 5 == 4 else chance.uniform(0, 0.4))
        assert run.phase() in (Phase.INTERRUPTED, Phase.FINISHED)
        readable(run)
        kept = max((int(path.stem) for path in run.checkpoints()), default=0)
        assert kept >= newest  # no kill costs more than what came after the last checkpoint
        newest = kept
    runs.start(run)
    wait(lambda: not run.phase().live)
    assert run.phase() is Phase.FINISHED, run.state().message
    readable(run)
    assert same(whole, run)
    assert run.metrics()[-1]["step"] == steps
    assert leftovers(run) == []


def leftovers(run: Run) -> list[Path]:
    """Temporary files that a killed writer left and nobody would ever take away."""
    return [path for path in run.folder.rglob(".*") if path.name != ".ballast"]


def test_five_kills(make: Make):
    is_the_same_after(make, kills=5, steps=1500, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_fifty_kills(make: Make):
    is_the_same_after(make, kills=50, steps=12_000, seed=2)
