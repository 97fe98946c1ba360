"""Thousands of round points as one picture: a repaint costs milliseconds, however many there are.

pyqtgraph's scatter draws symbol by symbol (44 ms at 100,000); here numpy writes all discs at once
into a picture the size of the view.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter

LEVELS = 4  # steps of transparency at the rim of a disc
SUBPIXELS = 8
DIMMED = 0.28  # the opacity of points that are switched off
OFF = 128  # their grey


class PointsItem(pg.GraphicsObject):
    """N points at `[N, 2]` in `[N, 3]` colours; rows with NaN are not drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.positions: NDArray[np.float32] = np.zeros((0, 2), np.float32)
        self._colours: NDArray[np.uint8] = np.zeros((0, 3), np.uint8)
        self._shown: NDArray[np.bool_] = np.zeros(0, bool)
        self._order: NDArray[np.int64] = np.zeros(0, np.int64)
        self._shades: NDArray[np.uint32] = np.zeros((LEVELS + 1, 0), np.uint32)
        self._bounds = QRectF()
        self._key: Any = None
        self._picture: tuple[QImage, NDArray[np.uint32]] | None = None  # the array must outlive the image

    def show_points(
        self, positions: NDArray[np.float32], colours: NDArray[np.uint8], shown: NDArray[np.bool_]
    ) -> None:
        """Draw these; where `shown` `[N]` is false, pale and beneath the others."""
        self.prepareGeometryChange()
        self.positions, self._colours, self._shown = positions, colours, shown
        kept = np.flatnonzero(np.isfinite(positions).all(axis=1))
        # One random order, so that no class covers the others; what is switched off comes first.
        order = np.random.default_rng(0).permutation(kept)
        self._order = order[np.argsort(shown[order], kind="stable")]
        self._shades = _premultiplied(colours[self._order], shown[self._order])
        low, high = (f(positions[kept], axis=0) if len(kept) else np.zeros(2) for f in (np.min, np.max))
        self._bounds = QRectF(float(low[0]), float(low[1]), *(float(v) for v in high - low))
        self._key = None
        self.informViewBoundsChanged()
        self.update()

    @property
    def radius(self) -> float:
        """Of one disc, in pixels."""
        return float(np.clip(110 / np.sqrt(max(len(self._order), 1)), 1.6, 4.5))

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, *_: Any) -> None:
        view = self.getViewBox()
        if not len(self._order) or view is None:
            return
        room, ratio = view.sceneBoundingRect(), painter.device().devicePixelRatioF()
        to = self.sceneTransform()
        key = (to.m11(), to.m22(), to.dx(), to.dy(), room.getRect(), ratio)
        pad = int(np.ceil(self.radius * ratio)) + 1
        if key != self._key or self._picture is None:
            self._key = key
            self._picture = self._draw(room, ratio, pad)
        painter.save()
        painter.resetTransform()
        painter.drawImage(QPointF(room.left() - pad / ratio, room.top() - pad / ratio), self._picture[0])
        painter.restore()

    def _draw(self, room: QRectF, ratio: float, pad: int) -> tuple[QImage, NDArray[np.uint32]]:
        """The view's picture with a margin of `pad`, so that discs at its edge need no special case."""
        to = self.sceneTransform()
        width, height = int(room.width() * ratio) + 2 * pad, int(room.height() * ratio) + 2 * pad
        places = self.positions[self._order]
        x = (places[:, 0] * to.m11() + (to.dx() - room.left())) * ratio + pad
        y = (places[:, 1] * to.m22() + (to.dy() - room.top())) * ratio + pad
        inside = (x >= pad) & (x < width - pad) & (y >= pad) & (y < height - pad)
        at = y[inside].astype(np.int32) * width + x[inside].astype(np.int32)
        shades = self._shades[:, inside]
        pixels = self._blank(height, width)
        flat = pixels.reshape(-1)
        for dx, dy, level in _disc(self.radius * ratio):
            flat[at + (dy * width + dx)] = shades[level]
        image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        return image, pixels

    def _blank(self, height: int, width: int) -> NDArray[np.uint32]:
        """The last picture wiped, or a new one where the size has changed."""
        if self._picture is not None and self._picture[1].shape == (height, width):
            pixels = self._picture[1]
            pixels.fill(0)
            return pixels
        return np.zeros((height, width), np.uint32)


def _premultiplied(colours: NDArray[np.uint8], shown: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """`[LEVELS + 1, N]` ARGB for each opacity from none to full."""
    base = np.where(shown[:, None], colours, OFF).astype(np.float32)
    rows = []
    for level in range(LEVELS + 1):
        alpha = np.where(shown, 1.0, DIMMED) * level / LEVELS
        red, green, blue = (np.rint(base[:, c] * alpha).astype(np.uint32) for c in range(3))
        opaque = np.rint(255 * alpha).astype(np.uint32)
        rows.append(opaque << 24 | red << 16 | green << 8 | blue)
    return np.stack(rows)


@lru_cache(maxsize=8)
def _disc(radius: float) -> list[tuple[int, int, int]]:
    """Pixels (dx, dy, level of opacity) of a disc, the palest first: later points keep full cores."""
    reach = int(np.ceil(radius))
    fine = (np.arange(SUBPIXELS) + 0.5) / SUBPIXELS - 0.5
    found = []
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            covered = np.mean((dx + fine[:, None]) ** 2 + (dy + fine[None]) ** 2 <= radius**2)
            if level := round(float(covered) * LEVELS):
                found.append((dx, dy, level))
    return sorted(found, key=lambda pixel: pixel[2])
