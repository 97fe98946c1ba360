"""Parallel coordinates: an upright axis for each quantity, a line across them for each thing compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.model.parallel import Axis, heights, inside, nearest

# Viridis (van der Walt and Smith 2015) from its low end to its high one; each ground leaves out the end that
# would vanish on it.
VIRIDIS = ((68, 1, 84), (65, 68, 135), (42, 120, 142), (34, 168, 132), (122, 209, 81), (253, 231, 37))
SEEN = {False: (0.0, 0.78), True: (0.28, 1.0)}  # by whether the ground is dark
COLOURS = 24  # shades that are told apart
SMOOTH_UP_TO = 120  # lines; more are drawn without smoothing, in a tenth of the time
PIECES_A_TURN = {True: 400, False: 1000}  # drawn at a time, smoothly or not: a few milliseconds' worth
TOP, BOTTOM, SIDE = 34, 14, 58  # pixels around the axes
NEAR_PX, GRIP_PX, CLICK_PX = 8.0, 9.0, 4.0
FADED = 36  # alpha of a line outside the ranges


class ParallelView(QWidget):
    """`show_axes` shows; one line is lifted out by the mouse, by arrow keys or by `lift`.

    Emits `hovered(index)` (-1: none), `chosen(index)` (click or Enter), `opened(index)` (double click), and
    `ranged(kept)`, a list of the lines inside all ranges, when a range is dragged on an axis, removed by a
    click on it, or all are by Escape.
    """

    hovered = Signal(int)
    chosen = Signal(int)
    opened = Signal(int)
    ranged = Signal(object)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.axes: tuple[Axis, ...] = ()
        self.coloured = -1  # which axis gives the colours
        self.lifted = -1
        self.ranges: dict[str, tuple[float, float]] = {}
        self._places = heights(())
        self._kept: NDArray[np.bool_] = np.zeros(0, bool)
        self._pieces: dict[int, list[QLineF]] = {}  # of each line; until the size or the data change
        self._lines: QPixmap | None = None  # painted
        self._outdated = True  # whether that is how lines looked before
        self._coming: tuple[QPixmap, Iterator[None]] | None = None  # how they will look, and what paints it
        self._front: QPixmap | None = None  # the axes
        self._pressed: tuple[int, float, QPointF] | None = None  # axis (-1: none), place, point
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(240, 150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_axes(self, axes: Sequence[Axis], coloured: str = "") -> None:
        """Show these, coloured by one of them; ranges on axes that are still there stay."""
        self.axes = tuple(axes)
        names = [axis.name for axis in axes]
        self.coloured = names.index(coloured) if coloured in names else -1
        self.ranges = {name: ends for name, ends in self.ranges.items() if name in names}
        self._places = heights(self.axes)
        self._kept = inside(self.axes, self.ranges)
        self.lifted = self.lifted if self.lifted < len(self._kept) else -1
        self._renew()

    @property
    def kept(self) -> list[int]:
        """The lines inside all ranges."""
        return [int(index) for index in np.flatnonzero(self._kept)]

    def lift(self, index: int) -> None:
        """Draw one line over the others, with its values (-1: none)."""
        if index != self.lifted:
            self.lifted = index
            self.update()

    def clear_ranges(self) -> None:
        """Every line counts again."""
        if self.ranges:
            self.ranges = {}
            self._on_ranges()

    def sizeHint(self) -> QSize:
        return QSize(560, 260)

    # Where things are

    def x_of(self, axis: int) -> float:
        """Where an axis stands, in pixels."""
        gaps = max(len(self.axes) - 1, 1)
        return SIDE + axis * (self.width() - 2 * SIDE) / gaps if len(self.axes) > 1 else self.width() / 2

    def y_of(self, place: float) -> float:
        """Where a place of an axis is, in pixels."""
        return self.height() - BOTTOM - place * self._tall

    @property
    def _tall(self) -> float:
        return max(self.height() - TOP - BOTTOM, 1)

    def _place_at(self, y: float) -> float:
        return min(max((self.height() - BOTTOM - y) / self._tall, 0.0), 1.0)

    def _axis_at(self, point: QPointF) -> int:
        away = [abs(point.x() - self.x_of(index)) for index in range(len(self.axes))]
        best = min(range(len(away)), key=away.__getitem__, default=-1)
        return best if best >= 0 and away[best] <= GRIP_PX and point.y() >= TOP - 8 else -1

    def _line_at(self, point: QPointF) -> int:
        if len(self.axes) < 2:
            return -1
        gap = self.x_of(1) - self.x_of(0)
        places = np.where(self._kept[:, None], self._places, np.nan)
        index, away = nearest(places, (point.x() - SIDE) / gap, self._place_at(point.y()), self._tall)
        return index if away <= NEAR_PX else -1

    # The hand

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            point = event.position()
            self._pressed = (self._axis_at(point), self._place_at(point.y()), point)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position()
        if self._pressed is None:
            axis = self._axis_at(point)
            self.setCursor(Qt.CursorShape.SplitVCursor if axis >= 0 else Qt.CursorShape.ArrowCursor)
            self._hover(self._line_at(point))
        elif self._pressed[0] >= 0 and self._far(point):
            self.ranges[self.axes[self._pressed[0]].name] = (self._pressed[1], self._place_at(point.y()))
            self._on_ranges()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None or event.button() != Qt.MouseButton.LeftButton:
            return
        (axis, _, _), moved = self._pressed, self._far(event.position())
        self._pressed = None
        if axis >= 0 and not moved and self.ranges.pop(self.axes[axis].name, None) is not None:
            self._on_ranges()
        elif axis < 0 and not moved and (line := self._line_at(event.position())) >= 0:
            self.chosen.emit(line)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if (line := self._line_at(event.position())) >= 0 and self._axis_at(event.position()) < 0:
            self.opened.emit(line)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}
        key = Qt.Key(event.key())
        if key in steps and self._kept.any():
            self._hover(self._next(steps[key]))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.lifted >= 0:
            self.chosen.emit(self.lifted)
        elif key == Qt.Key.Key_Escape and self.ranges:
            self.clear_ranges()
        else:
            super().keyPressEvent(event)

    def _next(self, step: int) -> int:
        """The next line up or down on the axis that gives the colours."""
        column = (
            self._places[:, self.coloured] if self.coloured >= 0 else np.arange(len(self._kept), dtype=float)
        )
        order = sorted(self.kept, key=lambda i: (np.nan_to_num(column[i], nan=-1.0), i))
        if self.lifted not in order:
            return order[0 if step > 0 else -1]
        return order[min(max(order.index(self.lifted) + step, 0), len(order) - 1)]

    def _far(self, point: QPointF) -> bool:
        assert self._pressed is not None
        return (point - self._pressed[2]).manhattanLength() > CLICK_PX

    def _hover(self, line: int) -> None:
        if line != self.lifted:
            self.lift(line)
            self.hovered.emit(line)

    def _on_ranges(self) -> None:
        self._kept = inside(self.axes, self.ranges)
        if self.lifted >= 0 and not self._kept[self.lifted]:
            self._hover(-1)
        self._outdated = True
        self.update()
        self.ranged.emit(self.kept)

    # Painting

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lines = None
        self._renew()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._renew()

    def _renew(self) -> None:
        """All is painted anew; the old lines are seen until the new ones are there."""
        self._pieces, self._coming, self._front = {}, None, None
        self._outdated = True
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Base))
        painter.drawPixmap(0, 0, self._painted_lines())
        ratio = self.devicePixelRatioF()
        if self._front is None or self._front.devicePixelRatio() != ratio:
            self._front = self._layer()
            with QPainter(self._front) as axes:
                self._paint_axes(axes)
        painter.drawPixmap(0, 0, self._front)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index, axis in enumerate(self.axes):
            if axis.name in self.ranges:
                self._paint_range(painter, index, self.ranges[axis.name])
        if 0 <= self.lifted < len(self._places):
            self._paint_lifted(painter)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def _layer(self) -> QPixmap:
        """Something to paint on that stays while the mouse moves."""
        ratio = self.devicePixelRatioF()
        layer = QPixmap(self.size() * ratio)
        layer.setDevicePixelRatio(ratio)
        layer.fill(Qt.GlobalColor.transparent)
        return layer

    def _painted_lines(self) -> QPixmap:
        """Go on with the lines: a thousand take several turns, so that nobody waits for one of them.

        What changes meanwhile is painted afterwards, else a hand that moves would never see an end.
        """
        if self._lines is not None and self._lines.devicePixelRatio() != self.devicePixelRatioF():
            self._lines, self._outdated = None, True
        if self._coming is None and self._outdated:
            layer = self._layer()
            self._coming, self._outdated = (layer, self._paint_lines(layer)), False
        if self._coming is not None:
            layer, turns = self._coming
            if next(turns, self) is self:
                self._lines, self._coming = layer, None
        if self._coming is not None or self._outdated:
            QTimer.singleShot(0, self, self.update)
        shown = self._lines or (self._coming and self._coming[0])
        assert shown
        return shown

    def _paint_lines(self, layer: QPixmap) -> Iterator[None]:
        """Those outside the ranges first, then shade by shade: one call for each is ten times as fast."""
        smooth = len(self._places) <= SMOOTH_UP_TO
        room = PIECES_A_TURN[smooth]
        for colour, rows in self._shades():
            at_once = max(PIECES_A_TURN[smooth] // max(len(self.axes) - 1, 1), 1)
            for begin in range(0, len(rows), at_once):
                pieces = self._segments(rows[begin : begin + at_once])
                if len(pieces) > room:
                    yield
                    room = PIECES_A_TURN[smooth]
                room -= len(pieces)
                with QPainter(layer) as painter:
                    painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)
                    painter.setPen(QPen(colour, 1))
                    painter.drawLines(pieces)

    def _shades(self) -> list[tuple[QColor, NDArray[np.intp]]]:
        """The lines of each colour, those below first."""
        faded = QColor(self.palette().color(QPalette.ColorRole.Text))
        faded.setAlpha(FADED)
        found = [(faded, np.flatnonzero(~self._kept))]
        if self.coloured < 0:
            colour = self.palette().color(QPalette.ColorRole.Highlight)
            return [*found, (colour, np.flatnonzero(self._kept))]
        shades = np.nan_to_num(self._places[:, self.coloured] * (COLOURS - 1), nan=-1).round()
        unknown = self.palette().color(QPalette.ColorRole.PlaceholderText)
        for shade in np.unique(shades[self._kept]):
            colour = self.colour(shade / (COLOURS - 1)) if shade >= 0 else unknown
            found.append((colour, np.flatnonzero(self._kept & (shades == shade))))
        return found

    def _segments(self, rows: NDArray[np.intp] | Sequence[int]) -> list[QLineF]:
        """The pieces of these lines between neighbouring axes; those with an unknown end are left out."""
        x = [self.x_of(index) for index in range(len(self.axes))]
        tall, foot = self._tall, self.height() - BOTTOM
        missing = [int(row) for row in rows if int(row) not in self._pieces]
        for row, line in zip(missing, (foot - self._places[missing] * tall).tolist(), strict=True):
            points = list(zip(x, line, strict=True))
            self._pieces[row] = [QLineF(*a, *b) for a, b in pairwise(points) if a[1] == a[1] and b[1] == b[1]]
        return [piece for row in rows for piece in self._pieces[int(row)]]

    def _paint_axes(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index in range(len(self.axes)):
            self._paint_axis(painter, index)

    def colour(self, share: float) -> QColor:
        """The colour of a place on the axis that gives the colours."""
        dark = self.palette().color(QPalette.ColorRole.Base).lightness() < 128
        low, high = SEEN[dark]
        at = (low + share * (high - low)) * (len(VIRIDIS) - 1)
        left = min(int(at), len(VIRIDIS) - 2)
        mixed = (a + (at - left) * (b - a) for a, b in zip(VIRIDIS[left], VIRIDIS[left + 1], strict=True))
        return QColor(*(round(part) for part in mixed))

    def _paint_axis(self, painter: QPainter, index: int) -> None:
        axis, x = self.axes[index], self.x_of(index)
        text = self.palette().color(QPalette.ColorRole.Text)
        foot, head = QPointF(x, self.y_of(0)), QPointF(x, self.y_of(1))
        if index == self.coloured:
            shading = QLinearGradient(foot, head)
            for step in range(COLOURS):
                shading.setColorAt(step / (COLOURS - 1), self.colour(step / (COLOURS - 1)))
            painter.fillRect(QRectF(x - 3, head.y(), 6, self._tall), shading)
        painter.setPen(QPen(text, 1))
        painter.drawLine(foot, head)
        room = (self.x_of(1) - self.x_of(0) if len(self.axes) > 1 else self.width()) - 6
        self._write(painter, axis.name.replace("_", " "), QPointF(x, 12), min(room, 150), bold=True)
        for place, words in axis.marks:
            painter.drawLine(QPointF(x - 3, self.y_of(place)), QPointF(x + 3, self.y_of(place)))
            self._write_beside(painter, words, index, place)

    def _paint_range(self, painter: QPainter, index: int, ends: tuple[float, float]) -> None:
        low, high = sorted(ends)
        colour = QColor(self.palette().color(QPalette.ColorRole.Highlight))
        painter.setPen(QPen(colour, 1.5))
        colour.setAlpha(60)
        painter.setBrush(colour)
        top = self.y_of(high)
        painter.drawRect(QRectF(self.x_of(index) - 6, top, 12, max(self.y_of(low) - top, 1)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for place in (low, high):
            self._write_beside(painter, self.axes[index].text_at(place), index, place, strong=True)

    def _paint_lifted(self, painter: QPainter) -> None:
        colour = self.palette().color(QPalette.ColorRole.Highlight)
        painter.setPen(QPen(colour, 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLines(self._segments([self.lifted]))
        for index, place in enumerate(self._places[self.lifted].tolist()):
            if np.isfinite(place):
                painter.setPen(QPen(colour, 1))
                painter.setBrush(colour)
                painter.drawEllipse(QPointF(self.x_of(index), self.y_of(place)), 3.5, 3.5)
                self._write_beside(painter, self.axes[index].text_at(place), index, place, strong=True)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _write(self, painter: QPainter, words: str, middle: QPointF, room: float, *, bold: bool) -> None:
        font = self.font()
        font.setBold(bold)
        painter.setFont(font)
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        short = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, round(room))
        wide = painter.fontMetrics().horizontalAdvance(short)
        left = min(max(middle.x() - wide / 2, 2), self.width() - wide - 2)
        painter.drawText(QPointF(left, middle.y() + painter.fontMetrics().ascent() / 2), short)

    def _write_beside(
        self, painter: QPainter, words: str, index: int, place: float, *, strong: bool = False
    ) -> None:
        """A value beside an axis, to its right; `strong` on a ground of its own."""
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.85)
        font.setBold(strong)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        short = metrics.elidedText(words, Qt.TextElideMode.ElideRight, SIDE + 20 if strong else SIDE)
        left = min(self.x_of(index) + 7, self.width() - metrics.horizontalAdvance(short) - 2)
        base = min(max(self.y_of(place) + metrics.ascent() / 2 - 1, TOP), self.height() - 3)
        ground = QColor(self.palette().color(QPalette.ColorRole.Base))
        ground.setAlpha(235 if strong else 150)
        room = QRectF(
            left - 2, base - metrics.ascent(), metrics.horizontalAdvance(short) + 4, metrics.height()
        )
        painter.fillRect(room, ground)
        role = QPalette.ColorRole.Text if strong else QPalette.ColorRole.PlaceholderText
        painter.setPen(self.palette().color(role))
        painter.drawText(QPointF(left, base), short)
