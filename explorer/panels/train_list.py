"""The list of trainings: name, what it learns from, where it stands, and a thin bar of progress."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from explorer.model.runs import RunSummary
from trainers.api import Phase

SUMMARY = Qt.ItemDataRole.UserRole
COLOURS = {
    Phase.QUEUED: "#56b4e9",
    Phase.PREPARING: "#0072b2",
    Phase.TRAINING: "#009e73",
    Phase.EVALUATING: "#009e73",
    Phase.PAUSED: "#e69f00",
    Phase.STOPPING: "#e69f00",
    Phase.FAILED: "#d55e00",
    Phase.INTERRUPTED: "#cc79a7",
}
DONE = "#8c8c8c"
PADDING = 8


class RunList(QListWidget):
    """Emits `chosen(folders)` when others are selected by hand or by `choose`; several are compared."""

    chosen = Signal(object)  # list[Path]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setItemDelegate(_Line(self))
        self.setAccessibleName("Trainings")
        self.setToolTip(
            "Trainings on this machine, whoever started them; newest first. Select several to compare them."
        )
        self.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemSelectionChanged.connect(lambda: self.chosen.emit(self.selected()))

    @property
    def summaries(self) -> dict[Path, RunSummary]:
        """What is listed, by folder."""
        items = (self.item(row).data(SUMMARY) for row in range(self.count()))
        return {summary.folder: summary for summary in items}

    def show_runs(self, runs: Sequence[RunSummary]) -> None:
        """List these; only what changed is drawn anew, and the selection stays."""
        if [run.folder for run in runs] != list(self.summaries):
            self._relist(runs)
            return
        for row, run in enumerate(runs):
            if self.item(row).data(SUMMARY) != run:
                _fill(self.item(row), run)

    def selected(self) -> list[Path]:
        """The selected runs, in the order of the list."""
        rows = sorted(self.row(item) for item in self.selectedItems())
        return [self.item(row).data(SUMMARY).folder for row in rows]

    def choose(self, folder: Path | None) -> None:
        """Select one run; None selects nothing."""
        for row in range(self.count()):
            if self.item(row).data(SUMMARY).folder == folder:
                self.setCurrentRow(row)
                return
        self.setCurrentRow(-1)
        self.clearSelection()

    def _relist(self, runs: Sequence[RunSummary]) -> None:
        chosen = set(self.selected())
        with QSignalBlocker(self):
            self.clear()
            for run in runs:
                item = QListWidgetItem()
                _fill(item, run)
                self.addItem(item)
                if run.folder in chosen:
                    item.setSelected(True)
        if set(self.selected()) != chosen:
            self.chosen.emit(self.selected())


def _fill(item: QListWidgetItem, run: RunSummary) -> None:
    item.setData(SUMMARY, run)
    tags = "".join(f" #{tag}" for tag in run.tags)
    item.setText(f"{run.title}: {run.family} on {run.data}, {run.line()}{tags}")  # what a screen reader says
    item.setToolTip(run.state.message or f"{run.family} on {run.data}")


def colour_of(phase: Phase) -> QColor:
    """The colour of a phase's dot and bar."""
    return QColor(COLOURS.get(phase, DONE))


class _Line(QStyledItemDelegate):
    """Paints one training as three short lines and a bar."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(160, 3 * option.fontMetrics.height() + 2 * PADDING + 8)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        run: RunSummary = index.data(SUMMARY)
        palette: QPalette = option.palette
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        room: QRect = option.rect
        painter.save()
        if selected:
            painter.fillRect(room, palette.color(QPalette.ColorRole.Highlight))
        role = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        painter.setPen(palette.color(role))
        _paint_words(painter, room.adjusted(PADDING, PADDING, -PADDING, -PADDING), run)
        _paint_bar(
            painter, QRect(room.left() + PADDING, room.bottom() - 8, room.width() - 2 * PADDING, 4), run
        )
        painter.restore()


def _paint_words(painter: QPainter, room: QRect, run: RunSummary) -> None:
    metrics = painter.fontMetrics()
    height, dot = metrics.height(), 9
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = painter.pen()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour_of(run.phase))
    painter.drawEllipse(room.left(), room.top() + (height - dot) // 2, dot, dot)
    painter.setPen(pen)
    font = painter.font()
    tags = "".join(f" #{tag}" for tag in run.tags)
    stands = fitting(run.line(), room.width(), metrics)
    for row, text in enumerate((run.title, f"{run.family} · {run.data}{tags}", stands)):
        font.setBold(row == 0)
        painter.setFont(font)
        indent = dot + 6 if row == 0 else 0
        line = QRect(room.left() + indent, room.top() + row * height, room.width() - indent, height)
        elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)


def fitting(line: str, room: int, metrics: QFontMetrics) -> str:
    """What of a run's line there is room for: first the speed goes, then the word that the dot says too."""
    words = line.split(" · ")
    tries = (words, words[:3], words[1:3] if len(words) > 2 else words)
    lines = [" · ".join(each) for each in tries]
    return next((text for text in lines if metrics.horizontalAdvance(text) <= room), lines[-1])


def _paint_bar(painter: QPainter, room: QRect, run: RunSummary) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    track = QColor(DONE)
    track.setAlpha(70)
    painter.setBrush(track)
    painter.drawRoundedRect(room, 2, 2)
    painter.setBrush(colour_of(run.phase))
    painter.drawRoundedRect(QRect(room.left(), room.top(), round(room.width() * run.fraction), 4), 2, 2)
