"""What a long computation is handed: a way to tell how far it is, and to learn what the person wants now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

FRAMES_A_SECOND = 30
NEVER = float("-inf")


class Cancelled(Exception):
    """Nobody waits for the result any more."""


class Task:
    """Progress, partial results, changes of mind and cancelling of one computation.

    Without a `send` it does nothing, so every function runs on its own in a notebook or a test. `turn`
    is held while the computation runs, and let go while it is paused. Where `taken` is true, the one who
    shows frames says for each that it was taken (`hear({"taken": True})`), and none is sent before.
    """

    def __init__(
        self,
        send: Callable[[str, dict, dict[str, np.ndarray]], None] | None = None,
        *,
        turn: threading.Lock | None = None,
        taken: bool = False,
    ) -> None:
        self._send = send
        self._told = -1.0
        self._turn, self._waits = turn, taken
        self._last_frame, self._on_its_way = NEVER, False
        self._changes: dict[str, Any] = {}
        self._news = threading.Condition()
        self.cancelled = False

    def progress(self, fraction: float, text: str = "") -> None:
        """`fraction` in 0..1. Raises `Cancelled` when the job was given up."""
        self.check()
        if self._send and (fraction - self._told >= 0.01 or fraction >= 1 or fraction < self._told):
            self._told = fraction
            self._send("progress", {"fraction": float(fraction), "text": text}, {})

    def partial(self, arrays: dict[str, np.ndarray], text: str = "") -> None:
        """A result that may be shown already. Raises `Cancelled`."""
        self.check()
        if self._send:
            self._send("partial", {"text": text}, arrays)

    def frame(self, arrays: dict[str, np.ndarray], text: str = "", **data: Any) -> bool:
        """One of many partial results, of which only the newest matters; whether it was sent.

        It is dropped when the last one is younger than a thirtieth of a second or was not taken yet: a
        slow window gets fewer frames, never old ones. Raises `Cancelled`.
        """
        self.check()
        if self._send is None or not self.wants_frame:
            return False
        self._last_frame, self._on_its_way = time.monotonic(), self._waits
        self._send("partial", {"text": text, "frame": True, **data}, arrays)
        return True

    @property
    def wants_frame(self) -> bool:
        """Whether a frame would be sent now: for those that cost something to make."""
        young = time.monotonic() - self._last_frame < 1 / FRAMES_A_SECOND
        return self._send is not None and not self._on_its_way and not young

    def wait(self, seconds: float) -> None:
        """Rest until something is told, at most so long. Raises `Cancelled`."""
        with self._news:
            if not self._changes and not self.cancelled:
                self._news.wait(seconds)
        self.check()

    def told(self) -> dict[str, Any]:
        """What was told since the last time. Raises `Cancelled`."""
        self.check()
        with self._news:
            found, self._changes = self._changes, {}
            if found.pop("pause", False):  # told since the check above: it is for the next one
                self._changes["pause"] = True
        return found

    def hear(self, changes: dict[str, Any]) -> None:
        """Take what the person tells (from any thread): `pause`, `taken`, and what the computation reads."""
        with self._news:
            if changes.get("taken"):
                self._on_its_way = False
            self._changes.update({name: value for name, value in changes.items() if name != "taken"})
            self._news.notify_all()

    def check(self) -> None:
        """Wait while told to pause; raise `Cancelled` when the job was given up. All others do this first."""
        if self._changes.get("pause"):
            self._pause()
        if self.cancelled:
            raise Cancelled

    def _pause(self) -> None:
        """Let others have their turn until told to go on."""
        if self._turn is not None:
            self._turn.release()
        with self._news:
            while self._changes.get("pause") and not self.cancelled:
                self._news.wait(0.1)
        if self._turn is not None:
            self._turn.acquire()
