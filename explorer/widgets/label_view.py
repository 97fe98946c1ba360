"""Accuracy over the number of labels on a logarithmic axis: a line for each way, its band one deviation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QWidget

from explorer.widgets.chart_view import BLUE, GREEN, RED, ChartView, tint

Floats = NDArray[np.float64]
COLOURS = {"linear": BLUE, "tuned": RED, "scratch": GREEN}


class LineLike(Protocol):
    """What is drawn: at each of `counts` [K] mean and deviation of accuracies [K]."""

    @property
    def way(self) -> str: ...
    @property
    def counts(self) -> Floats: ...
    @property
    def means(self) -> Floats: ...
    @property
    def deviations(self) -> Floats: ...


class LabelView(ChartView):
    """`show_lines` draws instead of what was there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Accuracy over the number of labels", "labels", "test accuracy", parent)
        self.lines: dict[str, Any] = {}
        self.bands: dict[str, tuple[Any, Any]] = {}
        for way, colour in COLOURS.items():
            ends = (self.line(colour, 0), self.line(colour, 0))
            self.plot.addItem(self.pg.FillBetweenItem(*ends, brush=tint(colour, 45)))
            self.bands[way] = ends
            self.lines[way] = self.pg.PlotDataItem(
                pen=self.pg.mkPen(colour, width=1), symbol="o", symbolSize=7, symbolBrush=colour,
                symbolPen=None, antialias=True,
            )  # fmt: skip
            self.plot.addItem(self.lines[way])

    def show_lines(self, lines: Sequence[LineLike], low: float) -> None:
        """From `low` to 1 upwards."""
        known = {line.way: line for line in lines}
        for way, drawn in self.lines.items():
            line = known.get(way)
            x = np.log10(line.counts) if line is not None else np.zeros(0)
            means = line.means if line is not None else x
            spread = np.nan_to_num(line.deviations) if line is not None else x
            drawn.setData(x, means)
            for end, side in zip(self.bands[way], (-1, 1), strict=True):
                end.setData(x, means + side * spread)
        counts = (
            np.unique(np.concatenate([line.counts for line in lines])) if lines else np.array([10.0, 100.0])
        )
        places = np.log10(counts)
        ticks = [[(float(x), f"{c:,.0f}") for x, c in zip(places, counts, strict=True)]]
        self.plot.getAxis("bottom").setTicks(ticks)
        self.span((float(places[0]) - 0.15, float(places[-1]) + 0.15), (low, 1.0))
