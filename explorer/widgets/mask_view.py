"""A picture of which a brush erases parts: what a model is to paint anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.widgets.images import Image, fit, paint_image, to_qimage

Mask = NDArray[np.bool_]
HOLE = np.array([(96, 112, 150), (128, 144, 182)], np.uint8)  # what is erased: a fine chequerboard
AREAS: dict[str, tuple[slice, slice]] = {}  # filled below: what the buttons erase, in quarters of the sides


class MaskView(QWidget):
    """The left button erases, the right one brings back. `known` `[H, W]` is False where it is erased.

    `changed` while the brush moves, `finished` when it is lifted or a button changed the mask.
    """

    changed = Signal()
    finished = Signal()

    def __init__(self, hint: str = "") -> None:
        super().__init__()
        self.hint = hint
        self.brush = 2.0  # radius in pixels of the picture
        self.image: Image | None = None
        self.known: Mask = np.ones((1, 1), bool)
        self._picture: QImage | None = None
        self._last: QPointF | None = None
        self._erasing = True
        self._pointer: QPointF | None = None
        self.setMouseTracking(True)
        self.setMinimumSize(96, 96)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def sizeHint(self) -> QSize:
        return QSize(280, 280)

    def show_image(self, image: Image | None) -> None:
        """Show uint8 `[H, W, C]`; the mask stays where the size is the same, else it begins anew."""
        self.image = image
        if image is not None and image.shape[:2] != self.known.shape:
            self.known = np.ones(image.shape[:2], bool)
        self._redraw()

    def set_hint(self, hint: str) -> None:
        self.hint = hint
        self.update()

    def erase(self, area: str) -> None:
        """Erase one of `AREAS`, and nothing else."""
        height, width = self.known.shape
        rows, columns = AREAS[area]
        self.known = np.ones((height, width), bool)
        self.known[_share(rows, height), _share(columns, width)] = False
        self._done()

    def invert(self) -> None:
        """What is erased comes back, the rest goes."""
        self.known = ~self.known
        self._done()

    def clear(self) -> None:
        """Nothing is erased."""
        self.known = np.ones_like(self.known)
        self._done()

    def position_of(self, x: float, y: float) -> QPointF:
        """Where a pixel's middle is in the widget."""
        room = self._room()
        height, width = self.known.shape
        return QPointF(
            room.left() + (x + 0.5) * room.width() / width, room.top() + (y + 0.5) * room.height() / height
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._picture is None:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(8, 8, -8, -8), int(flags), self.hint)
            return
        room = paint_image(painter, self._picture, self.rect())
        if self._pointer is not None:
            radius = self.brush * room.width() / self.known.shape[1]
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.drawEllipse(self._pointer, radius, radius)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.image is not None and event.button() in (
            Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton,
        ):  # fmt: skip
            self._erasing = event.button() == Qt.MouseButton.LeftButton
            self._last = event.position()
            self._stroke(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position()
        if self._last is not None:
            self._stroke(event.position())
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._last is not None:
            self._last = None
            self.finished.emit()

    def leaveEvent(self, event: object) -> None:
        self._pointer = None
        self.update()

    def _room(self) -> QRectF:
        height, width = self.known.shape
        return fit(QSize(width, height), self.rect(), smooth=False)

    def _stroke(self, to: QPointF) -> None:
        """Everything within the brush on the way from where it was."""
        assert self._last is not None
        room, (height, width) = self._room(), self.known.shape
        scale = room.width() / width
        start, end = (
            np.array([(p.x() - room.left()) / scale - 0.5, (p.y() - room.top()) / scale - 0.5])
            for p in (self._last, to)
        )
        y, x = np.mgrid[:height, :width]
        for t in np.linspace(0, 1, max(2, int(2 * np.abs(end - start).max()) + 1)):
            at = start + t * (end - start)
            self.known[(x - at[0]) ** 2 + (y - at[1]) ** 2 <= self.brush**2] = not self._erasing
        self._last = to
        self._redraw()
        self.changed.emit()

    def _done(self) -> None:
        self._redraw()
        self.finished.emit()

    def _redraw(self) -> None:
        self._picture = None if self.image is None else to_qimage(with_holes(self.image, self.known))
        self.update()


def with_holes(image: Image, known: Mask) -> Image:
    """The picture `[H, W, 3]` with a chequerboard where it isn't known."""
    shown = np.repeat(image, 3, 2) if image.shape[2] == 1 else image.copy()
    y, x = np.nonzero(~known)
    shown[y, x] = HOLE[(x + y) % 2]
    return shown


def _share(quarters: slice, size: int) -> slice:
    return slice(round(quarters.start * size / 4), round(quarters.stop * size / 4))


ALL, FIRST, LAST, MIDDLE = slice(0, 4), slice(0, 2), slice(2, 4), slice(1, 3)
AREAS |= {
    "top": (FIRST, ALL), "bottom": (LAST, ALL), "left": (ALL, FIRST), "right": (ALL, LAST),
    "upper left": (FIRST, FIRST), "upper right": (FIRST, LAST), "lower left": (LAST, FIRST),
    "lower right": (LAST, LAST), "middle": (MIDDLE, MIDDLE), "everything": (ALL, ALL),
}  # fmt: skip
