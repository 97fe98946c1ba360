"""What the colours of a map mean: classes one can switch off, or a scale of numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPaintEvent, QPalette, QPixmap
from PySide6.QtWidgets import QCheckBox, QListWidget, QListWidgetItem, QStackedWidget, QVBoxLayout, QWidget

SWATCH = 12


class Legend(QStackedWidget):
    """Emits `toggled` when a class is switched on or off; `hidden` holds those that are off.

    `hides` says whether they are to vanish instead of going pale.
    """

    toggled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hidden: set[int] = set()
        self.list = QListWidget()
        self.list.setAccessibleName("Classes on the map")
        self.list.setToolTip("Untick a class to make it pale; double-click to see it alone, again for all")
        self.list.itemChanged.connect(self._on_changed)
        self.list.itemDoubleClicked.connect(self._on_double)
        self.hide_box = QCheckBox("Hide unticked")
        self.hide_box.setToolTip("Classes that are not ticked vanish instead of going pale")
        self.hide_box.toggled.connect(lambda _: self.toggled.emit())
        self.scale = ValueScale()
        self.classes = QWidget()
        column = QVBoxLayout(self.classes)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list, 1)
        column.addWidget(self.hide_box)
        self.addWidget(self.classes)
        self.addWidget(self.scale)

    def show_classes(
        self, names: tuple[str, ...], colours: NDArray[np.uint8], counts: NDArray[np.int64]
    ) -> None:
        """One line for each class that occurs, all of them switched on."""
        self.hidden.clear()
        self.list.blockSignals(True)
        self.list.clear()
        for row, name in enumerate(names):
            if not counts[row]:
                continue
            item = QListWidgetItem(_swatch(colours[row]), f"{name}  ·  {counts[row]:,}")
            item.setData(Qt.ItemDataRole.UserRole, row)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
            self.list.addItem(item)
        self.list.blockSignals(False)
        self.setCurrentWidget(self.classes)

    @property
    def hides(self) -> bool:
        return self.hide_box.isChecked()

    def show_scale(self, title: str, low: float, high: float, shades: NDArray[np.uint8]) -> None:
        """A scale from `low` to `high` in `shades` `[K, 3]`."""
        self.hidden.clear()
        self.scale.show_scale(title, low, high, shades)
        self.setCurrentWidget(self.scale)

    def _on_changed(self, _: QListWidgetItem) -> None:
        items = [self.list.item(row) for row in range(self.list.count())]
        off = [item for item in items if item.checkState() == Qt.CheckState.Unchecked]
        self.hidden = {int(item.data(Qt.ItemDataRole.UserRole)) for item in off}
        self.toggled.emit()

    def _on_double(self, chosen: QListWidgetItem) -> None:
        items = [self.list.item(row) for row in range(self.list.count())]
        alone = all((item.checkState() == Qt.CheckState.Checked) == (item is chosen) for item in items)
        self.list.blockSignals(True)
        for item in items:
            on = alone or item is chosen
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.list.blockSignals(False)
        self._on_changed(chosen)


class ValueScale(QWidget):
    """A bar of colours with its lowest and highest number."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.low, self.high = "", 0.0, 1.0
        self._shades: NDArray[np.uint8] = np.zeros((1, 3), np.uint8)

    def show_scale(self, title: str, low: float, high: float, shades: NDArray[np.uint8]) -> None:
        self.title, self.low, self.high, self._shades = title, low, high, shades
        self.setAccessibleName(f"{title} from {low:.3g} to {high:.3g}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, 240)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        line = self.fontMetrics().height()
        words = int(Qt.TextFlag.TextWordWrap)
        title = painter.boundingRect(QRect(8, 4, self.width() - 16, 4 * line), words, self.title)
        painter.drawText(title, words, self.title)
        bar = QRect(8, title.bottom() + 8, 18, max(min(self.height() - title.bottom() - 16, 260), 20))
        for step in range(bar.height()):
            shade = self._shades[-1 - step * len(self._shades) // bar.height()]
            painter.fillRect(bar.left(), bar.top() + step, bar.width(), 1, QColor(*(int(c) for c in shade)))
        for value, y in ((self.high, bar.top()), (self.low, bar.bottom() - line)):
            painter.drawText(bar.right() + 8, y, self.width(), line, 0, f"{value:.3g}")


def _swatch(colour: NDArray[np.uint8]) -> QIcon:
    picture = QPixmap(SWATCH, SWATCH)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(*(int(c) for c in colour)))
    painter.drawEllipse(0, 0, SWATCH - 1, SWATCH - 1)
    painter.end()
    return QIcon(picture)
