"""A map of points one can hover, click and zoom, with a marker for where one is and a path."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

from explorer.widgets.scatter_points import PointsItem

REACH = 14  # pixels; a point is hit from so far
MARKER = "#ffc400"
MOST_NAMES = 30
# pyqtgraph drops moves that follow within 10 ms, the last one too: what is hovered would be wrong at rest.
pg.setConfigOption("mouseRateLimit", -1)


class ScatterView(pg.PlotWidget):
    """Emits `hovered(row)` (−1: none) and `clicked(row, shift)`. Drag moves, the wheel zooms."""

    hovered = Signal(int)
    clicked = Signal(int, bool)

    def __init__(self, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hint = hint  # said while there are no points
        self.hover = -1
        self.points = PointsItem()
        self.setAccessibleName("Map")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.hideAxis("left")
        self.hideAxis("bottom")
        self.hideButtons()
        self.setMenuEnabled(False)
        self.setAspectLocked(True)
        self.getViewBox().setDefaultPadding(0.04)
        self.addItem(self.points)
        self._names: list[pg.TextItem] = []
        self._path = pg.PlotDataItem(symbol="o", symbolSize=5)
        self._ring = pg.ScatterPlotItem(size=16)
        self._under = pg.ScatterPlotItem(size=20)
        self._current = pg.ScatterPlotItem(size=20)
        for height, item in enumerate((self._path, self._ring, self._under, self._current), start=20):
            item.setZValue(height)
            self.addItem(item, ignoreBounds=True)
        self.scene().sigMouseMoved.connect(self._on_moved)
        self.scene().sigMouseClicked.connect(self._on_clicked)
        self._restyle()

    def show_points(
        self,
        positions: NDArray[np.float32],
        colours: NDArray[np.uint8],
        shown: NDArray[np.bool_] | None = None,
        keep_view: bool = False,
    ) -> None:
        """Draw N points at `[N, 2]` in `[N, 3]`; those not `shown` `[N]` go pale and can't be hit."""
        self._shown = np.ones(len(positions), bool) if shown is None else shown
        self.points.show_points(positions, colours, self._shown)
        self._set_hover(-1)
        if not keep_view:
            self.fit_view()

    def clear_points(self, hint: str) -> None:
        """Show the hint instead."""
        self.hint = hint
        self.show_points(np.zeros((0, 2), np.float32), np.zeros((0, 3), np.uint8))
        self.mark_current(None)
        self.mark_path(None)
        self.show_names([])

    def fit_view(self) -> None:
        """All points in view."""
        if not self.points.boundingRect().isEmpty():
            self.getViewBox().setRange(self.points.boundingRect(), padding=0.04)

    def mark_current(self, place: NDArray[np.float32] | None, off: float = 0.0) -> None:
        """The ring for where one is; it pales as `off`, the distance from the data, exceeds 2."""
        for item in (self._under, self._current):
            item.setData([] if place is None else [place[0]], [] if place is None else [place[1]])
            item.setOpacity(1.0 if off <= 2 else max(0.5, 2.0 / off))

    def mark_path(self, places: NDArray[np.float32] | None) -> None:
        """A line through `[M, 2]`."""
        places = np.zeros((0, 2), np.float32) if places is None else places
        self._path.setData(places[:, 0], places[:, 1])

    def show_names(self, names: list[tuple[str, NDArray[np.float32]]]) -> None:
        """Texts on the map. Those there already only move: ten new ones a frame would cost 7 ms."""
        names = names[:MOST_NAMES]
        if [text for text, _ in names] != [item.toPlainText() for item in self._names]:
            self._new_names([text for text, _ in names])
        for item, (_, place) in zip(self._names, names, strict=True):
            item.setPos(float(place[0]), float(place[1]))

    def _new_names(self, texts: list[str]) -> None:
        for item in self._names:
            self.removeItem(item)
        self._names = []
        font = self.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.2)
        for text in texts:
            item = pg.TextItem(text, anchor=(0.5, 0.5))
            item.setFont(font)
            item.setZValue(10)
            self.addItem(item, ignoreBounds=True)
            self._names.append(item)
        self._restyle()

    def row_at(self, scene: QPointF) -> int:
        """The nearest shown point within reach, −1 when there is none."""
        positions = self.points.positions
        if not len(positions):
            return -1
        to = self.points.sceneTransform()
        dx = positions[:, 0] * to.m11() + (to.dx() - scene.x())
        dy = positions[:, 1] * to.m22() + (to.dy() - scene.y())
        away = np.where(self._shown, dx * dx + dy * dy, np.inf)
        away[np.isnan(away)] = np.inf
        row = int(away.argmin())
        return row if away[row] <= REACH**2 else -1

    def pixel_of(self, row: int) -> QPointF:
        """Where a point is in the widget."""
        x, y = (float(v) for v in self.points.positions[row])
        return QPointF(self.mapFromScene(self.points.sceneTransform().map(QPointF(x, y))))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not len(self.points.positions) and self.hint:
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(24, 12, -24, -12), int(flags), self.hint)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._set_hover(-1)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_names"):
            self._restyle()

    def _on_moved(self, scene: QPointF) -> None:
        self._set_hover(self.row_at(scene))

    def _on_clicked(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton and (row := self.row_at(event.scenePos())) >= 0:
            self.clicked.emit(row, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def _set_hover(self, row: int) -> None:
        if row == self.hover:
            return
        self.hover = row
        place = self.points.positions[row : row + 1] if row >= 0 else np.zeros((0, 2))
        self._ring.setData(place[:, 0], place[:, 1])
        self.setCursor(Qt.CursorShape.PointingHandCursor if row >= 0 else Qt.CursorShape.ArrowCursor)
        self.hovered.emit(row)

    def _restyle(self) -> None:
        """Pens and grounds in the palette's colours."""
        base, text = (self.palette().color(r) for r in (QPalette.ColorRole.Base, QPalette.ColorRole.Text))
        self.setBackground(base)
        self._path.setPen(pg.mkPen(text, width=2))
        self._path.setSymbolBrush(text)
        self._path.setSymbolPen(pg.mkPen(base))
        self._ring.setPen(pg.mkPen(text, width=2))
        self._ring.setBrush(None)
        # A dark ring under a bright one is seen on every ground.
        self._under.setPen(pg.mkPen(QColor(0, 0, 0, 200), width=6))
        self._under.setBrush(None)
        self._current.setPen(pg.mkPen(MARKER, width=3))
        self._current.setBrush(None)
        ground = QColor(base)
        ground.setAlpha(190)
        for item in self._names:
            item.setColor(text)
            item.fill = pg.mkBrush(ground)
