"""A list of hundreds of sliders of which only those that can be seen exist.

Each visible row is bound to an entry of the list; scrolling binds it to another. So 512 dimensions
cost no more than 20: nothing to build, and a new code updates what is visible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QScrollBar,
    QToolButton,
    QWidget,
)

from explorer.widgets.float_slider import FloatSlider
from explorer.widgets.icons import icon
from explorer.widgets.numbers import show_number

ROW_HEIGHT = 30
LABEL, WIDEST_LABEL = 64, 100  # pixels; all labels of a list are as wide as its longest
FURTHEST = 99.0  # what can be typed, in standard deviations


@dataclass(frozen=True)
class Entry:
    """One slider: a unique key, its label and tooltip, its range, whether it can be locked or has a menu."""

    key: str
    label: str
    tip: str = ""
    low: float = -3.0
    high: float = 3.0
    lockable: bool = True
    menu: bool = False


class SliderRow(QWidget):
    """Label, slider, number, reset and lock (or a menu). Signals carry the entry's key."""

    moved = Signal(str, float)
    let_go = Signal()
    lock_toggled = Signal(str)
    menu_asked = Signal(str, QPoint)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.entry = Entry("", "")
        self._shown: tuple[float, bool] | None = None  # None after a hand has moved something
        self.label = QLabel()
        self.label.setFixedWidth(LABEL)
        self.slider = FloatSlider()
        self.number = QDoubleSpinBox()
        self.number.setRange(-FURTHEST, FURTHEST)
        self.number.setDecimals(2)
        self.number.setSingleStep(0.1)
        self.number.setKeyboardTracking(False)
        self.number.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.number.setFixedWidth(52)
        self.number.setToolTip("Standard deviations from the centre; beyond 3 can be typed")
        self.reset = _button("reset", "Back to zero")
        self.lock = _button("lock", "Locked values stay when the seed changes or all is reset")
        self.lock.setIcon(QIcon())  # it says whether it is locked, once that is known
        self.lock.setCheckable(True)
        self.menu = _button("more", "Rename or remove")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 4, 0)
        row.setSpacing(2)
        row.addWidget(self.label)
        row.addWidget(self.slider, 1)
        for widget in (self.number, self.reset, self.lock, self.menu):
            row.addWidget(widget)
        self.slider.moved.connect(self._take)
        self.slider.let_go.connect(self.let_go)
        self.number.valueChanged.connect(self._take)
        self.number.editingFinished.connect(self.let_go)
        self.reset.clicked.connect(self._reset)
        self.lock.clicked.connect(lambda: self.lock_toggled.emit(self.entry.key))
        self.menu.clicked.connect(self._ask_menu)

    def bind(self, entry: Entry) -> None:
        """Become the row of another entry."""
        self.entry = entry
        self._shown = None
        room = self.label.maximumWidth() - 2
        self.label.setText(
            self.label.fontMetrics().elidedText(entry.label, Qt.TextElideMode.ElideMiddle, room)
        )
        self.label.setToolTip(entry.tip or entry.label)
        self.slider.set_range(entry.low, entry.high)
        self.slider.setAccessibleName(entry.label)
        self.number.setAccessibleName(f"{entry.label}, number")
        self.reset.setAccessibleName(f"Reset {entry.label}")
        self.lock.setAccessibleName(f"Lock {entry.label}")
        self.menu.setAccessibleName(f"Menu of {entry.label}")
        self.lock.setVisible(entry.lockable)
        self.menu.setVisible(entry.menu)

    def show_value(self, value: float, locked: bool) -> None:
        """Show what is so, without signals; a row that shows it already costs nothing."""
        if self._shown == (value, locked):
            return
        self._shown = (value, locked)
        self.slider.show_value(value)
        if not (self.number.hasFocus() and self.number.lineEdit().isModified()):
            show_number(self.number, value)
        self.reset.setEnabled(abs(value) >= 5e-4)
        if self.lock.isChecked() != locked or self.lock.icon().isNull():
            self.lock.setChecked(locked)
            self.lock.setIcon(icon("lock" if locked else "unlock"))

    def _reset(self) -> None:
        self._take(0.0)
        self.let_go.emit()

    def _take(self, value: float) -> None:
        self._shown = None
        self.moved.emit(self.entry.key, float(value))

    def _ask_menu(self) -> None:
        self.menu_asked.emit(self.entry.key, self.menu.mapToGlobal(self.menu.rect().bottomLeft()))


