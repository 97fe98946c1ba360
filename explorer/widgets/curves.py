"""Curves over steps or time, with a switch for each, a log scale, smoothing, and marks of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from explorer.widgets.flow import FlowLayout

# Okabe and Ito's palette, told apart by colour-blind people, without the yellow that vanishes on white.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#8c8c8c")
MOST_SMOOTHING = 10  # the slider's end: an average over 2^10 measurements


class CurveLike(Protocol):
    """What is drawn: arrays `[n]` over the same points."""

    @property
    def name(self) -> str: ...
    @property
    def steps(self) -> NDArray[np.float64]: ...
    @property
    def seconds(self) -> NDArray[np.float64]: ...
    @property
    def values(self) -> NDArray[np.float64]: ...
    @property
    def means(self) -> NDArray[np.float64]: ...


@dataclass(frozen=True)
class Mark:
    """Something that happened at a step: a checkpoint, a resume, a changed setting, a warning."""

    step: float
    kind: str
    text: str


# Colour, and which part of the height the line takes: what is routine stays at the bottom.
MARKS = {
    "checkpoint": ("#8c8c8c", (0.0, 0.05)),
    "resumed": ("#0072b2", (0.0, 1.0)),
    "setting": ("#cc79a7", (0.0, 1.0)),
    "warning": ("#d55e00", (0.0, 1.0)),
    "failed": ("#d55e00", (0.0, 1.0)),
}
EMPTY = "Curves appear here with the first measurement."
NEAR_PX = 6.0  # from the mouse to a mark whose text is shown


class CurvesView(QWidget):
    """`show_curves` draws; `smoothing_changed(window)` asks for curves averaged over another window.

    With `everything`, all curves are shown at first; else the losses.
    """

    smoothing_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None, *, everything: bool = False) -> None:
        super().__init__(parent)
        self._everything = everything
        import pyqtgraph as pg  # half a second: only when a training is looked at

        self._pg = pg
        self._curves: tuple[CurveLike, ...] = ()
        self._lines: dict[str, tuple[pg.PlotDataItem, pg.PlotDataItem]] = {}
        self.switches: dict[str, QCheckBox] = {}
        self._marks: tuple[Mark, ...] = ()
        self._ticks: dict[str, pg.VTickGroup] = {}
        self._moved = False  # by a person, who shall keep what they look at
        self._framed: list[tuple[float, float] | None] = [None, None]
        self._growing = True
        self.empty = QLabel(EMPTY, alignment=Qt.AlignmentFlag.AlignCenter)
        self.empty.setEnabled(False)  # pale
        self.plot = pg.PlotWidget()
        self.plot.setMinimumHeight(120)
        self.plot.setAccessibleName("Training curves")
        self.plot.getPlotItem().setMenuEnabled(False)
        self.plot.getPlotItem().hideButtons()
        self.plot.showGrid(x=True, y=True, alpha=0.15)
        self.plot.getPlotItem().setClipToView(True)
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setStyle(maxTickLevel=0)  # every finer line costs time at each repaint
        switches = QWidget()  # a widget of its own: the layout sets its height
        self._switch_row = FlowLayout(switches, gap=10)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(switches)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.empty, 1)
        layout.addLayout(self._controls())
        self.plot.scene().sigMouseMoved.connect(self._say_mark)
        self.plot.viewport().installEventFilter(self)
        self.plot.getPlotItem().getViewBox().sigRangeChangedManually.connect(self._on_moved)
        self._paint_theme()

    @property
    def smoothing(self) -> int:
        """Over how many measurements the curves are averaged."""
        return int(2 ** self.smoothing_slider.value())

    def show_curves(self, curves: Sequence[CurveLike]) -> None:
        """Draw these instead of what was there."""
        self._curves = tuple(curves)
        names = [curve.name for curve in curves]
        if names != list(self.switches):
            self._renew(names)
        self.plot.setVisible(bool(names))
        self.empty.setVisible(not names)
        self._draw()

    def set_growing(self, growing: bool) -> None:
        """Whether more is to come: only then the axes keep room for it."""
        if growing != self._growing:
            self._growing = growing
            self._framed = [None, None]
            self._frame()

    def show_marks(self, marks: Sequence[Mark]) -> None:
        """Mark these events on the curves; kinds that have no mark are left out."""
        self._marks = tuple(mark for mark in marks if mark.kind in MARKS)
        for kind, (colour, height) in MARKS.items():
            if kind not in self._ticks and any(mark.kind == kind for mark in self._marks):
                pen = self._pg.mkPen(colour, width=1)
                self._ticks[kind] = self._pg.VTickGroup(yrange=list(height), pen=pen)
                self.plot.addItem(self._ticks[kind], ignoreBounds=True)
        self._draw_marks()

    def mark_at(self, x: float, near: float) -> Mark | None:
        """The mark nearest to a place on the horizontal axis, at most `near` away."""
        if not self.events.isChecked() or not self._marks:
            return None
        places = self._places()
        nearest = min(range(len(places)), key=lambda i: abs(places[i] - x))
        return self._marks[nearest] if abs(places[nearest] - x) <= near else None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A double click lets the axes follow the curves again."""
        if event.type() == QEvent.Type.MouseButtonDblClick:
            self._reframe()
        return super().eventFilter(watched, event)

    def changeEvent(self, event: object) -> None:
        super().changeEvent(event)  # type: ignore[arg-type]
        if hasattr(self, "plot"):
            self._paint_theme()

    def _controls(self) -> QHBoxLayout:
        self.axis = QComboBox()
        self.axis.addItems(["over steps", "over minutes"])
        self.axis.setAccessibleName("Horizontal axis")
        self.axis.setToolTip("Draw the curves over training steps or over minutes of training")
        self.axis.currentIndexChanged.connect(self._reframe)
        self.log = QCheckBox("Log scale")
        self.log.setToolTip("Logarithmic vertical axis; values that aren't positive are left out")
        self.log.toggled.connect(self._reframe)
        self.smoothing_slider = QSlider(Qt.Orientation.Horizontal)
        self.smoothing_slider.setRange(0, MOST_SMOOTHING)
        self.smoothing_slider.setMaximumWidth(140)
        self.smoothing_slider.setAccessibleName("Smoothing")
        self.smoothing_slider.setToolTip("Average over more measurements; the raw curve stays, pale, behind")
        self.smoothing_slider.valueChanged.connect(lambda _: self.smoothing_changed.emit(self.smoothing))
        self.events = QCheckBox("Events")
        self.events.setChecked(True)
        self.events.setToolTip(
            "Mark checkpoints (short), resumes (blue), changed settings (pink), warnings (red)"
        )
        self.events.toggled.connect(self._draw_marks)
        label = QLabel("Smoothing")
        label.setBuddy(self.smoothing_slider)
        row = QHBoxLayout()
        for widget in (self.axis, self.log, self.events, label, self.smoothing_slider):
            row.addWidget(widget)
        row.addStretch(1)
        return row

    def _renew(self, names: list[str]) -> None:
        """Other metrics: other lines, other switches; what was switched off stays off."""
        off = {name for name, switch in self.switches.items() if not switch.isChecked()}
        known = set(self.switches)
        self._clear()
        for index, name in enumerate(names):
            colour = QColor(COLOURS[index % len(COLOURS)])
            switch = QCheckBox(name.replace("_", " "))
            switch.setStyleSheet(
                f"QCheckBox {{ border-bottom: 3px solid {colour.name()}; padding-bottom: 1px }}"
            )
            switch.setAccessibleName(f"Show {name}")
            switch.setToolTip(f"Show or hide the curve of {name}")
            at_first = self._everything or _shown_at_first(name, names)
            shown = name not in off if name in known else at_first
            with QSignalBlocker(switch):
                switch.setChecked(shown)
            switch.toggled.connect(self._reframe)
            self._switch_row.addWidget(switch)
            self.switches[name] = switch
            self._lines[name] = (self._line(colour, 70), self._line(colour, 255))

    def _clear(self) -> None:
        for switch in self.switches.values():
            self._switch_row.removeWidget(switch)
            switch.setParent(None)
            switch.deleteLater()
        for pair in self._lines.values():
            for line in pair:
                self.plot.removeItem(line)
        self.switches, self._lines = {}, {}

    def _line(self, colour: QColor, alpha: int) -> object:
        """One pixel wide: Qt outlines wider lines first, which takes a jagged one fifty times as long."""
        tint = QColor(colour)
        tint.setAlpha(alpha)
        line = self._pg.PlotDataItem(pen=self._pg.mkPen(tint, width=1), connect="finite", antialias=True)
        self.plot.addItem(line)
        return line

    def _draw(self) -> None:
        by_time, log = self.axis.currentIndex() == 1, self.log.isChecked()
        self.plot.getPlotItem().setLogMode(x=False, y=log)
        for curve in self._curves:
            x = curve.seconds / 60 if by_time else curve.steps
            raw, mean = self._lines[curve.name]
            shown = self.switches[curve.name].isChecked()
            raw.setVisible(shown and self.smoothing > 1)
            mean.setVisible(shown)
            if shown:
                raw.setData(x, _positive(curve.values, log))
                mean.setData(x, _positive(curve.means, log))
        self._frame()
        self._draw_marks()

    def _frame(self) -> None:
        """Make the axes hold what is shown, unless a person has moved them.

        They move seldom, with room to grow into: painting axes anew costs more than the curves.
        """
        if self._moved:
            return
        drawn = [mean for _, mean in self._lines.values() if mean.isVisible()]
        for axis, arrays in enumerate(
            ([line.xData for line in drawn], [self._heights(line) for line in drawn])
        ):
            ends = [(known.min(), known.max()) for array in arrays if len(known := array[np.isfinite(array)])]
            if ends:
                least, most = min(low for low, _ in ends), max(high for _, high in ends)
                self._framed[axis] = self._ends_of(axis, float(least), float(most))
        box = self.plot.getPlotItem().getViewBox()
        if (x := self._framed[0]) is not None and (y := self._framed[1]) is not None:
            box.setRange(xRange=x, yRange=y, padding=0.02)

    def _ends_of(self, axis: int, least: float, most: float) -> tuple[float, float]:
        if not self._growing and most > least:
            return least, most
        return frame(least, most, self._framed[axis], before=axis == 1)

    def _heights(self, line: Any) -> NDArray[np.float64]:
        """The values of a line as its axis counts them."""
        values = np.asarray(line.yData, np.float64)
        return np.log10(values) if self.log.isChecked() else values

    def _reframe(self) -> None:
        """The axes mean something else, or shall follow the curves again."""
        self._moved, self._framed = False, [None, None]
        self._draw()

    def _on_moved(self) -> None:
        self._moved = True

    def _draw_marks(self) -> None:
        places = self._places()
        for kind, ticks in self._ticks.items():
            pairs = zip(places, self._marks, strict=True)
            ticks.setXVals([x for x, mark in pairs if mark.kind == kind])
            ticks.setVisible(self.events.isChecked())

    def _places(self) -> list[float]:
        """Where the marks are on the horizontal axis: at their step, or at the minute of that step."""
        steps = [mark.step for mark in self._marks]
        if self.axis.currentIndex() == 0 or not steps:
            return steps
        longest = max(self._curves, key=lambda curve: len(curve.steps), default=None)
        if longest is None or not len(longest.steps):
            return [0.0] * len(steps)
        minutes: list[float] = np.interp(steps, longest.steps, longest.seconds / 60).tolist()
        return minutes

    def _say_mark(self, place: QPointF) -> None:
        """Tell of the mark below the mouse."""
        box = self.plot.getPlotItem().getViewBox()
        x = box.mapSceneToView(place).x()
        mark = self.mark_at(x, NEAR_PX * box.viewPixelSize()[0])
        words = f"step {mark.step:,.0f}: {mark.kind}. {mark.text}" if mark else ""
        self.plot.setToolTip(words)

    def _paint_theme(self) -> None:
        palette = self.palette()
        self.plot.setBackground(palette.color(QPalette.ColorRole.Base))
        pen = self._pg.mkPen(palette.color(QPalette.ColorRole.Text))
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(pen)
            axis.setTextPen(pen)


def frame(
    least: float, most: float, held: tuple[float, float] | None, *, before: bool
) -> tuple[float, float]:
    """The ends of an axis that shows `least` to `most`: those held as long as they fit, else with new room.

    The room is a quarter of the length, after it and, if asked for, `before` it too.
    """
    length = (most - least) or abs(most) or 1.0
    if held is not None and held[0] <= least and most <= held[1] and held[1] - held[0] <= 2.5 * length:
        return held
    return least - length / 4 * before, most + length / 4


def _shown_at_first(name: str, names: list[str]) -> bool:
    """Losses and the two players of a GAN; else the first metric. The rest is one click away."""
    losses = [n for n in names if "loss" in n or n in ("generator", "discriminator")]
    return name in losses if losses else name == names[0]


def _positive(values: NDArray[np.float64], log: bool) -> NDArray[np.float64]:
    return np.where(values > 0, values, np.nan) if log else values
