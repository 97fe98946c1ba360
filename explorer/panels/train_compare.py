"""Several trainings side by side: one curve of each over the other, and the settings that differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.model.run_table import differences
from explorer.model.runs import DESCRIBE, RunDetail
from explorer.model.series import Curve
from explorer.widgets.curves import CurvesView

NARROWEST = 72  # pixels of a column; with many runs the table scrolls
LONGEST = 36  # letters of a run's name in the legend


class CompareRuns(QWidget):
    """`show_details` shows; emits `smoothing_changed(window)`."""

    smoothing_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._details: tuple[RunDetail, ...] = ()
        self.title = QLabel()
        self.chosen = QComboBox()
        self.chosen.setAccessibleName("Curve to compare")
        self.chosen.setToolTip("Which curve of these trainings is drawn")
        self.chosen.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.chosen.currentIndexChanged.connect(lambda _: self._draw())
        self.curves = CurvesView(everything=True)
        self.curves.events.hide()  # whose would they be?
        self.curves.smoothing_changed.connect(self.smoothing_changed)
        self.table = QTableWidget()
        self.table.setAccessibleName("What differs between these trainings")
        self.table.setToolTip("Where they stand, their newest values, and the settings that are not the same")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(NARROWEST)
        header.setTextElideMode(Qt.TextElideMode.ElideRight)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.chosen)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.curves)
        split.addWidget(self.table)
        split.setChildrenCollapsible(False)
        split.setSizes([320, 240])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.addLayout(head)
        layout.addWidget(split, 1)

    @property
    def smoothing(self) -> int:
        return self.curves.smoothing

    def show_details(self, details: Sequence[RunDetail]) -> None:
        """Show these runs, or what is new of them."""
        self._details = tuple(details)
        self.title.setText(f"<b>{len(details)} trainings</b>")
        self._offer_metrics()
        self._draw()
        self._fill_table()

    def _offer_metrics(self) -> None:
        names = list(dict.fromkeys(curve.name for one in self._details for curve in one.curves))
        if names == [self.chosen.itemText(row) for row in range(self.chosen.count())]:
            return
        chosen = self.chosen.currentText()
        with QSignalBlocker(self.chosen):
            self.chosen.clear()
            self.chosen.addItems(names)
            at_first = next((row for row, name in enumerate(names) if "loss" in name), 0)
            self.chosen.setCurrentIndex(names.index(chosen) if chosen in names else at_first)

    def _draw(self) -> None:
        """One curve of each run, under the run's name."""
        names = _apart([shortened(one.summary.title) for one in self._details])
        found: list[Curve] = []
        for name, one in zip(names, self._details, strict=True):
            curve = next((c for c in one.curves if c.name == self.chosen.currentText()), None)
            if curve is not None:
                found.append(replace(curve, name=name))
        self.curves.set_growing(any(one.summary.phase.live for one in self._details))
        self.curves.show_curves(found)

    def _fill_table(self) -> None:
        runs = [one.summary for one in self._details]
        rows = [("stands", [f"{DESCRIBE[r.phase]} at {r.state.step:,}" for r in runs])]
        rows += [(name, [_last(one, name) for one in self._details]) for name in self._metrics()]
        facts = [{"family": r.family, "data": r.data, **r.settings} for r in runs]
        rows += [(name, [_text(v) for v in values]) for name, values in differences(facts)]
        self.table.setRowCount(len(rows))
        self.table.setColumnCount(len(runs))
        for column, run in enumerate(runs):
            heading = QTableWidgetItem(run.title)
            heading.setToolTip(f"{run.title} ({run.name})")
            self.table.setHorizontalHeaderItem(column, heading)
        self.table.setVerticalHeaderLabels([name.replace("_", " ") for name, _ in rows])
        for row, (_, values) in enumerate(rows):
            for column, value in enumerate(values):
                item = QTableWidgetItem(value)
                item.setToolTip(value)
                self.table.setItem(row, column, item)

    def _metrics(self) -> list[str]:
        return [self.chosen.itemText(row) for row in range(self.chosen.count())]


def shortened(title: str) -> str:
    """A title that a legend has room for: its beginning and its end, where names of runs differ."""
    return title if len(title) <= LONGEST else f"{title[: LONGEST - 13].rstrip()} … {title[-10:].lstrip()}"


def _apart(titles: Sequence[str]) -> list[str]:
    """Titles with a number where two are the same."""
    seen: dict[str, int] = {}
    found = []
    for title in titles:
        seen[title] = seen.get(title, 0) + 1
        found.append(title if seen[title] == 1 else f"{title} ({seen[title]})")
    return found


def _last(one: RunDetail, name: str) -> str:
    """The newest value of a curve, smoothed as it is drawn."""
    curve = next((c for c in one.curves if c.name == name), None)
    return "" if curve is None or not len(curve.means) else f"{curve.means[-1]:.4g}"


def _text(value: object) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
