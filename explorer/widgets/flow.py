"""Widgets in lines that break where the width ends: label buttons, chips."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowLayout(QLayout):
    """Lays its items out from left to right, then in the next line; its widget gets the height they need."""

    def __init__(self, parent: QWidget | None = None, gap: int = 4) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._gap = gap
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        high = max(self._arrange(rect), 1)  # a box of no height would never be asked again
        # Qt would ask for the height at the least width there could be, which is far too high.
        if (box := self.parentWidget()) is not None and box.minimumHeight() != high:
            box.setFixedHeight(high)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _arrange(self, rect: QRect) -> int:
        """Place the items, those of a line at one height: the height that they take."""
        x, y = rect.x(), rect.y()
        line: list[tuple[QLayoutItem, QRect]] = []
        for item in self._items:
            if item.isEmpty():  # hidden: it leaves no gap
                continue
            size = item.sizeHint()
            if line and x + size.width() > rect.right() + 1:
                x, y = rect.x(), _settle(line) + self._gap
                line = []
            line.append((item, QRect(QPoint(x, y), size)))
            x += size.width() + self._gap
        return _settle(line) - rect.y() if line else 0


def _settle(line: list[tuple[QLayoutItem, QRect]]) -> int:
    """Centre the items of a line: where it ends."""
    top, high = line[0][1].y(), max(place.height() for _, place in line)
    for item, place in line:
        item.setGeometry(place.translated(0, (high - place.height()) // 2))
    return top + high


def flowing(*widgets: QWidget, gap: int = 6) -> QWidget:
    """Widgets in lines that break."""
    box = QWidget()
    row = FlowLayout(box, gap)
    for widget in widgets:
        row.addWidget(widget)
    return box
