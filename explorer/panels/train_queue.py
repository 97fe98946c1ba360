"""The line below the list: what waits, what holds the queue, and how many train at once."""

from __future__ import annotations

import os
from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from explorer.model.runs import RunSummary
from trainers.api import Phase

HELD = "The folder of the trainings holds the queue: it goes on when the window is closed."


class QueueLine(QWidget):
    """Emits `at_once_changed(count)`, 0 for as many as fit."""

    at_once_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.waiting = QLabel(wordWrap=True)
        self.waiting.setToolTip(HELD)
        self.count = QSpinBox()
        self.count.setRange(0, max(16, os.cpu_count() or 1))
        self.count.setSpecialValueText("as fit")
        self.count.setAccessibleName("How many trainings run at once")
        tip = "How many trainings of the queue run at once; “as fit” is one less than the cores, "
        self.count.setToolTip(tip + "while the memory suffices")
        self.count.valueChanged.connect(self.at_once_changed)
        label = QLabel("At once")
        label.setBuddy(self.count)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.count)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 0, 2, 0)
        layout.addWidget(self.waiting)
        layout.addLayout(row)
        self.show_runs(())

    def show_at_once(self, count: int) -> None:
        """The limit as it stands in the folder; a number that is being typed is left alone."""
        if not self.count.hasFocus():
            with QSignalBlocker(self.count):
                self.count.setValue(count)

    def show_runs(self, runs: Sequence[RunSummary]) -> None:
        """How many run and wait."""
        live = sum(run.phase.live for run in runs)
        waits = sum(run.phase is Phase.QUEUED for run in runs)
        words = f"{live} running, {waits} waiting." if waits or live else "Nothing is running."
        self.waiting.setText(f"{words} {HELD}" if waits else words)
