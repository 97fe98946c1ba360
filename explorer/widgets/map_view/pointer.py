"""What the pointer is over: a ring at once, the card after a moment's rest, few tests."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QPointF, QTimer, Signal

REACH = 14  # pixels; a point is hit from so far
BETWEEN_TESTS_MS = 50
DWELL_MS = 125  # before the card of a point is asked for
GRACE_MS = 260  # the card stays so long after the pointer has left its point


class Pointer(QObject):
    """Emits `hovered(id)` at once (−1: none), `dwelt(id)` after a rest (−1: the card may go).

    `between(place)` is where it points when it is over no point: a place of the scene.
    """

    hovered = Signal(int)
    dwelt = Signal(int)
    between = Signal(QPointF)

    def __init__(self, hit: Callable[[QPointF], int], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.hover = -1
        self.shown = -1  # the id that the card was asked for
        self.tests = 0
        self._hit = hit
        self._place: QPointF | None = None
        self._tested = 0.0
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self._test)
        self._dwell = QTimer(self, singleShot=True, interval=DWELL_MS)
        self._dwell.timeout.connect(self._on_dwelt)
        self._grace = QTimer(self, singleShot=True, interval=GRACE_MS)
        self._grace.timeout.connect(self._on_gone)

    def move(self, place: QPointF) -> None:
        """The pointer is there; tested now, or as soon as the last test is long enough ago."""
        self._place = place
        wait = BETWEEN_TESTS_MS - (time.monotonic() - self._tested) * 1000
        if wait <= 0:
            self._test()
        elif not self._later.isActive():
            self._later.start(int(wait) + 1)

    def leave(self, at_once: bool = False) -> None:
        """The pointer is gone; `at_once` takes the card along."""
        self._place = None
        self._later.stop()
        self._set(-1)
        if at_once:
            self._grace.stop()
            self._on_gone()

    def _test(self) -> None:
        self._tested = time.monotonic()
        if self._place is None:
            return
        self.tests += 1
        found = self._hit(self._place)
        self._set(found)
        if found < 0:
            self.between.emit(self._place)

    def _set(self, ident: int) -> None:
        if ident == self.hover:
            return
        self.hover = ident
        self._dwell.stop()
        if ident >= 0:
            self._dwell.start()
        elif self.shown >= 0:
            self._grace.start()
        self.hovered.emit(ident)

    def _on_dwelt(self) -> None:
        self._grace.stop()
        self.shown = self.hover
        self.dwelt.emit(self.hover)

    def _on_gone(self) -> None:
        if self.shown >= 0:
            self.shown = -1
            self.dwelt.emit(-1)
