"""Side pages of the Map: settings, trust, clusters, time; one at a time, above the legend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from explorer.panels.map_made import Mapped

WIDTH, LEAST = 250, 120


class Page(QWidget):
    """One side page; `follow` is told of every finished map, None when there is none."""

    title = ""
    tip = ""

    def follow(self, made: Mapped | None) -> None:
        """Another map, finished."""


class Pages(QWidget):
    """Shows one page under its title, or nothing at all."""

    turned = Signal()

    def __init__(self, pages: dict[str, Page]) -> None:
        super().__init__()
        self.pages = pages
        self.open = ""
        self.title = QLabel()
        self.close_button = QToolButton()
        self.close_button.setText("×")
        self.close_button.setToolTip("Close this page")
        self.close_button.setAccessibleName("Close this page")
        self.close_button.setAutoRaise(True)
        self.close_button.clicked.connect(lambda: self.turn(""))
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.close_button)
        held = QWidget()  # no stack, which would be as high as its highest page
        stack = QVBoxLayout(held)
        stack.setContentsMargins(0, 0, 0, 0)
        for page in pages.values():
            page.hide()
            stack.addWidget(page)
        stack.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(head)
        self.room = _Room(held)
        column.addWidget(self.room)
        self.setFixedWidth(WIDTH)
        self.hide()

    def turn(self, name: str) -> None:
        """Open a page; the one that is open, or none, closes."""
        self.open = "" if name == self.open else name
        for known, page in self.pages.items():
            page.setVisible(known == self.open)
        if self.open:
            self.room.updateGeometry()
            self.title.setText(f"<b>{self.pages[self.open].title}</b>")
        self.setVisible(bool(self.open))
        self.turned.emit()

    def follow(self, made: Mapped | None) -> None:
        """Tell all pages of another map."""
        for page in self.pages.values():
            page.follow(made)


class _Room(QScrollArea):
    """As high as its page; where there is less room it scrolls, and the panel stays as it is."""

    def __init__(self, pages: QWidget) -> None:
        super().__init__()
        self.setWidget(pages)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setMinimumHeight(LEAST)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setAutoFillBackground(False)
        pages.setAutoFillBackground(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:  # the page says more, or less, than before
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def sizeHint(self) -> QSize:
        pages = self.widget()
        assert pages is not None
        height = pages.heightForWidth(WIDTH) if pages.hasHeightForWidth() else pages.sizeHint().height()
        return QSize(WIDTH, max(height, LEAST))
