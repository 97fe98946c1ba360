"""One model in Compare: its name and what it is, its pictures, and their difference from the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from backends.api import ModelInfo
from explorer.model.cards import group, tooltip
from explorer.widgets.icons import icon
from explorer.widgets.images import Image, ImageGrid, ImageView

SIDE = 180  # pixels for the name of a model whose pictures lie beside it


class Pictures(QStackedWidget):
    """One picture large, or several in a grid; `activated(index)` on a double click in the grid."""

    activated = Signal(int)
    image_dropped = Signal(object)

    def __init__(self, what: str) -> None:
        super().__init__()
        self.view, self.grid = ImageView(), ImageGrid()
        for widget in (self.view, self.grid):
            widget.setAccessibleName(what)
            widget.image_dropped.connect(self.image_dropped)
            self.addWidget(widget)
        self.grid.setToolTip("Double-click makes this model and this picture's code current.")
        self.grid.activated.connect(self.activated)

    def show_images(self, images: Sequence[Image], columns: int = 0) -> None:
        """Show one uint8 `[H, W, C]` large, more in a grid (`columns` 0: as fits best)."""
        if len(images) == 1:
            self.view.show_image(images[0])
            self.setCurrentWidget(self.view)
        else:
            self.grid.columns = columns
            self.grid.show_images(list(images))
            self.setCurrentWidget(self.grid)

    def show_hint(self, hint: str) -> None:
        self.view.set_hint(hint)
        self.view.show_image(None)
        self.setCurrentWidget(self.view)

    @property
    def images(self) -> list[Image]:
        """What is shown."""
        if self.currentWidget() is self.view:
            return [] if self.view.array is None else [self.view.array]
        return [a for a in self.grid.arrays if a is not None]


class Column(QWidget):
    """`moved(step)` and `removed` for the place among the others, `chosen` to make the model current."""

    moved = Signal(int)
    removed = Signal()
    chosen = Signal()
    kept = Signal()

    def __init__(self, info: ModelInfo, first: bool, last: bool) -> None:
        super().__init__()
        self.info = info
        self.asked: object = None  # what its pictures were asked for with
        self.codes: np.ndarray = np.zeros((0, info.space.size), np.float32)
        self.pictures = Pictures(f"Pictures of {info.name}")
        self.difference = Pictures(f"Differences of {info.name}")
        self.title = QToolButton()
        training = group(info) == "Runs" and info.step > 0
        self.title.setText(f"{info.name} · step {info.step:,}" if training else info.name)
        self.title.setToolTip(f"{tooltip(info)}\n\nClick makes this model current.")
        self.title.setAccessibleName(f"Make {info.name} current")
        self.title.setAutoRaise(True)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.title.clicked.connect(self.chosen)
        self.said = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self.said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.compared = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self.compared.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.left = self._button("previous", "Move to the left", lambda: self.moved.emit(-1), not first)
        self.right = self._button("next", "Move to the right", lambda: self.moved.emit(1), not last)
        self.away = self._button("close", "Remove from the comparison", self.removed.emit, True)
        self.stage = self._button("star", "Keep this stage of the training as a model", self.kept.emit, True)
        self.stage.setVisible(training)
        self._arrange()

    def lie(self, lying: bool) -> None:
        """Name at the left and pictures in a strip beside it, or everything one below the other."""
        direction = QBoxLayout.Direction.LeftToRight if lying else QBoxLayout.Direction.TopToBottom
        self._box.setDirection(direction)
        self._side.setMaximumWidth(SIDE if lying else 16777215)
        self._box.setStretch(0, int(lying))
        (self._head if lying else self._body).addWidget(self.compared)

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(0)
        for widget in (self.left, self.title, self.right, self.stage, self.away):
            head.addWidget(widget, int(widget is self.title))
        self._side = QWidget()
        self._head = QVBoxLayout(self._side)
        self._head.setContentsMargins(0, 0, 0, 0)
        self._head.setSpacing(2)
        self._head.addLayout(head)
        self._head.addWidget(self.said)
        self._body = QVBoxLayout()
        self._body.setSpacing(2)
        self._body.addWidget(self.pictures, 1)
        self._body.addWidget(self.difference, 1)
        self._body.addWidget(self.compared)
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(2)
        self._box.addWidget(self._side)
        self._box.addLayout(self._body, 1)

    def say(self, text: str, tip: str = "") -> None:
        """One line below the name: whose code is shown."""
        self.said.setText(text)
        self.said.setToolTip(tip)

    def show_difference(self, images: Sequence[Image], text: str, columns: int = 0) -> None:
        """Differences in colour and their size in words; no images leave the place empty with `text`."""
        if images:
            self.difference.show_images(images, columns)
        else:
            self.difference.show_hint(text)
        self.compared.setText(text if images else "")

    def _button(self, name: str, tip: str, act: Callable[[], object], enabled: bool) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name))
        button.setAutoRaise(True)
        button.setToolTip(tip)
        button.setAccessibleName(f"{tip}: {self.info.name}")
        button.setEnabled(enabled)
        button.clicked.connect(lambda: act())
        return button
