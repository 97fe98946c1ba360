"""The window killed with -9, alone and together with its training: everything is there again afterwards.

The short version kills twice; `pytest -m slow` does it forty times.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest

from backends.errors import BadModel
from explorer.model.files import read_session
from trainers import checkpoints
from trainers.api import Command, Phase
from trainers.runs import ROOT, Run

PATIENCE_S = 300.0


class Living:
    """A window in a process of its own; `all` are those that were ever begun."""

    all: ClassVar[list[Living]] = []

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        call = [sys.executable, "-m", "tests.ui.living_window", str(home)]
        self.process = subprocess.Popen(call, cwd=ROOT, env=environment, text=True, bufsize=1, **pipes)  # type: ignore[call-overload]
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.all.append(self)

    def ask(self, line: str) -> None:
        print(line, file=self.process.stdin)

    def sees(self, done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until it prints what is asked for."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with contextlib.suppress(queue.Empty):
                line = self._lines.get(timeout=0.5)
                if done(line):
                    return line
            assert self.process.poll() is None, "the window ended by itself"
        raise AssertionError("the window did not say it in time")

    def kill(self) -> list[psutil.Process]:
        """Kill it with -9; the processes that it had begun, trainings not among them."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        helpers = [child for child in children if "trainers.host" not in " ".join(_words(child))]
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):  # what it didn't read is lost
            self.process.stdin.close()
        return helpers

    def _read(self) -> None:
        with self.process.stdout as said:
            for line in said:
                self._lines.put(json.loads(line))


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """A home and the environment of windows that live there; its trainings end with the test."""
    runs = tmp_path / "runs"
    environment = {**os.environ, "LATENT_EXPLORER_RUNS": str(runs), "XDG_DATA_HOME": str(tmp_path),
                   "LATENT_EXPLORER_NICE": "0", "LATENT_EXPLORER_THREADS": "1",
                   "QT_QPA_PLATFORM": "offscreen"}  # fmt: skip
    yield tmp_path, environment
    while Living.all:
        window = Living.all.pop()
        if window.process.poll() is None:
            window.kill()
    for folder in runs.iterdir() if runs.exists() else ():
        run = Run(folder)
        if (run.folder / "run.json").exists() and run.phase().live:
            run.send(Command.STOP)
            psutil.wait_procs([psutil.Process(run.state().pid)], timeout=90)


def survives(places: tuple[Path, dict[str, str]], kills: str, seed: int) -> None:
    """Kill window (`w`) or window and training (`b`), in this order, at random moments."""
    home, environment = places
    chance = random.Random(seed)
    window = Living(home, environment)
    window.sees(lambda line: "ready" in line)
    window.ask("train")
    name = next(iter(window.sees(lambda line: "training" in line.get("runs", {}).values())["runs"]))
    run, newest = Run(home / "runs" / name), 0
    for kind in kills:
        time.sleep(chance.uniform(0, 2.5))
        pid = run.state().pid
        helpers = window.kill()
        if kind == "b":
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        newest = whole(run, home, newest)
        assert not psutil.wait_procs(helpers, timeout=90)[1], "processes of a dead window live on"
        window = Living(home, environment)
        if kind == "w":
            line = window.sees(lambda line: name in line.get("runs", {}))
            assert line["runs"] == {name: "training"}
            assert run.state().pid == pid, "the same training goes on"
        else:
            window.sees(lambda line: line.get("runs", {}).get(name) == "interrupted")
            window.ask(f"continue {name}")
            window.sees(lambda line: line.get("runs", {}).get(name) == "training")
    window.kill()
    whole(run, home, newest)
    assert run.phase() is Phase.TRAINING


def whole(run: Run, home: Path, newest: int) -> int:
    """Everything on the disk can be read; the step of the newest checkpoint, never before `newest`."""
    if (home / "session.json").exists():
        read_session(home / "session.json")
    for path in run.checkpoints():
        try:
            checkpoints.read(path)
        except BadModel:  # retention took it away while a training goes on
            assert not path.exists()
    json.loads((run.folder / "state.json").read_text())
    kept = max((int(path.stem) for path in run.checkpoints()), default=0)
    assert kept >= newest
    return kept


@pytest.mark.timeout(1800)  # it takes half a minute, but on a machine that does much else
def test_window_and_training_killed(places: tuple[Path, dict[str, str]]):
    survives(places, "b", seed=1)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_forty_kills(places: tuple[Path, dict[str, str]]):
    survives(places, "wb" * 20, seed=2)
