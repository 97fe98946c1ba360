"""A slider over real numbers that fills from its home to its handle, and the row that has one."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QWheelEvent
from PySide6.QtWidgets import QSlider, QWidget

TICKS = 1000  # positions per unit
HANDLE = 6  # radius in pixels
IDLE_MS = 600  # wheel and keys have no release: a pause ends their gesture


class FloatSlider(QSlider):
    """A horizontal slider from `low` to `high`; a double click brings it `home`.

    `moved(value)` only when a hand moved it, `let_go` when the hand let go (or paused with wheel and
    keys). The wheel turns it while it has the focus or Ctrl is held, so that a list of sliders can be
    scrolled; Shift is coarse, Alt fine. `show_value` moves it without a signal.
    """

    moved = Signal(float)
    let_go = Signal()

    def __init__(
        self, low: float = -3.0, high: float = 3.0, home: float = 0.0, parent: QWidget | None = None
    ) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.home = home
        self.step = 0.1
        self.set_range(low, high)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(48)
        self.setToolTip("Drag, wheel or arrow keys; double-click to reset. Shift is coarse, Alt is fine.")
        self._dragging = False
        self._idle = QTimer(self, singleShot=True, interval=IDLE_MS)
        self._idle.timeout.connect(self.let_go)

    @property
    def number(self) -> float:
        """What it shows."""
        return self.value() / TICKS

    def set_range(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        blocked = self.blockSignals(True)
        self.setRange(round(low * TICKS), round(high * TICKS))
        self.blockSignals(blocked)

    def show_value(self, value: float) -> None:
        """Show a value (clipped to the range) that came from elsewhere."""
        if (ticks := round(value * TICKS)) == self.value():
            return  # a repaint of every slider at every move of one would cost more than the picture
        blocked = self.blockSignals(True)
        self.setValue(ticks)
        self.blockSignals(blocked)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, 22)

    def minimumSizeHint(self) -> QSize:
        return QSize(48, 20)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._dragging = True
            self._move(self._at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self._move(self._at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self._dragging = False
            self.let_go.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._dragging = False
        self._move(self.home)
        self.let_go.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() or event.angleDelta().x()
        held = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if not turn or not (self.hasFocus() or held):
            event.ignore()
            return
        event.accept()
        self._nudge(turn / 120 * self._stride(event.modifiers()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        stride = self._stride(event.modifiers())
        steps = {
            Qt.Key.Key_Left: -stride, Qt.Key.Key_Down: -stride, Qt.Key.Key_PageDown: -5 * stride,
            Qt.Key.Key_Right: stride, Qt.Key.Key_Up: stride, Qt.Key.Key_PageUp: 5 * stride,
        }  # fmt: skip
        places = {Qt.Key.Key_Home: self.low, Qt.Key.Key_End: self.high, Qt.Key.Key_0: self.home}
        if event.key() in steps:
            self._nudge(steps[Qt.Key(event.key())])
        elif event.key() in places:
            self._nudge(places[Qt.Key(event.key())] - self.number)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours, middle = self.palette(), self.height() / 2
        home, handle = self._x(self.home), self._x(self.number)
        accent = colours.color(QPalette.ColorRole.Highlight)
        painter.setPen(QPen(colours.color(QPalette.ColorRole.Mid), 3, c=Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(HANDLE, middle), QPointF(self.width() - HANDLE, middle))
        painter.setPen(QPen(colours.color(QPalette.ColorRole.PlaceholderText), 1))
        painter.drawLine(QPointF(home, middle - 5), QPointF(home, middle + 5))
        painter.setPen(QPen(accent, 3, c=Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(home, middle), QPointF(handle, middle))
        painter.setPen(QPen(accent, 2))
        painter.setBrush(accent if self.hasFocus() else colours.color(QPalette.ColorRole.Base))
        painter.drawEllipse(QRectF(handle - HANDLE + 1, middle - HANDLE + 1, 2 * HANDLE - 2, 2 * HANDLE - 2))

    def _move(self, value: float) -> None:
        before = self.value()
        self.show_value(value)
        if self.value() != before:
            self.valueChanged.emit(self.value())
            self.moved.emit(self.number)

    def _nudge(self, by: float) -> None:
        self._move(self.number + by)
        self._idle.start()

    def _stride(self, held: Qt.KeyboardModifier) -> float:
        if held & Qt.KeyboardModifier.ShiftModifier:
            return self.step * 5
        return self.step / 10 if held & Qt.KeyboardModifier.AltModifier else self.step

    def _x(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return HANDLE + share * (self.width() - 2 * HANDLE)

    def _at(self, x: float) -> float:
        share = (x - HANDLE) / max(self.width() - 2 * HANDLE, 1)
        return self.low + min(max(share, 0.0), 1.0) * (self.high - self.low)
