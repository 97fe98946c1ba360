"""What the process that follows a run says of it in `state.json`. No torch, no Ray."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import replace

from trainers.api import Phase
from trainers.control import BEAT
from trainers.processes import birth
from trainers.runs import Run, State


class Told:
    """What this process says of the run: `state.json`, with its own number and heart."""

    def __init__(self, run: Run, state: State) -> None:
        self.run, self.state, self._written = run, state, 0.0

    @staticmethod
    def of(run: Run) -> Told:
        own, before = os.getpid(), run.state()
        return Told(run, replace(before, pid=own, started=birth(own), message=""))

    def enter(self, phase: Phase, message: str) -> None:
        self.state.phase = phase
        self.say(message)

    def say(self, message: str) -> None:
        """Say something else, if it is something else."""
        now = message != self.state.message or self.state.phase is not self.run.phase()
        self.state.message = message
        self.beat(now=now)

    def take(self, there: State) -> None:
        """Say what the training there says of itself, as long as it is at work."""
        mine = self.state
        self.state = replace(there, pid=mine.pid, started=mine.started, heartbeat=mine.heartbeat)

    def beat(self, *, now: bool = False) -> None:
        clock = time.monotonic()
        if now or clock - self._written >= BEAT:
            self._written, self.state.heartbeat = clock, time.time()
            with contextlib.suppress(OSError):  # a full disk; what is copied next says so
                self.run.write_state(self.state)

    def failed(self, sentence: str) -> int:
        self.enter(Phase.FAILED, sentence)
        with contextlib.suppress(OSError):
            self.run.add_event(self.state.step, "failed", sentence)
        return 2
