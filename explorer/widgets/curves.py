"""Curves of several metrics over steps or time, with switches for each, a log scale and smoothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Qt, Signal
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


class CurvesView(QWidget):
    """`show_curves` draws; `smoothing_changed(window)` asks for curves averaged over another window."""

    smoothing_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        import pyqtgraph as pg  # half a second: only when a training is looked at

        self._pg = pg
        self._curves: tuple[CurveLike, ...] = ()
        self._lines: dict[str, tuple[pg.PlotDataItem, pg.PlotDataItem]] = {}
        self.switches: dict[str, QCheckBox] = {}
        self.plot = pg.PlotWidget()
        self.plot.setMinimumHeight(120)
        self.plot.setAccessibleName("Training curves")
        self.plot.getPlotItem().setMenuEnabled(False)
        self.plot.getPlotItem().hideButtons()
        self.plot.showGrid(x=True, y=True, alpha=0.15)
        self.plot.getPlotItem().setClipToView(True)
        switches = QWidget()  # a widget of its own: the layout sets its height
        self._switch_row = FlowLayout(switches, gap=10)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(switches)
        layout.addWidget(self.plot, 1)
        layout.addLayout(self._controls())
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
        self._draw()

    def changeEvent(self, event: object) -> None:
        super().changeEvent(event)  # type: ignore[arg-type]
        if hasattr(self, "plot"):
            self._paint_theme()

    def _controls(self) -> QHBoxLayout:
        self.axis = QComboBox()
        self.axis.addItems(["over steps", "over minutes"])
        self.axis.setAccessibleName("Horizontal axis")
        self.axis.setToolTip("Draw the curves over training steps or over minutes of training")
        self.axis.currentIndexChanged.connect(self._draw)
        self.log = QCheckBox("Log scale")
        self.log.setToolTip("Logarithmic vertical axis; values that aren't positive are left out")
        self.log.toggled.connect(self._draw)
        self.smoothing_slider = QSlider(Qt.Orientation.Horizontal)
        self.smoothing_slider.setRange(0, MOST_SMOOTHING)
        self.smoothing_slider.setMaximumWidth(140)
        self.smoothing_slider.setAccessibleName("Smoothing")
        self.smoothing_slider.setToolTip("Average over more measurements; the raw curve stays, pale, behind")
        self.smoothing_slider.valueChanged.connect(lambda _: self.smoothing_changed.emit(self.smoothing))
        label = QLabel("Smoothing")
        label.setBuddy(self.smoothing_slider)
        row = QHBoxLayout()
        for widget in (self.axis, self.log, label, self.smoothing_slider):
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
            shown = name not in off if name in known else _shown_at_first(name, names)
            with QSignalBlocker(switch):
                switch.setChecked(shown)
            switch.toggled.connect(self._draw)
            self._switch_row.addWidget(switch)
            self.switches[name] = switch
            self._lines[name] = (self._line(colour, 70, 1.0), self._line(colour, 255, 2.0))

    def _clear(self) -> None:
        for switch in self.switches.values():
            self._switch_row.removeWidget(switch)
            switch.setParent(None)
            switch.deleteLater()
        for pair in self._lines.values():
            for line in pair:
                self.plot.removeItem(line)
        self.switches, self._lines = {}, {}

    def _line(self, colour: QColor, alpha: int, width: float) -> object:
        tint = QColor(colour)
        tint.setAlpha(alpha)
        line = self._pg.PlotDataItem(pen=self._pg.mkPen(tint, width=width), connect="finite", antialias=True)
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
            raw.setData(x, _positive(curve.values, log))
            mean.setData(x, _positive(curve.means, log))
        self.plot.getPlotItem().enableAutoRange()

    def _paint_theme(self) -> None:
        palette = self.palette()
        self.plot.setBackground(palette.color(QPalette.ColorRole.Base))
        pen = self._pg.mkPen(palette.color(QPalette.ColorRole.Text))
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(pen)
            axis.setTextPen(pen)


def _shown_at_first(name: str, names: list[str]) -> bool:
    """Losses and the two players of a GAN; else the first metric. The rest is one click away."""
    losses = [n for n in names if "loss" in n or n in ("generator", "discriminator")]
    return name in losses if losses else name == names[0]


def _positive(values: NDArray[np.float64], log: bool) -> NDArray[np.float64]:
    return np.where(values > 0, values, np.nan) if log else values
