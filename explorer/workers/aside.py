"""Computations on a thread beside the window, one at a time; the newest one asked for wins.

For numpy work of some ten milliseconds (sorting, grids, exact tests), which lets the window run meanwhile;
answers come on the GUI thread.
What takes seconds is a job in a process of its own (`explorer.workers.jobs`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal


@dataclass(eq=False)
class _Work:
    function: Callable[[], Any]
    then: Callable[[Any], None]


class Aside(QObject):
    """`run` starts a computation, or lets it wait behind the one under way and forgets what waited before."""

    _came = Signal(object, object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._running: _Work | None = None
        self._waiting: _Work | None = None
        self._dropped = False
        self._came.connect(self._on_came, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        return self._running is not None

    def run(self, function: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Call `function()` on the thread, then `then(result)` on this one. `function` touches no widget."""
        self._waiting = _Work(function, then)
        self._next()

    def drop(self) -> None:
        """Nobody waits any more for what is under way or waits."""
        self._waiting = None
        self._dropped = self._running is not None

    def _next(self) -> None:
        if self._running is None and self._waiting is not None:
            work, self._waiting = self._waiting, None
            self._running = work
            threading.Thread(target=self._work, args=(work,), name=self.objectName(), daemon=True).start()

    def _work(self, work: _Work) -> None:
        result: Any = None
        try:
            result = work.function()
        finally:
            try:
                self._came.emit(work, result)
            except RuntimeError:  # the window is gone, and this object with it
                return

    def _on_came(self, work: _Work, result: Any) -> None:
        dropped, self._dropped = self._dropped, False
        self._running = None
        if result is not None and not dropped:
            work.then(result)
        self._next()
