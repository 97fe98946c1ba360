"""What came of a sweep: parallel coordinates over a table; pointing at a run in one shows it in the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSettings,
    QSignalBlocker,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QColor, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QSplitter,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.model.parallel import axis_of
from explorer.model.sweep_table import SweepTable
from explorer.panels.files import ask_to_save
from explorer.widgets.controls import titled
from explorer.widgets.flow import flowing
from explorer.widgets.parallel_view import ParallelView
from trainers.api import Phase

Index = QModelIndex | QPersistentModelIndex
FIRST = ("run", "stands")  # columns before those of the settings
AXES_AT_FIRST = 3  # figures that have an axis before anybody chose
LIFTED_ALPHA = 70


class SweepResults(QWidget):
    """`show_table` shows. Emits `chosen(folder)` at a click, `opened(folder)` at a double click or Enter.

    `written(path, text)` asks for the table to be written as CSV.
    """

    chosen = Signal(object)
    opened = Signal(object)
    written = Signal(object, str)

    def __init__(self, settings: QSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.data = SweepTable("")
        self._axes: set[str] | None = None  # figures with an axis; None until somebody chose
        self.model = ResultsModel(self)
        self._build()

    def show_table(self, data: SweepTable) -> None:
        """Show a sweep, or what is new of it; what was chosen and sorted stays."""
        if data.name != self.data.name:
            self._axes = None
            self.plot.ranges = {}
        self.data = data
        done = sum(row.phase is Phase.FINISHED for row in data.rows)
        live = sum(row.phase.live for row in data.rows)
        running = f", {live} running" if live else ""
        self.title.setText(f"<b>{data.name}</b> · {len(data.rows)} runs, {done} finished{running}")
        self._offer()
        self._redraw()

    # Building

    def _build(self) -> None:
        self.title = QLabel()
        self.plot = ParallelView("Parallel coordinates of the sweep")
        self.plot.setToolTip(
            "Rest on a line to see its run; drag on an axis to keep a range, click on it to end that"
        )
        self.plot.hovered.connect(self._on_hovered)
        self.plot.chosen.connect(lambda line: self.chosen.emit(self.data.rows[line].folder))
        self.plot.opened.connect(lambda line: self.opened.emit(self.data.rows[line].folder))
        self.plot.ranged.connect(lambda _: self._on_ranged())
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Runs of the sweep")
        self.table.setToolTip(
            "Settings that vary, each curve's mean over its last tenth, figures. Click a heading to sort, "
            "a run to select it, twice to open it"
        )
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.table.setMouseTracking(True)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.horizontalHeader().setResizeContentsPrecision(0)  # as wide as the rows that are seen
        self.table.entered.connect(lambda index: self._lift(self.model.line(index.row())))
        self.table.clicked.connect(lambda index: self.chosen.emit(self.model.folder(index.row())))
        self.table.activated.connect(lambda index: self.opened.emit(self.model.folder(index.row())))
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.plot)
        split.addWidget(self.table)
        split.setChildrenCollapsible(False)
        split.setSizes([280, 260])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.addWidget(self.title)
        layout.addWidget(self._tools())
        layout.addWidget(split, 1)

    def _tools(self) -> QWidget:
        self.colour = QComboBox()
        self.colour.setAccessibleName("Figure that colours the lines")
        self.colour.setToolTip("Lines are coloured by this; its axis shows which colour is which value")
        self.colour.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.colour.currentIndexChanged.connect(lambda _: self._redraw())
        self.axes = QToolButton()
        self.axes.setText("Axes ▾")
        self.axes.setToolTip("Which curves and figures have an axis; those of the settings are always there")
        self.axes.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.axes)
        self.axes.setMenu(self.menu)
        self.clear = QPushButton("All runs")
        self.clear.clicked.connect(self.plot.clear_ranges)
        self.export = QPushButton("Export CSV…")
        self.export.setToolTip("Write the table to a file, in the order that it has here")
        self.export.clicked.connect(self._ask_where)
        self._say_kept()
        return flowing(titled("Colour by", self.colour), self.axes, self.clear, self.export)

    # Showing

    def _offer(self) -> None:
        """The figures that there are, in the box and in the menu."""
        names = list(self.data.measured)
        if names == [self.colour.itemText(row) for row in range(self.colour.count())]:
            return
        before = self.colour.currentText()
        best = next((name for name in names if "loss" in name), names[0] if names else "")
        with QSignalBlocker(self.colour):
            self.colour.clear()
            self.colour.addItems(names)
            self.colour.setCurrentIndex(names.index(before if before in names else best) if names else -1)
        self.menu.clear()
        shown = self._shown()
        for name in names:
            action = QAction(name.replace("_", " "), self.menu, checkable=True, checked=name in shown)
            action.toggled.connect(lambda on, name=name: self._on_axis(name, on))
            self.menu.addAction(action)

    def _shown(self) -> list[str]:
        """The figures with an axis: those chosen, and always the one that gives the colours."""
        names, coloured = self.data.measured, self.colour.currentText()
        chosen = names[-AXES_AT_FIRST:] if self._axes is None else self._axes
        return [name for name in names if name in chosen or name == coloured]

    def _on_axis(self, name: str, on: bool) -> None:
        chosen = set(self._shown()) if self._axes is None else self._axes
        self._axes = chosen | {name} if on else chosen - {name}
        self._redraw()

    def _redraw(self) -> None:
        rows = self.data.rows
        names = (*self.data.varied, *self._shown())
        axes = [axis_of(name, [row.value(name) for row in rows]) for name in names]
        self.plot.show_axes(axes, self.colour.currentText())
        selected = self.selected()
        wide = self.model.columnCount()
        self.model.show_rows(self.data, self.plot.kept)
        if wide != self.model.columnCount():
            self.table.resizeColumnsToContents()
        self.select(selected)
        self._say_kept()

    def _on_ranged(self) -> None:
        selected = self.selected()
        self.model.show_rows(self.data, self.plot.kept)
        self.select(selected)
        self._say_kept()

    def _say_kept(self) -> None:
        kept, every = len(self.plot.kept), len(self.data.rows)
        self.clear.setText(f"Show all {every} runs" if kept < every else "All runs are shown")
        self.clear.setEnabled(bool(self.plot.ranges))
        self.clear.setToolTip(
            f"{kept} of {every} runs are in the ranges; this ends them" if self.plot.ranges
            else "Drag on an axis to keep only the runs in a range"
        )  # fmt: skip

    # Pointing

    def selected(self) -> Path | None:
        """The run selected in the table."""
        rows = self.table.selectionModel().selectedRows()
        return self.model.folder(rows[0].row()) if rows else None

    def select(self, folder: Path | None) -> None:
        """Select a run in the table, where it is shown."""
        row = self.model.row_of(folder)
        if row >= 0:
            self.table.selectRow(row)
        else:
            self.table.clearSelection()

    def _on_hovered(self, line: int) -> None:
        self._lift(line)
        if (row := self.model.row_of(self.data.rows[line].folder) if line >= 0 else -1) >= 0:
            self.table.scrollTo(self.model.index(row, 0))

    def _lift(self, line: int) -> None:
        self.plot.lift(line)
        self.model.lift(line)

    def leaveEvent(self, event: Any) -> None:
        super().leaveEvent(event)
        self._lift(-1)

    # Exporting

    def _ask_where(self) -> None:
        name = f"{self.data.name}.csv"
        ask_to_save(self, self._settings, "Export the table", name, self._write)

    def _write(self, path: Path) -> None:
        self.written.emit(path, self.csv())

    def csv(self) -> str:
        """The table as it stands: its order, without the runs outside the ranges."""
        return self.data.csv(self.model.lines)


class ResultsModel(QAbstractTableModel):
    """The rows that are kept, sorted. `lines` are their places in the sweep."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._data = SweepTable("")
        self.lines: list[int] = []
        self._lifted = -1
        self._by, self._order = 0, Qt.SortOrder.AscendingOrder

    def show_rows(self, data: SweepTable, kept: Sequence[int]) -> None:
        """Show these rows of a sweep, sorted as before."""
        same = data.names == self._data.names
        before, self._data = self.lines, data
        lines = self._sorted(kept)
        if same and lines == before:
            self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, self.columnCount() - 1))
            return
        self.beginResetModel()
        self.lines = lines
        self.endResetModel()

    def line(self, row: int) -> int:
        return self.lines[row] if 0 <= row < len(self.lines) else -1

    def folder(self, row: int) -> Path:
        """The run of a row."""
        return self._data.rows[self.lines[row]].folder

    def row_of(self, folder: Path | None) -> int:
        found = (row for row, line in enumerate(self.lines) if self._data.rows[line].folder == folder)
        return next(found, -1)

    def lift(self, line: int) -> None:
        """Tint one row (-1: none)."""
        if line != self._lifted:
            before, self._lifted = self._lifted, line
            for changed in (before, line):
                if changed in self.lines:
                    row = self.lines.index(changed)
                    self.dataChanged.emit(self.index(row, 0), self.index(row, self.columnCount() - 1))

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(FIRST) + len(self._data.names)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal or role not in (0, Qt.ItemDataRole.ToolTipRole):
            return None
        name = (*FIRST, *self._data.names)[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return name.replace("_", " ")
        return "A setting that varies" if name in self._data.varied else None

    def data(self, index: Index, role: int = 0) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(self._value(self.lines[index.row()], index.column()))
        if role == Qt.ItemDataRole.BackgroundRole and self.lines[index.row()] == self._lifted:
            parent = self.parent()
            assert isinstance(parent, QWidget)
            colour = QColor(parent.palette().color(QPalette.ColorRole.Highlight))
            colour.setAlpha(LIFTED_ALPHA)
            return colour
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() >= len(FIRST):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._by, self._order = column, order
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        lines = [self.lines[index.row()] for index in before]
        self.lines = self._sorted(self.lines)
        rows = {line: row for row, line in enumerate(self.lines)}
        after = [self.index(rows[line], index.column()) for line, index in zip(lines, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _sorted(self, kept: Sequence[int]) -> list[int]:
        """By the values of a column; what isn't known is always last."""
        column = self._by if self._by < self.columnCount() else 0
        values = {line: self._value(line, column) for line in kept}
        known = [line for line in kept if values[line] is not None]
        number = all(isinstance(values[line], int | float) for line in known)
        key = (lambda line: values[line]) if number else (lambda line: str(values[line]))
        known.sort(key=key, reverse=self._order == Qt.SortOrder.DescendingOrder)
        return [*known, *(line for line in kept if values[line] is None)]

    def _value(self, line: int, column: int) -> Any:
        row = self._data.rows[line]
        if column < len(FIRST):
            return (row.folder.name, row.stands)[column]
        return row.value(self._data.names[column - len(FIRST)])


def _text(value: Any) -> str:
    return "" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)
