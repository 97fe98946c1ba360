"""Small pictures in place of points, one for each cell of the view, found by the points' ids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from explorer.widgets.images import Image, to_qimage
from explorer.widgets.map_view.drawn import LIT, Points
from explorer.widgets.map_view.layer import PointLayer

WHEN = {"never": "No thumbnails", "few": "When few points are in view", "always": "Always"}
FEW = 150  # points in view
SIDE, ROOM = 40, 48  # pixels of a thumbnail, and of its cell
LOOKED_AT = 20_000  # points from which those to show are taken
CACHED = 1500


class Thumbnails(pg.GraphicsObject):
    """Asks `image_of(id)` for what it needs and has not kept; `when` is one of `WHEN`."""

    def __init__(self, layer: PointLayer) -> None:
        super().__init__()
        self.when = "few"
        self.image_of: Callable[[int], Image | None] = lambda _: None
        self.points: Points | None = None
        self.edge = QColor("grey")
        self._layer = layer
        self._kept: dict[int, QImage] = {}

    def forget(self) -> None:
        """Other points: the pictures kept are no longer theirs."""
        self._kept.clear()
        self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(self.viewRect())

    def viewRangeChanged(self) -> None:
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, *_: Any) -> None:
        shown = self.shown()
        if not shown:
            return
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(QPen(self.edge, 1))
        for ident, place in shown:
            picture = self._picture(ident)
            if picture is not None:
                rect = QRectF(place.x() - SIDE / 2, place.y() - SIDE / 2, SIDE, SIDE)
                painter.drawImage(rect, picture)
                painter.drawRect(rect)
        painter.restore()

    def shown(self) -> list[tuple[int, QPointF]]:
        """Ids with their places in the scene: the topmost point of each cell."""
        drawn, points = self._layer.drawn, self.points
        if self.when == "never" or drawn is None or points is None or not len(drawn):
            return []
        pieces = drawn.sample(self._layer.in_view(), LOOKED_AT, LIT)
        if not pieces:
            return []
        piece = pieces[0][0]
        x, y = self._layer.where(piece)
        to, room = self._layer.sceneTransform(), self._layer.getViewBox().sceneBoundingRect()
        across, down = x * to.m11() + to.dx(), y * to.m22() + to.dy()
        visible = np.flatnonzero(
            (across > room.left()) & (across < room.right()) & (down > room.top()) & (down < room.bottom())
        )
        if self.when == "few" and len(visible) > FEW:
            return []
        chosen = visible[_first_of_cells(across[visible], down[visible])]
        idents = points.ids[drawn.rows[piece][chosen]]
        return [
            (int(i), QPointF(float(a), float(b)))
            for i, a, b in zip(idents, across[chosen], down[chosen], strict=True)
        ]

    def _picture(self, ident: int) -> QImage | None:
        if ident not in self._kept:
            image = self.image_of(ident)
            if image is None:
                return None
            if len(self._kept) >= CACHED:
                self._kept.clear()
            self._kept[ident] = to_qimage(image)
        return self._kept[ident]


def _first_of_cells(across: NDArray[np.floating], down: NDArray[np.floating]) -> NDArray[np.intp]:
    """The first of `[n]` points in each cell."""
    cell = (down // ROOM).astype(np.int64) * 100_000 + (across // ROOM).astype(np.int64)
    return np.unique(cell, return_index=True)[1]
