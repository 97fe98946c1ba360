"""Small charts that are looked at, not steered: a plot in the theme's colours that the mouse never moves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

Floats = NDArray[np.float64]
# Of Okabe and Ito, told apart by colour-blind people; on both grounds.
BLUE, RED, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#8c8c8c"
ROOM = 1.08


def import_plots() -> bool:
    """Half a second, for a thread, so that the window does not wait."""
    import pyqtgraph  # noqa: F401

    return True


class ChartView(QWidget):
    """One plot with titles on its axes. Subclasses draw.

    Lines are one pixel wide: wider ones take Qt fifty times as long to paint.
    """

    def __init__(self, name: str, across: str, up: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        import pyqtgraph as pg  # half a second: only when a chart is looked at

        self.pg = pg
        self.plot = pg.PlotWidget()
        self.plot.setAccessibleName(name)
        self.plot.setMinimumSize(160, 110)
        self.plot.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored
        )  # it would like 480 pixels
        item = self.plot.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setMouseEnabled(False, False)
        self.plot.showGrid(x=True, y=True, alpha=0.15)
        for side, text in (("bottom", across), ("left", up)):
            axis = self.plot.getAxis(side)
            axis.setStyle(maxTickLevel=0)  # every finer line costs time at each repaint
            axis.enableAutoSIPrefix(False)
            self.plot.setLabel(side, text)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.plot)
        self._paint_theme()

    def line(self, colour: str, alpha: int = 255) -> Any:
        """A new, empty line."""
        made = self.pg.PlotDataItem(pen=self.pg.mkPen(tint(colour, alpha), width=1), antialias=True)
        self.plot.addItem(made)
        return made

    def filled(self, colour: str, alpha: int) -> Any:
        """New, empty bars that share one outline; what lies below shines through."""
        made = self.pg.PlotDataItem(
            pen=self.pg.mkPen(tint(colour, 255), width=1), stepMode="center", fillLevel=0,
            brush=tint(colour, alpha),
        )  # fmt: skip
        self.plot.addItem(made)
        return made

    def span(self, across: tuple[float, float], up: tuple[float, float]) -> None:
        """What the axes hold."""
        self.plot.getPlotItem().getViewBox().setRange(xRange=across, yRange=up, padding=0)

    def changeEvent(self, event: Any) -> None:
        super().changeEvent(event)
        if hasattr(self, "plot"):
            self._paint_theme()

    def _paint_theme(self) -> None:
        palette = self.palette()
        self.plot.setBackground(palette.color(QPalette.ColorRole.Base))
        pen = self.pg.mkPen(palette.color(QPalette.ColorRole.Text))
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setPen(pen)
            self.plot.getAxis(side).setTextPen(pen)


def tint(colour: str, alpha: int) -> QColor:
    """A colour that others shine through."""
    made = QColor(colour)
    made.setAlpha(alpha)
    return made
