"""What a long computation is handed: a way to tell how far it is, and to learn that it may stop."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


class Cancelled(Exception):
    """Nobody waits for the result any more."""


class Task:
    """Progress, partial results and cancelling of one computation.

    Without a `send` it does nothing, so every function runs on its own in a notebook or a test.
    """

    def __init__(self, send: Callable[[str, dict, dict[str, np.ndarray]], None] | None = None) -> None:
        self._send = send
        self._told = -1.0
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

    def check(self) -> None:
        """Raise `Cancelled` when the job was given up."""
        if self.cancelled:
            raise Cancelled
