"""A training's side of its controls: obeys commands, says where it stands, waits when paused. No torch."""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil

from trainers.api import Command, Phase, Request
from trainers.files import FULL
from trainers.processes import birth
from trainers.runs import Run, State

BEAT = 0.5  # seconds between two states on the disk
BALLAST = 256 << 10  # bytes that are given up on a full disk, so that the run can still say so
GLANCE = 0.2  # seconds between two looks for a stop while a picture is drawn
LOOK = 0.05  # seconds between two looks while paused

Result = TypeVar("Result")


class Stopped(Exception):
    """Someone asked the training to stop; it unwinds to where it can be kept."""


@dataclass
class Control:
    """The state of the run in hand. `answer` does what `CHECKPOINT`, `SAMPLE` and `SET` ask for.

    `inbox` takes what is asked otherwise than by files (signals).
    """

    run: Run
    state: State
    answer: Callable[[Request], None] | None = None
    inbox: deque[Request] = field(default_factory=deque)
    full: bool = False  # whether it was stopped while the disk was full
    _later: list[Request] = field(default_factory=list)
    _answering: bool = False
    _written: float = field(default=0.0, repr=False)
    _glanced: float = field(default=0.0, repr=False)

    @staticmethod
    def of(run: Run, steps: int) -> Control:
        """The control of a run that begins, or goes on from where it was."""
        own, before = os.getpid(), run.state()
        state = State(Phase.PREPARING, before.step, steps or before.steps, own, birth(own))
        state.seconds = before.seconds
        return Control(run, state)

    def check(self) -> None:
        """Obey what was asked; cheap enough for every step and every piece of preparation.

        Raises `Stopped`. While paused it stays here, loaded and still answering.
        """
        paused_from: Phase | None = None
        while True:
            for request in self._requests():
                if request.command is Command.PAUSE and paused_from is None:
                    paused_from = self.state.phase
                    self.enter(Phase.PAUSED, "Paused.")
                elif request.command is Command.RESUME and paused_from is not None:
                    self.enter(paused_from, "")
                    paused_from = None
                else:
                    self._answer(request)
            self.beat()
            if paused_from is None:
                return
            time.sleep(LOOK)

    def glance(self) -> None:
        """In the middle of something long: only a stop is obeyed, the rest waits. Raises `Stopped`."""
        clock = time.monotonic()
        if clock - self._glanced < GLANCE:
            return
        self._glanced = clock
        self.beat()
        if self.run.is_asked(Command.STOP) or any(r.command is Command.STOP for r in self.inbox):
            self._requests()

    def _requests(self) -> list[Request]:
        """What was asked since the last look. Raises `Stopped` at a stop."""
        found = [*self.inbox, *self.run.take_requests()]
        self.inbox.clear()
        if any(request.command is Command.STOP for request in found):
            self.enter(Phase.STOPPING, "Stopping: writing a checkpoint.")
            raise Stopped
        return found

    def _answer(self, request: Request) -> None:
        """Do it now, or as soon as there is something that can do it and nothing else is being done."""
        if request.command in (Command.PAUSE, Command.RESUME):
            return
        if self.answer is None or self._answering:
            self._later.append(request)
            return
        self._answering = True
        try:
            for asked in (*self._later, request):
                self.answer(asked)
            self._later.clear()
        finally:
            self._answering = False

    def answer_later(self) -> None:
        """Do what was asked before it could be done."""
        if self._later and self.answer is not None:
            self._answer(self._later.pop())

    def enter(self, phase: Phase, message: str = "") -> None:
        """Change the phase, and say so at once."""
        self.state.phase = phase
        self.say(message)

    def say(self, message: str) -> None:
        """What is being done, so that silence can be told from work."""
        self.state.message = message
        self.beat(now=True)

    def beat(self, *, now: bool = False) -> None:
        """Write the state, not more often than every half second unless `now`; on a full disk, skip it."""
        clock = time.monotonic()
        if now or clock - self._written >= BEAT:
            self._written = clock
            self.state.heartbeat = time.time()
            self.state.memory = psutil.Process().memory_info().rss
            try:
                self.run.write_state(self.state)
            except OSError as error:
                if error.errno not in FULL:
                    raise

    def progress(self, fraction: float, text: str) -> None:
        """For those who report how far they are: says so, and lets a stop through."""
        self.state.message = f"{text} {fraction:.0%}"
        self.check()

    # A full disk

    @property
    def _ballast(self) -> Path:
        return self.run.folder / ".ballast"

    def take_ballast(self) -> None:
        """Hold some room of the disk for the day when there is none."""
        with contextlib.suppress(OSError):
            self._ballast.write_bytes(bytes(BALLAST))

    def patiently(self, work: Callable[[], Result]) -> Result:
        """Do `work`; while the disk is full, wait for someone to make room and to say so.

        Raises `Stopped` when asked to stop meanwhile, and every other error of `work`.
        """
        while True:
            try:
                return work()
            except OSError as error:
                if error.errno not in FULL:
                    raise
                self._wait_for_room(error)

    def _wait_for_room(self, error: OSError) -> None:
        before = self.state.phase
        self._ballast.unlink(missing_ok=True)
        sentence = f"{error.strerror}: nothing more can be written. Make room, then resume."
        self.enter(Phase.PAUSED, sentence)
        with contextlib.suppress(OSError):
            self.run.add_event(self.state.step, "warning", sentence)
        while not self._is_resumed():
            self.beat()
            time.sleep(LOOK)
        self.enter(before)
        if before is Phase.PAUSED:  # a person had paused it too, and now wants it to go on
            self.inbox.append(Request(Command.RESUME))
        self.take_ballast()

    def _is_resumed(self) -> bool:
        """Whether it was said that there is room; what else is asked waits. Raises `Stopped`."""
        self.full = True
        asked = self._requests()
        self.full = False
        self._later += [r for r in asked if r.command not in (Command.RESUME, Command.PAUSE)]
        return any(request.command is Command.RESUME for request in asked)
