"""A plane with values as a soft ground, real and generated points, and arrows.

`paint_plane` also draws into a picture (the verb `toy` makes its files with it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

Floats = NDArray[np.float32]
NOTHING = np.zeros((0, 2), np.float32)
LONGEST = 0.32  # of an arrow that is drawn softly, in units of the plane
SHORTEST_PX = 1.5  # an arrow below it would be a speck
HEAD = 0.35  # of an arrow's length, at most `HEAD_PX`
HEAD_PX = 5.0
SIDE_LEAST = 240


@dataclass(frozen=True)
class Inks:
    """The colours of a plane; real and generated stay the same on light and dark."""

    ground: QColor
    high: QColor  # of the largest value
    text: QColor
    real: QColor
    made: QColor
    arrow: QColor


@dataclass(frozen=True, eq=False)
class Plane:
    """What is drawn: points `[N, 2]`, arrows `[K, 2]` from `foot`, `values` `[G, G]` (first row: least y).

    `extent`: the plane shows -extent..extent both ways. `low`, `high`: the values that have the colours of
    the ground and of its far end; `exact`: arrows have their true length, else long ones are shortened, small
    ones stay small.
    """

    extent: float = 1.0
    real: Floats = field(default_factory=lambda: NOTHING)
    points: Floats = field(default_factory=lambda: NOTHING)
    foot: Floats = field(default_factory=lambda: NOTHING)
    arrows: Floats = field(default_factory=lambda: NOTHING)
    values: Floats | None = None
    low: float = 0.0
    high: float = 1.0
    exact: bool = False


def inks(palette: QPalette) -> Inks:
    """The colours on this ground."""
    ground = palette.color(QPalette.ColorRole.Base)
    dark = ground.lightness() < 128
    return Inks(
        ground=ground,
        high=QColor("#2f5d80" if dark else "#b9d7ee"),
        text=palette.color(QPalette.ColorRole.PlaceholderText),
        real=QColor("#9aa4b5" if dark else "#5b6474"),
        made=QColor("#ffa733" if dark else "#d55e00"),
        arrow=QColor("#ffd9a0" if dark else "#7a3300"),
    )


class PlaneView(QWidget):
    """Shows a `Plane`, as a square in the middle; takes the focus, so that keys reach its panel."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plane = Plane()
        self.shown = {"values": True, "real": True, "made": True, "arrows": True}
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(SIDE_LEAST, SIDE_LEAST)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_plane(self, plane: Plane) -> None:
        self.plane = plane
        self.update()

    def show_part(self, part: str, shown: bool) -> None:
        """Draw or leave out `values`, `real`, `made` or `arrows`."""
        self.shown[part] = shown
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(420, 420)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        side = min(self.width(), self.height())
        area = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        paint_plane(painter, area, only(self.plane, self.shown), inks(self.palette()))
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(area.adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()


def only(plane: Plane, shown: dict[str, bool]) -> Plane:
    """The plane without what is switched off."""
    return replace(
        plane,
        values=plane.values if shown["values"] else None,
        real=plane.real if shown["real"] else NOTHING,
        points=plane.points if shown["made"] else NOTHING,
        foot=plane.foot if shown["arrows"] else NOTHING,
        arrows=plane.arrows if shown["arrows"] else NOTHING,
    )


def paint_plane(painter: QPainter, area: QRectF, plane: Plane, colours: Inks) -> None:
    """Draw it into a square of a widget or a picture."""
    painter.save()
    painter.setClipRect(area)
    painter.fillRect(area, colours.ground)
    if plane.values is not None and plane.values.size:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(area, ground(plane.values, plane.low, plane.high, colours))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    dot = max(3.0, area.width() / 110)
    _dots(painter, placed(plane.real, area, plane.extent), colours.real, 0.75 * dot, 130)
    _dots(painter, placed(plane.points, area, plane.extent), colours.made, dot, 210)
    feet, lengths = placed(plane.foot, area, plane.extent), lengthened(plane)
    _arrows(painter, feet, lengths * (area.width() / (2 * plane.extent)) * (1, -1), colours.arrow)
    painter.restore()


def placed(points: Floats, area: QRectF, extent: float) -> NDArray[np.float64]:
    """Where points `[N, 2]` of the plane lie in the area; y grows upwards; what isn't known is left out."""
    known = points[np.isfinite(points).all(1)].astype(np.float64)
    share = (np.clip(known, -4 * extent, 4 * extent) / extent + 1) / 2
    return np.stack([area.x() + share[:, 0] * area.width(), area.y() + (1 - share[:, 1]) * area.height()], 1)


def lengthened(plane: Plane) -> NDArray[np.float64]:
    """The arrows as long as they are drawn, in units of the plane."""
    known = np.isfinite(plane.foot).all(1)
    arrows = np.nan_to_num(plane.arrows[known].astype(np.float64), posinf=0, neginf=0)
    if plane.exact:
        return arrows
    size = np.linalg.norm(arrows, axis=1, keepdims=True)
    shortened: NDArray[np.float64] = arrows * LONGEST / (1 + size)
    return shortened


def ground(values: Floats, low: float, high: float, colours: Inks) -> QImage:
    """The values as a small picture: the ground's colour at `low`, its far end's at `high`."""
    share = np.nan_to_num((values[::-1] - low) / max(high - low, 1e-9), posinf=1, neginf=0).clip(0, 1)
    least, most = (
        np.array([c.red(), c.green(), c.blue()], np.float32) for c in (colours.ground, colours.high)
    )
    rgb = (least + share[..., None] * (most - least)).round().astype(np.uint8)
    height, width = values.shape
    return QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def _dots(painter: QPainter, places: NDArray[np.float64], colour: QColor, size: float, alpha: int) -> None:
    """Copies of one small picture: a quarter of what strokes cost."""
    dot, half = _dot(colour.rgb(), round(2 * size) / 2, alpha)
    for x, y in (places - half).round().astype(int).tolist():
        painter.drawImage(x, y, dot)


@cache
def _dot(rgb: int, size: float, alpha: int) -> tuple[QImage, float]:
    side = int(size) + 2
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    tint = QColor(rgb)
    tint.setAlpha(alpha)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(tint)
    painter.drawEllipse(QPointF(side / 2, side / 2), size / 2, size / 2)
    painter.end()
    return image, side / 2


def _arrows(painter: QPainter, feet: NDArray[np.float64], ways: NDArray[np.float64], colour: QColor) -> None:
    """Lines with a head of two strokes, one pixel wide: wider ones take Qt many times as long."""
    long = np.linalg.norm(ways, axis=1, keepdims=True)
    keep = long[:, 0] >= SHORTEST_PX
    feet, ways, long = feet[keep], ways[keep], long[keep]
    tips, along = feet + ways, ways / np.maximum(long, 1e-9)
    back, across = along * np.minimum(HEAD * long, HEAD_PX), along[:, ::-1] * (-1, 1)
    side = across * np.minimum(HEAD * long, HEAD_PX) * 0.6
    painter.setPen(QPen(colour, 1))
    painter.drawLines(
        [*_lines(feet, tips), *_lines(tips, tips - back + side), *_lines(tips, tips - back - side)]
    )


def _lines(starts: NDArray[np.float64], ends: NDArray[np.float64]) -> Sequence[QLineF]:
    return [QLineF(*row) for row in np.concatenate([starts, ends], 1).tolist()]
