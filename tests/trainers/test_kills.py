"""Killed with -9 at random moments, over and over: nothing unreadable, and the same end bit for bit.

The short version kills five times; `pytest -m slow` does it fifty times.
"""

from __future__ import annotations

import contextlib
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

SETTINGS = {"checkpoint_every": 20, "sample_every": 100, **NARROW}


def killed(run: Run, steps: float, seconds: float) -> None:
    """Kill a training some steps and seconds after it went on; with no steps, while it still loads."""
    begun, pid = run.state().step, runs.start(run)
    wait(lambda: not steps or run.state().step >= begun + steps or not run.phase().live)
    time.sleep(seconds)
    with contextlib.suppress(ProcessLookupError):  # it may be at its end already
        os.kill(pid, signal.SIGKILL)
    wait(lambda: not run.phase().live)


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
        killed(run, 0 if number % 5 == 3 else chance.uniform(1, 60), chance.uniform(0, 0.2))
        assert run.phase() in (Phase.INTERRUPTED, Phase.FINISHED), run.state().message
        readable(run)
        kept = max((int(path.stem) for path in run.checkpoints()), default=0)
        assert kept >= newest  # no kill costs more than what came after the last checkpoint
        newest = kept
    runs.start(run)
    wait(lambda: not run.phase().live, seconds=1200)
    assert run.phase() is Phase.FINISHED, run.state().message
    assert any(event["kind"] == "resumed" for event in run.events())
    readable(run)
    assert same(whole, run)
    assert run.metrics()[-1]["step"] == steps
    assert leftovers(run) == []


def leftovers(run: Run) -> list[Path]:
    """Temporary files that a killed writer left and nobody would ever take away."""
    return [path for path in run.folder.rglob(".*") if path.name != ".ballast"]


@pytest.mark.timeout(900)  # it takes seconds, but on a machine that does much else
def test_three_kills(make: Make, nursery: None):
    is_the_same_after(make, kills=3, steps=800, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_fifty_kills(make: Make, nursery: None):
    is_the_same_after(make, kills=50, steps=8000, seed=2)
