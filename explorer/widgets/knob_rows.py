"""Numbers besides a code as sliders: a model's knobs, a view's, how many completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from backends.api import Knob
from explorer.widgets.float_slider import FloatSlider
from explorer.widgets.icons import icon
from explorer.widgets.numbers import show_number

LABEL_SHARE = 0.4  # of a row's width at most is its title's
NUMBER = 56
STEPS = 50  # strokes of an arrow key from one end to the other


class KnobRow(QWidget):
    """Label, slider, number and reset of one knob; `moved` only when a hand turned it to another value."""

    moved = Signal(float)
    let_go = Signal()

    def __init__(self, knob: Knob, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.knob = knob
        self.value = knob.default
        self._build()
        self.slider.moved.connect(self._take)
        self.slider.let_go.connect(self.let_go)
        self.number.valueChanged.connect(self._take)
        self.number.editingFinished.connect(self.let_go)
        self.reset.clicked.connect(self._reset)
        self.show_value(knob.default)

    def show_value(self, value: float) -> None:
        """Show a value that came from elsewhere, without a signal."""
        self.value = self.knob.value({self.knob.name: value})
        self.slider.show_value(self.value)
        if not (self.number.hasFocus() and self.number.lineEdit().isModified()):
            show_number(self.number, self.value)
        self.reset.setEnabled(self.value != self.knob.default)

    @property
    def title_width(self) -> int:
        """How many pixels the whole title takes."""
        return self.label.fontMetrics().horizontalAdvance(self.knob.title) + 4

    def set_title_width(self, width: int) -> None:
        """So many pixels for the title; what doesn't fit is left out at its end."""
        metrics = self.label.fontMetrics()
        self.label.setFixedWidth(width)
        self.label.setText(metrics.elidedText(self.knob.title, Qt.TextElideMode.ElideRight, width))

    def _take(self, value: float) -> None:
        before = self.value
        self.show_value(value)
        if self.value != before:
            self.moved.emit(self.value)

    def _reset(self) -> None:
        self._take(self.knob.default)
        self.let_go.emit()

    def _build(self) -> None:
        knob = self.knob
        tip = f"{knob.help or knob.title} ({knob.low:g} to {knob.high:g}, usually {knob.default:g})"
        self.label = label = QLabel(knob.title)
        self.slider = FloatSlider(knob.low, knob.high, knob.default)
        self.slider.step = 1.0 if knob.whole else (knob.high - knob.low) / STEPS
        self.slider.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.number = QDoubleSpinBox()
        self.number.setDecimals(0 if knob.whole else _decimals(knob))
        self.number.setRange(knob.low, knob.high)
        self.number.setSingleStep(self.slider.step)
        self.number.setKeyboardTracking(False)
        self.number.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.number.setFixedWidth(NUMBER)
        self.reset = QToolButton()
        self.reset.setIcon(icon("reset"))
        self.reset.setIconSize(QSize(14, 14))
        self.reset.setAutoRaise(True)
        self.reset.setFixedSize(22, 22)
        self.reset.setAccessibleName(f"Reset {knob.title}")
        self.reset.setToolTip(f"Back to {knob.default:g}")
        for widget, name in (
            (label, ""), (self.slider, knob.title), (self.number, f"{knob.title}, number"),
        ):  # fmt: skip
            widget.setToolTip(tip)
            widget.setAccessibleName(name or knob.title)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(label)
        row.addWidget(self.slider, 1)
        row.addWidget(self.number)
        row.addWidget(self.reset)


class KnobRows(QWidget):
    """The rows of some knobs, one below the other; `moved` carries a knob's name and its value."""

    moved = Signal(str, float)
    let_go = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.knobs: tuple[Knob, ...] = ()
        self.rows: dict[str, KnobRow] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self.hide()

    def show_knobs(self, knobs: Sequence[Knob]) -> None:
        """Show these, at their defaults; nothing is rebuilt when they are there already."""
        if tuple(knobs) == self.knobs:
            return
        self.knobs = tuple(knobs)
        for row in self.rows.values():
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = {knob.name: self._new_row(knob) for knob in knobs}
        self._align()
        self.setVisible(bool(knobs))

    def show_values(self, options: Mapping[str, float]) -> None:
        """Show what `options` say; the defaults where they say nothing."""
        for name, row in self.rows.items():
            row.show_value(options.get(name, row.knob.default))

    def values(self) -> dict[str, float]:
        """What every knob shows, by name."""
        return {name: row.value for name, row in self.rows.items()}

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._align()

    def _align(self) -> None:
        """All titles as wide as the longest, as far as there is room: the sliders begin in one line."""
        longest = max((row.title_width for row in self.rows.values()), default=0)
        for row in self.rows.values():
            row.set_title_width(min(longest, round(LABEL_SHARE * self.width())))

    def _new_row(self, knob: Knob) -> KnobRow:
        row = KnobRow(knob, self)
        row.moved.connect(lambda value: self.moved.emit(knob.name, value))
        row.let_go.connect(self.let_go)
        self._column.addWidget(row)
        return row


def _decimals(knob: Knob) -> int:
    """As many as tell 200 values of the range apart: 2 for 0 to 1, 1 for 0 to 20."""
    span = max(knob.high - knob.low, 1e-6)
    return next((digits for digits in range(1, 6) if span * 10**digits >= 100), 6)
