"""Two groups of scores as a histogram and as a curve, with one threshold in both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from explorer.widgets.chart_view import BLUE, GREY, RED, ROOM, ChartView

Floats = NDArray[np.float64]


class ScoreHistogram(ChartView):
    """Bars of both groups; the threshold is a line that can be dragged (`moved`)."""

    moved = Signal(float)

    def __init__(self) -> None:
        super().__init__("Histogram of scores: normal blue, anomalies orange", "score", "share of images")
        self.normal, self.anomalies = self.filled(BLUE, 110), self.filled(RED, 110)
        self.threshold = self.pg.InfiniteLine(angle=90, movable=True, pen=self.pg.mkPen(GREY, width=1))
        self.threshold.hide()
        self.plot.addItem(self.threshold)
        self.threshold.sigDragged.connect(lambda line: self.moved.emit(float(line.value())))

    def show_bars(self, edges: Floats, bars: Floats, title: str) -> None:
        """`edges` [B + 1]; `bars` [2, B] the shares of normal and of anomalies."""
        self.plot.setLabel("bottom", title)
        self.normal.setData(edges, bars[0])
        self.anomalies.setData(edges, bars[1])
        self.threshold.setBounds((edges[0], edges[-1]))
        self.threshold.show()
        self.span((edges[0], edges[-1]), (0.0, float(bars.max()) * ROOM))

    def show_threshold(self, value: float) -> None:
        self.threshold.setValue(value)

    def clear(self) -> None:
        for bars in (self.normal, self.anomalies):
            bars.setData(np.zeros(1), np.zeros(0))
        self.threshold.hide()


class RocCurve(ChartView):
    """The share of anomalies caught over the share of false alarms, and where the threshold is on it."""

    def __init__(self) -> None:
        super().__init__("ROC curve", "false alarms", "anomalies caught")
        self.chance, self.curve = self.line(GREY), self.line(RED)
        self.chance.setData([0.0, 1.0], [0.0, 1.0])
        self.place = self.pg.ScatterPlotItem(size=9, brush=self.pg.mkBrush(RED), pen=None)
        self.plot.addItem(self.place)
        self.span((-0.02, 1.0), (0.0, 1.02))

    def show_curve(self, alarms: Floats, caught: Floats) -> None:
        """Both [K], rising from 0 to 1."""
        self.curve.setData(alarms, caught)

    def show_place(self, alarms: float, caught: float) -> None:
        self.place.setData([alarms], [caught])

    def clear(self) -> None:
        self.curve.setData([], [])
        self.place.setData([], [])


class RocView(QWidget):
    """Histogram and curve beside each other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.histogram, self.curve = ScoreHistogram(), RocCurve()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.histogram, 3)
        row.addWidget(self.curve, 2)

    def clear(self) -> None:
        """Neither bars nor curve."""
        self.histogram.clear()
        self.curve.clear()
