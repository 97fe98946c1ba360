"""A thin progress bar with a cancel button that appears only when something takes its time."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from backends.api import Reply

PATIENCE_MS = 300


class Waiting(QWidget):
    """`begin` when something starts, `tell` how far it is, `end` when it's there."""

    def __init__(self, what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.busy = False
        self._cancel: Callable[[], None] = lambda: None
        self._text = QLabel(what)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(8)
        self._bar.setAccessibleName(what)
        self.button = QToolButton()
        self.button.setText("Cancel")
        self.button.setToolTip(f"{what}: give it up")
        self.button.setAccessibleName(f"Cancel: {what}")
        self.button.clicked.connect(self.cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self._text, self._bar, self.button):
            row.addWidget(widget, int(widget is self._bar))
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self.show)
        self.hide()

    def begin(self, cancel: Callable[[], None]) -> None:
        """Something began; `cancel` gives it up."""
        self._cancel = cancel
        self.busy = True
        self._bar.setRange(0, 0)
        self._patience.start()

    def tell(self, reply: Reply) -> None:
        """A progress or partial reply came."""
        if (fraction := reply.data.get("fraction")) is not None:
            self._bar.setRange(0, 100)
            self._bar.setValue(round(100 * float(fraction)))

    def end(self) -> None:
        """It is there, or failed."""
        self.busy = False
        self._patience.stop()
        self.hide()

    def cancel(self) -> None:
        """Give up what is under way, if anything is."""
        if self.busy:
            self.end()
            self._cancel()
