"""How long the GUI thread was held: a heartbeat that notes when it comes late."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Qt, QTimer

BEAT_MS = 10


class Watchdog(QObject):
    """While it runs, `longest_ms` is the longest time by which a beat was late; `stalls` all over 8 ms."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.longest_ms = 0.0
        self.stalls: list[float] = []
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self.longest_ms = 0.0
        self.stalls.clear()
        self._last = time.perf_counter()
        self._timer.start(BEAT_MS)

    def stop(self) -> float:
        """End; the longest stall in milliseconds."""
        self._timer.stop()
        return self.longest_ms

    def _beat(self) -> None:
        now = time.perf_counter()
        late = (now - self._last) * 1000 - BEAT_MS
        self._last = now
        self.longest_ms = max(self.longest_ms, late)
        if late > 8:
            self.stalls.append(late)
