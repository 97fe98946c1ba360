"""A matrix as a picture: cells in colour with their numbers, bars in its margins, every value on hover."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

Floats = NDArray[np.float64]
Colours = NDArray[np.uint8]

MOST_WIDE, MOST_TALL = 130, 46  # pixels of a cell
LEAST_LINED, LEAST_NUMBERED, MOST_NUMBERS = 3, 34, 320
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
FEW_ROWS = 12
BAR = 56  # pixels of a margin's bars
GAP = 8
STEPS = {
    Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0),
}  # fmt: skip


class HeatMatrix(QWidget):
    """`show_matrix` draws; `pointed(row, column)` says which cell is pointed at (−1: none)."""

    pointed = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values: Floats = np.zeros((0, 0))
        self.rows: tuple[str, ...] = ()
        self.columns: tuple[str, ...] = ()
        self.cell = (-1, -1)
        self.hint = ""
        self._colours: Colours = np.zeros((0, 0, 3), np.uint8)
        self._right: Floats = np.zeros(0)
        self._below: Floats = np.zeros(0)
        self._captions = ("", "")
        self._picture: QPixmap | None = None
        self._place = self._grid()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Matrix of scores")
        self.setToolTip("Point at a cell, or move with the arrow keys, for its value")

    def show_matrix(
        self,
        values: Floats,
        colours: Colours,
        rows: Sequence[str],
        columns: Sequence[str],
        right: Floats,
        below: Floats,
        captions: tuple[str, str],
    ) -> None:
        """`values` `[D, K]` in `colours` `[D, K, 3]`; bars `right` `[D]` and `below` `[K]`, or empty."""
        self.values, self._colours = values, colours
        self.rows, self.columns = tuple(rows), tuple(columns)
        self._right, self._below, self._captions = right, below, captions
        self.updateGeometry()
        self._point(-1, -1)
        self._forget()

    def show_hint(self, text: str) -> None:
        """Nothing but a sentence about what to do."""
        self.values, self.rows, self.columns, self.hint = np.zeros((0, 0)), (), (), text
        self.updateGeometry()
        self._point(-1, -1)
        self._forget()

    def sizeHint(self) -> QSize:
        return QSize(520, 300)

    def minimumSizeHint(self) -> QSize:
        """Few rows can all be read."""
        rows = min(len(self.rows), FEW_ROWS) * self.fontMetrics().height()
        return QSize(240, max(180, self._titles_height() + GAP + rows + self._bars(self._below)))

    # Where things are

    def rect_of(self, row: int, column: int) -> QRect:
        """The cell's place in the widget."""
        area, wide, tall = self._place
        left, right = (round(area.left() + at * wide) for at in (column, column + 1))
        top, bottom = (round(area.top() + at * tall) for at in (row, row + 1))
        return QRect(left, top, max(right - left, 1), max(bottom - top, 1))

    def _grid(self) -> tuple[QRect, float, float]:
        """Where the cells are, and their width and height; of many rows perhaps less than a pixel."""
        left, top = self._names_width() + GAP, self._titles_height() + GAP
        count, across = self.values.shape
        room_w = max(self.width() - left - self._bars(self._right), 1)
        room_h = max(self.height() - top - self._bars(self._below), 1)
        wide, tall = min(room_w / max(across, 1), MOST_WIDE), min(room_h / max(count, 1), MOST_TALL)
        return QRect(left, top, round(wide * across), round(tall * count)), wide, tall

    def _bars(self, values: Floats) -> int:
        """The room of a margin."""
        return BAR + 3 * GAP if values.size else GAP

    def _names_width(self) -> int:
        text = max((self.fontMetrics().horizontalAdvance(name) for name in self.rows), default=0)
        return min(text, 150) + 2 * GAP

    def _titles_height(self) -> int:
        text = max((self.fontMetrics().horizontalAdvance(name) for name in self.columns), default=0)
        return self.fontMetrics().height() + GAP if self._flat() else min(text, 120) + GAP

    def _flat(self) -> bool:
        """Whether the names of columns fit beside each other."""
        across = max(self.values.shape[1], 1)
        room = self.width() - self._names_width() - GAP - self._bars(self._right)
        wide = min(room // across, MOST_WIDE)
        return all(self.fontMetrics().horizontalAdvance(name) + 6 <= wide for name in self.columns)

    # Pointing

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(*self._cell_at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point(-1, -1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = STEPS.get(Qt.Key(event.key()))
        if step is None or not self.values.size:
            super().keyPressEvent(event)
            return
        count, across = self.values.shape
        row, column = (max(self.cell[0], 0), max(self.cell[1], 0))
        if self.cell != (-1, -1):
            row, column = min(max(row + step[0], 0), count - 1), min(max(column + step[1], 0), across - 1)
        self._point(row, column)

    def _cell_at(self, place: QPoint) -> tuple[int, int]:
        area, wide, tall = self._place
        if not self.values.size or not area.contains(place):
            return -1, -1
        row, column = int((place.y() - area.top()) / tall), int((place.x() - area.left()) / wide)
        return min(row, len(self.rows) - 1), min(column, len(self.columns) - 1)

    def _point(self, row: int, column: int) -> None:
        if (row, column) != self.cell:
            self.cell = (row, column)
            self.setAccessibleDescription(self.text_of(row, column))
            self.update()
            self.pointed.emit(row, column)

    def text_of(self, row: int, column: int) -> str:
        """What a cell says: its row, its column and its value."""
        if row < 0 or not self.values.size:
            return ""
        return f"{self.rows[row]} · {self.columns[column]}: {self.values[row, column]:.3f}"

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self.values.size:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            words = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(40, 20, -40, -20), words, self.hint)
            return
        if self._picture is None:
            self._picture = self._painted()
        painter.drawPixmap(0, 0, self._picture)
        if self.cell != (-1, -1):
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Text), 2))
            painter.drawRect(self.rect_of(*self.cell).adjusted(0, 0, -1, -1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._forget()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        self._forget()

    def _forget(self) -> None:
        """Size, colours, font or content changed: measure and paint anew."""
        self._place = self._grid()
        self._picture = None
        self.update()

    def _painted(self) -> QPixmap:
        """All but the mark of the cell pointed at, which moves too often to paint everything with it."""
        ratio = self.devicePixelRatioF()
        picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setFont(self.font())
        self._paint_names(painter)
        self._paint_cells(painter)
        self._paint_bars(painter)
        painter.end()
        return picture

    def _paint_cells(self, painter: QPainter) -> None:
        area, wide, tall = self._place
        count, across = self.values.shape
        data = np.ascontiguousarray(self._colours)
        painter.drawImage(area, QImage(data.data, across, count, 3 * across, QImage.Format.Format_RGB888))
        painter.setPen(self.palette().color(QPalette.ColorRole.Window))
        if tall > LEAST_LINED and wide > LEAST_LINED:
            for row in range(1, count):
                y = self.rect_of(row, 0).top() - 1
                painter.drawLine(area.left(), y, area.right(), y)
            for column in range(1, across):
                x = self.rect_of(0, column).left() - 1
                painter.drawLine(x, area.top(), x, area.bottom())
        roomy = wide >= LEAST_NUMBERED and tall >= self.fontMetrics().height()
        if roomy and self.values.size <= MOST_NUMBERS:
            self._paint_numbers(painter)

    def _paint_numbers(self, painter: QPainter) -> None:
        bright = self._colours.astype(np.float32) @ LUMA
        for row, column in np.ndindex(*self.values.shape):
            painter.setPen(QColor("white" if bright[row, column] < 140 else "black"))
            text = f"{self.values[row, column]:.2f}"
            painter.drawText(self.rect_of(row, column), int(Qt.AlignmentFlag.AlignCenter), text)

    def _paint_names(self, painter: QPainter) -> None:
        area, wide, tall = self._place
        metrics, elide = self.fontMetrics(), Qt.TextElideMode.ElideRight
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        every = max(1, math.ceil(metrics.height() / tall))  # where rows are low, only some have a name
        for row in range(0, len(self.rows), every):
            cell = self.rect_of(row, 0)
            place = QRect(0, cell.top(), area.left() - GAP, max(cell.height(), metrics.height()))
            text = metrics.elidedText(self.rows[row], elide, place.width())
            right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            painter.drawText(place, right, text)
        if self._flat():
            for column, name in enumerate(self.columns):
                cell = self.rect_of(0, column)
                place = QRect(cell.left(), 0, cell.width(), area.top() - GAP // 2)
                painter.drawText(
                    place, int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom), name
                )
            return
        for column, name in enumerate(self.columns):
            painter.save()
            painter.translate(area.left() + (column + 0.5) * wide, area.top() - GAP / 2)
            painter.rotate(-90)
            text = metrics.elidedText(name, elide, area.top() - GAP)
            painter.drawText(QRectF(0, -metrics.height() / 2, area.top(), metrics.height()), 0, text)
            painter.restore()

    def _paint_bars(self, painter: QPainter) -> None:
        area = self._place[0]
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        ground = self.palette().color(QPalette.ColorRole.AlternateBase)
        grounds, bars = [], []
        for row, value in enumerate(self._right):
            cell = self.rect_of(row, 0)
            place = QRect(area.right() + 2 * GAP, cell.top(), BAR, max(cell.height() - 2, 1))
            grounds.append(place)
            bars.append(QRect(place.topLeft(), QSize(round(BAR * _share(value)), place.height())))
        for column, value in enumerate(self._below):
            cell = self.rect_of(0, column)
            place = QRect(cell.left(), area.bottom() + 2 * GAP, max(cell.width() - 2, 1), BAR)
            grounds.append(place)
            bars.append(QRect(place.topLeft(), QSize(place.width(), round(BAR * _share(value)))))
        painter.setPen(Qt.PenStyle.NoPen)
        for places, colour in ((grounds, ground), (bars, accent)):
            painter.setBrush(colour)
            painter.drawRects(places)  # at once: a code may have hundreds of dimensions
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        first, second = self._captions
        above = QRect(area.right() + 2 * GAP, 0, BAR + 2 * GAP, area.top() - GAP // 2)
        painter.drawText(above, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom), first)
        beside = QRect(0, area.bottom() + 2 * GAP, area.left() - GAP, BAR)
        painter.drawText(beside, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop), second)


def _share(value: float) -> float:
    return min(max(float(np.nan_to_num(value)), 0.0), 1.0)
