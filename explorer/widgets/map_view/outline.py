"""Which points lie within an outline drawn on the view: looked up in a painted mask, exact at its border."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from explorer.widgets.map_view.drawn import UNCHOSEN
from explorer.widgets.map_view.layer import PointLayer

Masks = NDArray[np.bool_]
Corners = NDArray[np.float64]  # [M, 2] pixels of the view, x and y

INSIDE, BORDER = 255, 128
NEAR = 4.0  # pixels; corners of a lasso nearer to the last one are left out


class Outline:
    """What an outline holds of a view that stays as it is: places are computed once, at its beginning."""

    def __init__(self, layer: PointLayer) -> None:
        assert layer.drawn is not None
        self._at, self._frame = layer.places(1.0)
        self._drawn = layer.drawn
        self._layer = layer

    def __len__(self) -> int:
        return len(self._drawn)

    def mask(self, corners: Corners, border: bool = False) -> NDArray[np.uint8]:
        """The outline's inside, and its border if asked for, painted: `[height, width]` of the view."""
        frame = self._frame
        picture = QImage(frame.width, frame.height, QImage.Format.Format_Grayscale8)
        picture.fill(0)
        painter = QPainter(picture)
        painter.setBrush(QColor(INSIDE, INSIDE, INSIDE))
        painter.setPen(QPen(QColor(BORDER, BORDER, BORDER), 3) if border else Qt.PenStyle.NoPen)
        shape = QPolygonF([QPointF(float(x), float(y)) for x, y in corners])
        painter.drawPolygon(shape, Qt.FillRule.OddEvenFill)
        painter.end()
        rows = np.frombuffer(picture.constBits(), np.uint8).reshape(frame.height, picture.bytesPerLine())
        return rows[:, : frame.width].copy()

    def held(self, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """`INSIDE`, `BORDER` or 0 for each drawn point that can be chosen, 0 for the others."""
        found = np.pad(mask, 1).reshape(-1).take(self._at)
        found[: self._drawn.groups[UNCHOSEN]] = 0
        return found

    def rows(self, corners: Corners) -> NDArray[np.int32]:
        """The rows whose points are exactly inside (by the even-odd rule) and in view."""
        found = self.held(self.mask(corners, border=True))
        doubtful = np.flatnonzero(found == BORDER).astype(np.int32)
        x, y = self._layer.where(doubtful)
        frame = self._frame
        sure = doubtful[within(x * frame.sx + frame.dx, y * frame.sy + frame.dy, corners)]
        return self._drawn.rows[np.concatenate([np.flatnonzero(found == INSIDE), sure])]


def within(x: NDArray[np.floating], y: NDArray[np.floating], corners: Corners) -> Masks:
    """Whether each of `[n]` points is inside a closed polygon `[M, 2]` by the even-odd rule."""
    order = np.argsort(y, kind="stable")
    xs, ys = x[order], y[order]
    odd = np.zeros(len(ys), bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if ay == by:
            continue
        first, last = np.searchsorted(ys, (min(ay, by), max(ay, by)))
        crossing = ax + (ys[first:last] - ay) * ((bx - ax) / (by - ay))
        odd[first:last] ^= xs[first:last] < crossing
    out = np.empty(len(ys), bool)
    out[order] = odd
    return out


def rectangle(one: QPointF, other: QPointF) -> Corners:
    """The four corners of a rectangle."""
    (a, b), (c, d) = (one.x(), one.y()), (other.x(), other.y())
    return np.array([[a, b], [c, b], [c, d], [a, d]])
