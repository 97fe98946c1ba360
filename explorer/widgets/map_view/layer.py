"""All points of a map as one picture the size of the view: a repaint costs milliseconds, however many.

pyqtgraph's scatter draws symbol by symbol (44 ms at 100,000); here numpy writes all points at once.
While a gesture lasts, a fair sample is drawn, and all of them soon after it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QTimer
from PySide6.QtGui import QImage, QPainter

from explorer.widgets.map_view.drawn import ADD, GREY, LIT, OFF, REPLACE, UNCHOSEN, Drawn, Rows
from explorer.widgets.map_view.raster import (
    BLOCK,
    MOST_WRITES,
    Frame,
    Scratch,
    affordable,
    counted,
    mixed,
    reach,
    stamp,
    toned,
)

MOVING = 200_000  # points drawn while a gesture lasts
MOVING_WRITES = 800_000  # pixels written meanwhile
STILL_MS = 150  # after the last movement all are drawn
CELL = 2  # pixels of a cell of density and mixture; a point may be larger
CULLED = 3  # the grid is asked when less than a third of the points is in view
MODES = {
    "points": "Each point in its colour",
    "density": "How many points lie where, as a logarithm",
    "mix": "The mean colour of the points of each spot: where classes overlap",
}


class PointLayer(pg.GraphicsObject):
    """Draws `Drawn` points in one of `MODES`; `scale` makes them larger or smaller.

    `blend` in 0..1 is how far points are on their way to the target. `preview` `[H, W]` of the view's
    pixels shows what would be chosen, were its inside chosen instead of (`how` is `replace`), besides
    (`add`) or taken from (`subtract`) what is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.drawn: Drawn | None = None
        self.mode, self.scale, self.blend = "points", 1.0, 0.0
        self.ramp: NDArray[np.uint32] = np.zeros(256, np.uint32)
        self.preview: NDArray[np.bool_] | None = None
        self.how = REPLACE
        self.moving = False
        self._scratch = Scratch()
        self._key: Any = None
        self._picture = QImage()  # over the scratch's pixels, which outlive it
        self._pad, self._cell = 0, 1
        self._still = QTimer(singleShot=True, interval=STILL_MS)
        self._still.timeout.connect(self._rest)

    def show_drawn(self, drawn: Drawn | None) -> None:
        """Draw these from now on."""
        self.drawn = drawn
        self.preview = None
        self.refresh()

    def show_preview(self, mask: NDArray[np.bool_] | None, how: str = REPLACE) -> None:
        """Show what would be chosen by `mask` `[H, W]`, or no more."""
        self.preview, self.how = mask, how
        self._key = None
        self.stir()

    def refresh(self) -> None:
        """Draw anew."""
        self._key = None
        self.update()

    def stir(self) -> None:
        """Something moves: a sample will do until nothing has moved for a while."""
        self.moving = True
        self._still.start()
        self.update()

    def bounds(self) -> QRectF:
        """The rectangle of all points, those of a blend at its ends too."""
        drawn = self.drawn
        if drawn is None or not len(drawn):
            return QRectF()
        (left, bottom), (right, top) = drawn.low, drawn.high
        return QRectF(left, bottom, right - left, top - bottom)

    def boundingRect(self) -> QRectF:
        return QRectF(self.viewRect())

    def viewRangeChanged(self) -> None:
        self.prepareGeometryChange()
        self.stir()

    def frame(self, ratio: float) -> Frame:
        """Where points go: device pixels of the view."""
        room, to = self.getViewBox().sceneBoundingRect(), self.sceneTransform()
        return Frame(
            max(int(room.width() * ratio), 1), max(int(room.height() * ratio), 1),
            to.m11() * ratio, (to.dx() - room.left()) * ratio,
            to.m22() * ratio, (to.dy() - room.top()) * ratio,
        )  # fmt: skip

    def paint(self, painter: QPainter, *_: Any) -> None:
        view = self.getViewBox()
        if self.drawn is None or not len(self.drawn) or view is None:
            return
        ratio, room = painter.device().devicePixelRatioF(), view.sceneBoundingRect()
        frame = self.frame(ratio)
        key = (frame, self.moving and len(self.drawn) > MOVING, self.mode, self.scale, self.blend)
        if key != self._key:
            self._key = key
            self._draw(frame, ratio)
        pad, scale = self._pad, self._cell / ratio
        inside = QRectF(pad, pad, self._picture.width() - 2 * pad, self._picture.height() - 2 * pad)
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(
            QPainter.RenderHint.SmoothPixmapTransform, self._cell > 1 and len(self.drawn) <= MOVING
        )
        target = QRectF(room.left(), room.top(), inside.width() * scale, inside.height() * scale)
        painter.drawImage(target, self._picture, inside)
        painter.restore()

    def in_view(self) -> Rows | None:
        """The drawn points in and near the view; None when that is most of them."""
        drawn = self.drawn
        if drawn is None or drawn.grid is None:
            return None
        rect = QRectF(self.viewRect())
        return drawn.grid.inside(rect.left(), rect.top(), rect.right(), rect.bottom(), len(drawn) // CULLED)

    def diameter(self) -> float:
        """Of one point in pixels: the more of them in a view of this zoom, the smaller."""
        drawn = self.drawn
        if drawn is None or not len(drawn):
            return 1.0
        whole, view = self.bounds(), QRectF(self.viewRect())
        area = max(whole.width(), 1e-9) * max(whole.height(), 1e-9)
        share = min(1.0, max(view.width() * view.height() / area, 1e-6))
        fit = (1.4 + 150 / np.sqrt(max(len(drawn) * share, 1.0))) * self.scale
        return float(np.clip(np.round(fit * 2) / 2, 1.0, 6.0))

    def places(self, ratio: float) -> tuple[NDArray[np.int32], Frame]:
        """The pixel of every drawn point in the view's frame, with one pixel around it for those outside."""
        frame = replace(self.frame(ratio), pad=1)
        return self._scratch.places(*self.where(slice(None)), frame).copy(), frame

    def nearest(self, scene: QPointF, within: float) -> int:
        """The drawn point that is nearest to a place of the scene and can be hit, −1 when there is none."""
        drawn = self.drawn
        if drawn is None or not len(drawn):
            return -1
        to = self.sceneTransform()
        near: slice | Rows = slice(drawn.groups[UNCHOSEN], len(drawn))
        if drawn.grid is not None:
            reach_x, reach_y = within / abs(to.m11()), within / abs(to.m22())
            x, y = (scene.x() - to.dx()) / to.m11(), (scene.y() - to.dy()) / to.m22()
            spans = drawn.grid.spans(x - reach_x, y - reach_y, x + reach_x, y + reach_y)
            found = [drawn.grid.order[a:b] for a, b in spans]
            near = np.concatenate(found) if found else np.zeros(0, np.int32)
            near = near[near >= drawn.groups[UNCHOSEN]]
        x_near, y_near = self.where(near)
        best, least = -1, within**2
        for a in range(0, len(x_near), BLOCK):  # the arrays between stay in the processor's cache
            across = x_near[a : a + BLOCK] * np.float32(to.m11()) + np.float32(to.dx() - scene.x())
            down = y_near[a : a + BLOCK] * np.float32(to.m22()) + np.float32(to.dy() - scene.y())
            away = across * across + down * down
            at = int(away.argmin())
            if away[at] <= least:
                best, least = a + at, float(away[at])
        if best < 0:
            return -1
        return best + near.start if isinstance(near, slice) else int(near[best])

    def where(self, piece: slice | Rows) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Where these drawn points are now, on their way to the target if there is one."""
        drawn = self.drawn
        assert drawn is not None
        x, y = drawn.x[piece], drawn.y[piece]
        if drawn.way is None or not self.blend:
            return x, y
        share = np.float32(self.blend)
        return x + share * drawn.way[0][piece], y + share * drawn.way[1][piece]

    def _rest(self) -> None:
        self.moving = False
        self.update()

    def _draw(self, frame: Frame, ratio: float) -> None:
        assert self.drawn is not None
        most = MOVING if self.moving else len(self.drawn)
        seen = self.in_view()
        if self.mode == "points" or self.preview is not None:
            self._draw_points(frame, seen, most, ratio)
        else:
            self._draw_cells(frame, seen, most, max(round(max(CELL, self.diameter()) * ratio), 1))

    def _draw_points(self, frame: Frame, seen: Rows | None, most: int, ratio: float) -> None:
        assert self.drawn is not None
        count = min(len(self.drawn) if seen is None else len(seen), most)
        diameter = affordable(self.diameter() * ratio, count, MOVING_WRITES if self.moving else MOST_WRITES)
        around = reach(diameter)
        self._pad, self._cell = 2 * around + 1, 1
        frame = replace(frame, pad=self._pad)
        pixels = self._scratch.blank(frame.shape)
        held = None if self.preview is None else _fitted(self.preview, frame)
        for piece, group in self.drawn.sample(seen, most):
            at = self._scratch.places(*self.where(piece), frame, around)
            colours: NDArray[np.uint32] | np.uint32 = GREY
            if held is not None and group != OFF:
                colours = np.where(self._would_be(held[at], group), self.drawn.colours[piece], GREY)
            elif group == LIT:
                colours = self.drawn.colours[piece]
            stamp(pixels, at, colours, diameter)
        self._wrap(pixels)

    def _would_be(self, held: NDArray[np.bool_], group: int) -> NDArray[np.bool_]:
        """Which points of a group would be chosen by the preview that holds these."""
        assert self.drawn is not None
        is_chosen = group == LIT and self.drawn.has_choice
        if self.how == REPLACE:
            return held
        return held | is_chosen if self.how == ADD else ~held & is_chosen

    def _draw_cells(self, frame: Frame, seen: Rows | None, most: int, cell: int) -> None:
        drawn = self.drawn
        assert drawn is not None
        self._pad, self._cell = 1, cell
        frame = frame.coarse(cell)
        pixels = self._scratch.blank(frame.shape)
        for piece, _ in drawn.sample(seen, most, LIT):
            at = self._scratch.places(*self.where(piece), frame)
            if self.mode == "density":
                counts = counted(at, frame.shape)
                counts[[0, -1]] = 0  # the frame, where those outside lie
                counts[:, [0, -1]] = 0
                pixels = toned(counts, self.ramp)
            else:
                first, second, less = drawn.mixed()
                pixels = mixed(at, first[piece], second[piece], less, frame.shape)
        self._wrap(pixels)

    def _wrap(self, pixels: NDArray[np.uint32]) -> None:
        height, width = pixels.shape
        self._scratch.pixels = pixels  # kept alive: the picture only borrows it
        kind = QImage.Format.Format_ARGB32_Premultiplied
        self._picture = QImage(pixels.data, width, height, 4 * width, kind)


def _fitted(mask: NDArray[np.bool_], frame: Frame) -> NDArray[np.bool_]:
    """A mask of the view's pixels for a frame of device pixels, flat and with nothing around it."""
    rows, columns = (
        np.arange(n) * m // n for n, m in zip((frame.height, frame.width), mask.shape, strict=True)
    )
    return np.pad(mask[rows[:, None], columns], frame.pad).reshape(-1)
