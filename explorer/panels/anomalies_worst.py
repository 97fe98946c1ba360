"""The worst images of a search in three rows, and the chosen one beside what the model makes of it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from explorer.latent.anomaly_case import Case
from explorer.widgets.images import Image, ImageGrid, ImageView

COLUMNS = 8
ROWS = ("Highest", "False alarms", "Missed")
TIPS = "The highest scores of all; normal images with the highest scores; anomalies with the lowest scores"
BESIDE = 132  # pixels
LEAST = 190  # of three rows with captions


class WorstImages(QWidget):
    """Emits `chosen(row)`, the number of an image in the case, when one is clicked."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.case: Case | None = None
        self.rows: list[int] = []  # of each cell; −1 where there is none
        self._build()
        self.grid.clicked.connect(self._on_clicked)

    def show_case(self, case: Case | None) -> None:
        """The images of a search; None: nothing."""
        self.case = case
        self.rows = [] if case is None else _cells(case)
        images: list[Image | None] = []
        captions: list[str] = []
        for row in self.rows:
            images.append(None if case is None or row < 0 else case.images[row])
            captions.append("" if case is None or row < 0 else case.kind(row))
        self.grid.row_titles = list(ROWS) if case is not None else []
        self.grid.show_images(images, captions)
        self.grid.select(COLUMNS if case is not None else -1)  # the worst false alarm
        self.show_pair(None, None, "")
        if case is not None:
            row = self.rows[COLUMNS]
            again = None if case.again is None else case.again[row]
            self.show_pair(case.images[row], again, case.caption(row))

    def show_pair(self, image: Image | None, again: Image | None, text: str) -> None:
        """An image and its copy by the model."""
        self.image.show_image(image)
        self.copy.show_image(again)
        self.text.setText(text)

    def _on_clicked(self, cell: int) -> None:
        if 0 <= cell < len(self.rows) and self.rows[cell] >= 0:
            self.chosen.emit(self.rows[cell])

    def _build(self) -> None:
        self.grid = ImageGrid("", columns=COLUMNS)
        self.grid.setAccessibleName("Worst images")
        self.grid.setToolTip(TIPS)
        self.grid.setAcceptDrops(False)
        self.grid.setMinimumHeight(LEAST)
        self.image, self.copy = ImageView("Click an image."), ImageView()
        for view, name in ((self.image, "The chosen image"), (self.copy, "The model's copy of it")):
            view.setAccessibleName(name)
            view.setToolTip(name)
            view.setAcceptDrops(False)
            view.setFixedWidth(BESIDE)
            view.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Ignored)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setFixedWidth(BESIDE)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        beside = QVBoxLayout()
        for widget in (self.image, self.copy, self.text):
            beside.addWidget(widget, int(widget is not self.text))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.grid, 1)
        row.addLayout(beside)


def _cells(case: Case) -> list[int]:
    """Rows of the case, one kind after the other, each filled up with −1."""
    kinds = (case.verdict.highest, case.verdict.alarms, case.verdict.missed)
    found = [np.resize(np.append(rows[:COLUMNS], [-1] * COLUMNS), COLUMNS) for rows in kinds]
    return [int(row) for row in np.concatenate(found)]
