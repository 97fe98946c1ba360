"""A picture on which one points at a spot: the manifold of a 2-D latent space."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from explorer.widgets.images import ImageView, fit

KEY_STEP = 0.02


class PointView(ImageView):
    """Emits `pointed(u, v)` (0..1, v upwards) while the button is held, then `released`.

    `spot` is marked with a ring. Arrow keys move it.
    """

    pointed = Signal(float, float)

    def __init__(self, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(hint, parent)
        self.spot: tuple[float, float] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def mark(self, spot: tuple[float, float] | None) -> None:
        """Move the ring."""
        self.spot = spot
        self.update()

    def picture_rect(self) -> QRectF:
        """Where the picture is, empty when there is none."""
        if self._image is None:
            return QRectF()
        return fit(self._image.size(), self.rect(), self.smooth)

    def position_of(self, spot: tuple[float, float]) -> QPointF:
        """The place of a spot in the widget."""
        room = self.picture_rect()
        return QPointF(room.x() + spot[0] * room.width(), room.y() + (1 - spot[1]) * room.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.picture_rect().contains(event.position()):
            self._last = event.position()
            self._point(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is not None:
            self._point(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._last is not None:
            self._last = None
            self.released.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1),
        }  # fmt: skip
        step = steps.get(Qt.Key(event.key()))
        if step is None or self.spot is None:
            super().keyPressEvent(event)
            return
        u, v = (min(max(at + KEY_STEP * by, 0.0), 1.0) for at, by in zip(self.spot, step, strict=True))
        self.pointed.emit(u, v)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._image is None or self.spot is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        centre = self.position_of(self.spot)
        # A dark ring under a bright one is seen on every picture.
        for colour, width in ((QColor(0, 0, 0, 200), 5.0), (QColor(255, 196, 0), 2.5)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(centre, 9.0, 9.0)

    def _point(self, position: QPointF) -> None:
        room = self.picture_rect()
        u = (position.x() - room.x()) / max(room.width(), 1)
        v = 1 - (position.y() - room.y()) / max(room.height(), 1)
        self.pointed.emit(min(max(u, 0.0), 1.0), min(max(v, 0.0), 1.0))