class SliderRows(QWidget):
    """The list. `show_entries` says which there are, `show_values` what they show, by key."""

    moved = Signal(str, float)
    let_go = Signal()
    lock_toggled = Signal(str)
    menu_asked = Signal(str, QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []
        self.rows: list[SliderRow] = []
        self._values: dict[str, float] = {}
        self._locked: frozenset[str] = frozenset()
        self._label = LABEL
        self._bar = QScrollBar(Qt.Orientation.Vertical, self)
        self._bar.setAccessibleName("Scroll through the sliders")
        self._bar.valueChanged.connect(self._bind)
        self.setMinimumHeight(3 * ROW_HEIGHT)

    def sizeHint(self) -> QSize:
        return QSize(300, max(3, min(len(self.entries), 12)) * ROW_HEIGHT)

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """Show these sliders from the first on."""
        self.entries = list(entries)
        metrics, longest = self.fontMetrics(), nlargest(16, {entry.label for entry in entries}, key=len)
        widest = max(map(metrics.horizontalAdvance, longest), default=0)
        self._label = min(max(widest + 4, LABEL), WIDEST_LABEL)
        self._bar.setValue(0)
        self._arrange()

    def show_values(self, values: dict[str, float], locked: frozenset[str] = frozenset()) -> None:
        """Show values by key; what has none shows zero."""
        self._values, self._locked = values, locked
        for row in self._live():
            row.show_value(values.get(row.entry.key, 0.0), row.entry.key in locked)

    def visible_keys(self) -> list[str]:
        """The entries that can be seen now."""
        return [row.entry.key for row in self._live()]

    def row_of(self, key: str) -> SliderRow:
        """The row of an entry, scrolled into view."""
        index = next(i for i, entry in enumerate(self.entries) if entry.key == key)
        if key not in self.visible_keys():
            self._bar.setValue(index)
        return next(row for row in self._live() if row.entry.key == key)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y()
        self._bar.setValue(self._bar.value() - (1 if turn > 0 else -1) * max(1, abs(turn) // 40))
        event.accept()

    def _arrange(self) -> None:
        """Make as many rows as fit, and no more."""
        fit = max(1, self.height() // ROW_HEIGHT)
        count = min(fit, len(self.entries))
        while len(self.rows) < count:
            self.rows.append(self._new_row())
        beyond = max(0, len(self.entries) - fit)
        self._bar.setRange(0, beyond)
        self._bar.setPageStep(fit)
        self._bar.setVisible(beyond > 0)
        wide = self._bar.sizeHint().width() if beyond else 0
        self._bar.setGeometry(self.width() - wide, 0, wide, self.height())
        for index, row in enumerate(self.rows):
            row.setVisible(index < count)
            row.setGeometry(0, index * ROW_HEIGHT, self.width() - wide, ROW_HEIGHT)
        self._bind()

    def _bind(self) -> None:
        first = self._bar.value()
        for row, entry in zip(self.rows, self.entries[first:], strict=False):
            if row.entry is not entry or row.label.maximumWidth() != self._label:
                row.label.setFixedWidth(self._label)
                row.bind(entry)
        self.show_values(self._values, self._locked)

    def _live(self) -> list[SliderRow]:
        return [row for row in self.rows if not row.isHidden() and row.entry.key]

    def _new_row(self) -> SliderRow:
        row = SliderRow(self)
        row.moved.connect(self.moved)
        row.let_go.connect(self.let_go)
        row.lock_toggled.connect(self.lock_toggled)
        row.menu_asked.connect(self.menu_asked)
        row.show()
        return row


def _button(name: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(icon(name))
    button.setIconSize(QSize(14, 14))
    button.setAutoRaise(True)
    button.setFixedSize(22, 22)
    button.setToolTip(tip)
    return button
