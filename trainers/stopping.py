"""Ending a training for certain: asked, then told, then killed with all it started. No torch."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass, field

import psutil

from backends.errors import CantWrite
from trainers.api import Command, Phase
from trainers.processes import alive
from trainers.runs import Run

GRACE = 6.0  # seconds without a sign of life before it is terminated, and again before it is killed


@dataclass
class Ending:
    """A stop under way; `look` now and then carries it on.

    A process that works on its last checkpoint gives signs of life and is left alone. Times are measured
    here, by what changes: the clock of the machine may be set meanwhile.
    """

    run: Run
    grace: float = GRACE
    words: str = "Stopping…"
    _told: bool = False
    _beat: float = -1.0
    _seen: float = field(default_factory=time.monotonic)

    @staticmethod
    def begin(run: Run, grace: float = GRACE) -> Ending:
        """Ask a run to stop; on a full disk, where nothing can be written, tell its process."""
        ending = Ending(run, grace)
        try:
            run.send(Command.STOP)
        except CantWrite:
            ending._signal(signal.SIGTERM)
        return ending

    def look(self) -> bool:
        """Whether it has ended; goes one step further when there was no sign of life for too long."""
        state = self.run.state()
        if not state.phase.live:
            return True
        now = time.monotonic()
        obeys = state.phase is Phase.STOPPING or not self.run.is_asked(Command.STOP)
        if state.heartbeat != self._beat and (obeys or self._beat < 0):
            self._beat, self._seen = state.heartbeat, now
        if now - self._seen > self.grace:
            self._seen = now
            self._go_further()
        return False

    def _go_further(self) -> None:
        if not self._told:
            self._told, self.words = True, "Terminating…"
            self._signal(signal.SIGTERM)
        else:
            self.words = "Killing…"
            self._kill_group()

    def _signal(self, number: int) -> None:
        state = self.run.state()
        if alive(state.pid, state.started):
            with contextlib.suppress(OSError):
                os.kill(state.pid, number)

    def _kill_group(self) -> None:
        """Kill the process and all it started; it leads a session of its own."""
        state = self.run.state()
        if not alive(state.pid, state.started):
            return
        with contextlib.suppress(OSError, psutil.Error):
            if sys.platform != "win32" and os.getpgid(state.pid) == state.pid:
                os.killpg(state.pid, signal.SIGKILL)
                return
            family = psutil.Process(state.pid)
            for process in (*family.children(recursive=True), family):
                process.kill()
