"""What lies over the points: names, rings, trail, traces and the outline being drawn, painted in one go."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

Floats = NDArray[np.float32]

MARKER = QColor("#ffc400")
RING, CURRENT = 8.0, 10.0  # radii in pixels
MOST_NAMES = 60
TRAIL = 40  # places that the trail remembers
Curve = tuple[Floats, QColor, Qt.PenStyle]
FAR_OFF = 2.0  # times the usual distance between neighbours; beyond it the ring pales


class Marks(pg.GraphicsObject):
    """Set the fields, then `update`. Places are those of the map `[…, 2]`, outlines pixels of the view."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[tuple[str, Floats]] = []  # the most important first: it stays on a collision
        self.names_shown = True
        self.path: Floats | None = None
        self.curves: list[Curve] = []  # ellipses, ways: each in its colour and stroke
        self.trail: list[Floats] = []
        self.current: Floats | None = None
        self.off = 0.0
        self.ring: Floats | None = None
        self.spot: tuple[Floats, Floats] | None = None  # a place between points, and the nearest point
        self.outline: NDArray[np.float64] | None = None
        self.open_outline = False
        self.count = ""  # said beside the outline
        self.text, self.base, self.accent = QColor("black"), QColor("white"), QColor("blue")
        self.font = QFont()

    def boundingRect(self) -> QRectF:
        return QRectF(self.viewRect())

    def viewRangeChanged(self) -> None:
        self.prepareGeometryChange()

    def move_current(self, place: Floats | None, off: float) -> None:
        """The ring goes there, and its trail after it."""
        if place is None:
            self.trail = []
        elif self.current is not None:
            self.trail = [*self.trail, self.current][-TRAIL:]
        self.current, self.off = place, off
        self.update()

    def end_trail(self) -> None:
        """The ring has come to rest."""
        self.trail = []
        self.update()

    def paint(self, painter: QPainter, *_: Any) -> None:
        to = self.sceneTransform()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

        def pixels(places: Floats) -> list[QPointF]:
            return [to.map(QPointF(float(x), float(y))) for x, y in np.reshape(places, (-1, 2))]

        if self.names_shown and self.names:
            self._paint_names(painter, pixels(np.stack([place for _, place in self.names])))
        for places, colour, style in self.curves:
            self._paint_curve(painter, pixels(places), colour, style)
        if self.path is not None and len(self.path):
            self._paint_path(painter, pixels(self.path))
        if self.spot is not None:
            self._paint_spot(painter, *(pixels(place)[0] for place in self.spot))
        if self.ring is not None:
            _ring(painter, pixels(self.ring)[0], RING, self.text, 2)
        if self.current is not None:
            self._paint_current(painter, pixels(self.current)[0], [pixels(place)[0] for place in self.trail])
        if self.outline is not None and len(self.outline):
            self._paint_outline(painter, self.getViewBox().sceneBoundingRect().topLeft())
        painter.restore()

    def shown_names(self, places: list[QPointF]) -> list[tuple[str, QRectF]]:
        """The names that fit without covering each other, with where they stand."""
        metrics, room = QFontMetricsF(self.font), self.getViewBox().sceneBoundingRect()
        taken: list[tuple[str, QRectF]] = []
        for (text, _), place in zip(self.names[:MOST_NAMES], places, strict=False):
            size = metrics.size(0, text)
            rect = QRectF(place.x() - size.width() / 2 - 3, place.y() - size.height() / 2,
                          size.width() + 6, size.height())  # fmt: skip
            if room.intersects(rect) and not any(rect.intersects(other) for _, other in taken):
                taken.append((text, rect))
        return taken

    def _paint_names(self, painter: QPainter, places: list[QPointF]) -> None:
        ground = QColor(self.base)
        ground.setAlpha(190)
        painter.setFont(self.font)
        for text, rect in self.shown_names(places):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRoundedRect(rect, 3, 3)
            painter.setPen(self.text)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_curve(
        self, painter: QPainter, places: list[QPointF], colour: QColor, style: Qt.PenStyle
    ) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for shade, width, stroke in ((self.base, 4.5, Qt.PenStyle.SolidLine), (colour, 2.5, style)):
            painter.setPen(QPen(shade, width, stroke, Qt.PenCapStyle.FlatCap))
            painter.drawPolyline(QPolygonF(places))

    def _paint_path(self, painter: QPainter, places: list[QPointF]) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((self.base, 4.0), (self.text, 2.0)):  # a seam sets it off from the points
            painter.setPen(QPen(colour, width))
            painter.drawPolyline(QPolygonF(places))
        painter.setPen(QPen(self.base, 1))
        painter.setBrush(self.text)
        for place in places:
            painter.drawEllipse(place, 3, 3)

    def _paint_spot(self, painter: QPainter, place: QPointF, nearest: QPointF) -> None:
        painter.setPen(QPen(self.text, 1, Qt.PenStyle.DotLine))
        painter.drawLine(place, nearest)
        painter.setPen(QPen(self.text, 1.5))
        for dx, dy in ((5, 0), (0, 5)):
            painter.drawLine(place - QPointF(dx, dy), place + QPointF(dx, dy))
        _ring(painter, nearest, RING, self.text, 1)

    def _paint_current(self, painter: QPainter, place: QPointF, trail: list[QPointF]) -> None:
        line = [*trail, place]
        for step, (a, b) in enumerate(pairwise(line), TRAIL - len(trail) + 1):
            for colour, width in ((QColor(0, 0, 0), 4), (MARKER, 2)):
                faded = QColor(colour)
                faded.setAlphaF(0.8 * step / TRAIL)
                painter.setPen(QPen(faded, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                painter.drawLine(a, b)
        painter.setOpacity(1.0 if self.off <= FAR_OFF else max(0.4, FAR_OFF / self.off))
        # A dark ring under a bright one is seen on every ground.
        _ring(painter, place, CURRENT, QColor(0, 0, 0, 200), 6)
        _ring(painter, place, CURRENT, MARKER, 3)
        painter.setOpacity(1.0)

    def _paint_outline(self, painter: QPainter, corner: QPointF) -> None:
        assert self.outline is not None
        shape = QPolygonF([QPointF(float(x), float(y)) + corner for x, y in self.outline])
        fill = QColor(self.accent)
        fill.setAlpha(36)
        painter.setPen(QPen(self.accent, 1.5))
        painter.setBrush(fill)
        if self.open_outline:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(shape)
        else:
            painter.drawPolygon(shape, Qt.FillRule.OddEvenFill)
        if self.count:
            self._paint_count(painter, shape.boundingRect())

    def _paint_count(self, painter: QPainter, around: QRectF) -> None:
        painter.setFont(self.font)
        size = QFontMetricsF(self.font).size(0, self.count)
        rect = QRectF(around.center().x() - size.width() / 2 - 5, around.center().y() - size.height() / 2,
                      size.width() + 10, size.height())  # fmt: skip
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.accent)
        painter.drawRoundedRect(rect, 3, 3)
        painter.setPen(self.base)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self.count)


def _ring(painter: QPainter, place: QPointF, radius: float, colour: QColor, width: float) -> None:
    painter.setPen(QPen(colour, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(place, radius, radius)
