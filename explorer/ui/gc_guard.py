"""Python's cyclic garbage collector on the GUI thread only.

A collection that happens to run in another thread finalises Qt objects there, and Qt crashes
(napari#1029, ert#14421). So the automatic one is off, and a timer of the GUI thread collects.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

INTERVAL_MS = 1000
THRESHOLDS = (2000, 10, 20)  # new objects; younger collections since the last of this generation


class GcGuard(QObject):
    """Collects from the GUI thread; `stop` gives the collector back."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.collect)
        self._timer.start(INTERVAL_MS)

    def settle(self) -> None:
        """After start-up: what is there now stays, so later collections look at new objects only."""
        gc.collect()
        gc.freeze()

    def collect(self) -> None:
        """The oldest generation that is due."""
        counts = gc.get_count()
        for generation in (2, 1, 0):
            if counts[generation] > THRESHOLDS[generation]:
                gc.collect(generation)
                return

    def stop(self) -> None:
        self._timer.stop()
        gc.unfreeze()
        gc.enable()
