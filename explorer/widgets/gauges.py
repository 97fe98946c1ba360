"""A table of figures, each on its scale: a bar to the value, its interval, marks for ceiling and chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPalette, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

CEILING, CHANCE = QColor("#00966f"), QColor("#d55e00")  # told apart by colour-blind people, on both grounds
ROLE = Qt.ItemDataRole.UserRole
LEAST_SCALE = 110  # pixels
HEADERS = ("Score", "Value", "Scale")


@dataclass(frozen=True)
class Gauge:
    """One figure; positions are 0 to 1 along its scale, NaN for what there is not; `said` is all in words."""

    title: str
    value: str
    at: float
    low: float
    high: float
    ceiling: float
    chance: float
    tip: str
    said: str


class GaugeTable(QTableWidget):
    """`show_gauges` fills it; `chosen(row)` when a line becomes current (−1: none)."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADERS), parent)
        self.setHorizontalHeaderLabels(HEADERS)
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setItemDelegateForColumn(2, _GaugeDelegate(self))
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(48)
        self.setMinimumWidth(310)
        self.setAccessibleName("Scores")
        self.setToolTip("Each score on its scale; choose one to see the matrix it is made of")
        self.currentCellChanged.connect(lambda row, *_: self.chosen.emit(row))

    def show_gauges(self, gauges: Sequence[Gauge]) -> None:
        """A line for each."""
        self.blockSignals(True)
        self.clearSelection()
        self.setRowCount(len(gauges))
        for row, gauge in enumerate(gauges):
            for column, text in enumerate((gauge.title, gauge.value, "")):
                item = QTableWidgetItem(text)
                item.setToolTip(gauge.tip)
                if column == 1:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if column == 2:
                    item.setData(ROLE, gauge)
                    item.setData(Qt.ItemDataRole.AccessibleTextRole, gauge.said)
                self.setItem(row, column, item)
        self.setCurrentCell(-1, -1)
        self.blockSignals(False)


class _GaugeDelegate(QStyledItemDelegate):
    """Paints the scale of a figure."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        gauge = index.data(ROLE)
        style: QStyleOptionViewItem = option
        palette: QPalette = style.palette
        state: QStyle.StateFlag = style.state
        place = QRectF(style.rect)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(place, palette.color(QPalette.ColorRole.Highlight))
        if isinstance(gauge, Gauge):
            bar = QRectF(place.left() + 8, place.center().y() - 5, place.width() - 16, 10)
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            _paint_bar(painter, gauge, bar, palette, selected)
            painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(LEAST_SCALE, 24)


def _paint_bar(painter: QPainter, gauge: Gauge, bar: QRectF, palette: QPalette, selected: bool) -> None:
    role = QPalette.ColorRole
    text = palette.color(role.HighlightedText if selected else role.Text)
    painter.fillRect(bar, palette.color(role.Mid))
    if math.isfinite(gauge.at):
        filled = QRectF(bar.left(), bar.top(), bar.width() * gauge.at, bar.height())
        painter.fillRect(filled, text if selected else palette.color(role.Highlight))
    if math.isfinite(gauge.low):
        painter.setPen(QPen(palette.color(role.Highlight) if selected else text, 2))
        y = bar.center().y()
        painter.drawLine(_at(bar, gauge.low, y), _at(bar, gauge.high, y))
    for value, colour in ((gauge.ceiling, CEILING), (gauge.chance, CHANCE)):
        if math.isfinite(value):
            painter.setPen(QPen(colour, 3))
            painter.drawLine(_at(bar, value, bar.top() - 4), _at(bar, value, bar.bottom() + 4))


def _at(bar: QRectF, share: float, y: float) -> QPointF:
    return QPointF(bar.left() + bar.width() * share, y)
