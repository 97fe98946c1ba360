"""A training's side of its controls: obeys commands, says where it stands, waits when paused. No torch."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

from trainers.api import Command, Phase
from trainers.runs import Run, State

BEAT = 0.5  # seconds between two states on the disk


class Stopped(Exception):
    """Someone asked the training to stop; it unwinds to where it can be kept."""


@dataclass
class Control:
    """The state of the run in hand. `answer` does what `CHECKPOINT` and `SAMPLE` ask for."""

    run: Run
    state: State
    answer: Callable[[Command], None] | None = None
    _written: float = field(default=0.0, repr=False)

    @staticmethod
    def of(run: Run, steps: int) -> Control:
        process = psutil.Process()
        return Control(
            run, State(Phase.PREPARING, steps=steps, pid=os.getpid(), started=process.create_time())
        )

    def check(self) -> None:
        """Obey what was asked; cheap enough for every step and every piece of preparation.

        Raises `Stopped`. While paused it stays here, loaded and still answering.
        """
        paused_from: Phase | None = None
        while True:
            for command in self.run.take_commands():
                if command is Command.STOP:
                    self.enter(Phase.STOPPING, "Stopping: writing a checkpoint.")
                    raise Stopped
                if command is Command.PAUSE and paused_from is None:
                    paused_from = self.state.phase
                    self.enter(Phase.PAUSED, "Paused.")
                elif command is Command.RESUME and paused_from is not None:
                    self.enter(paused_from, "")
                    paused_from = None
                elif command in (Command.CHECKPOINT, Command.SAMPLE) and self.answer:
                    self.answer(command)
            self.beat()
            if paused_from is None:
                return
            time.sleep(0.05)

    def enter(self, phase: Phase, message: str = "") -> None:
        """Change the phase, and say so at once."""
        self.state.phase = phase
        self.say(message)

    def say(self, message: str) -> None:
        """What is being done, so that silence can be told from work."""
        self.state.message = message
        self.beat(now=True)

    def beat(self, *, now: bool = False) -> None:
        """Write the state, not more often than every half second unless `now`."""
        clock = time.monotonic()
        if now or clock - self._written >= BEAT:
            self._written = clock
            self.state.heartbeat = time.time()
            self.run.write_state(self.state)

    def progress(self, fraction: float, text: str) -> None:
        """For those who report how far they are: says so, and lets a stop through."""
        self.state.message = f"{text} {fraction:.0%}"
        self.check()
