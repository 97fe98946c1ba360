"""Sweep: which settings of the form vary, and how; every point becomes a run in the queue."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import Field, dataclass, fields
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from backends.errors import BadSettings
from explorer.panels.train_form import Plan
from explorer.widgets.icons import icon
from explorer.workers.trainings import Trainings
from trainers import sweeps
from trainers.api import Settings, TrainerInfo, default_of

GRID, EVEN, LOG = "these values", "at random, evenly", "at random, in the logarithm"
HINTS = {GRID: "2, 8, 32", EVEN: "0.1..4", LOG: "1e-4..1e-2"}
TIPS = {
    GRID: "Values between commas; with several such settings, all combinations",
    EVEN: "From..to: every value between them is equally likely",
    LOG: "From..to: every factor is equally likely, right for step sizes and weights",
}
JUDGE_AFTER_MS = 150  # since the last change
SHOWN = 200  # points that are listed


@dataclass(frozen=True)
class Wish:
    """What stands in the form: how each setting varies, as the verb `sweep` reads it."""

    grids: tuple[str, ...]
    ranges: tuple[str, ...]
    count: int
    seed: int

    def points(self, kind: type[Settings], common: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The settings that vary, for each run; all are checked. Raises `BadSettings`."""
        grid = dict(sweeps.parse_grid(text) for text in self.grids)
        ranges = dict(sweeps.parse_range(text) for text in self.ranges)
        found = sweeps.points(kind, grid, ranges, self.count, self.seed)
        for point in found:
            kind.from_mapping({**common, **point})
        return found


class SweepDialog(QDialog):
    """Emits `asked(plan, name, points)` for the settings in `plan` with the others of each point."""

    asked = Signal(object, str, object)

    def __init__(
        self, plan: Plan, info: TrainerInfo, taken: Collection[str], trainings: Trainings, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Sweep of {info.title} on {plan.data}")
        self.resize(660, 480)
        self.plan, self.kind, self.taken = plan, info.settings, set(taken)
        self.points: list[dict[str, Any]] = []
        self.rows: list[VaryRow] = []
        self._trainings = trainings
        self._asked = 0
        self._soon = QTimer(self, singleShot=True, interval=JUDGE_AFTER_MS)
        self._soon.timeout.connect(self._judge)
        self._build()
        self.add_row()
        self.rows[0].values.setFocus()

    def add_row(self) -> None:
        """One more setting that varies."""
        used = {row.name for row in self.rows}
        row = VaryRow(self.kind, self)
        row.choose(next((name for name in _first_names(self.kind) if name not in used), ""))
        row.changed.connect(self._changed)
        row.removed.connect(lambda: self._remove(row))
        self.rows.append(row)
        self._list.addWidget(row)
        self._changed()

    def done(self, result: int) -> None:
        """Closed: what is still being counted is for nobody."""
        self._soon.stop()
        self._asked += 1
        super().done(result)

    def wish(self) -> Wish:
        """What stands in the form."""
        grids = tuple(f"{row.name}={row.text}" for row in self.rows if row.how == GRID)
        ranges = tuple(f"{row.name}={row.text}{':log' if row.how == LOG else ''}" for row in self.rows
                       if row.how != GRID)  # fmt: skip
        return Wish(grids, ranges, self.count.value(), self.seed.value())

    # Building

    def _build(self) -> None:
        self.name = QLineEdit(time.strftime("sweep-%Y%m%d-%H%M%S"))
        self.name.setAccessibleName("Name of the sweep")
        self.name.setToolTip("The runs are named after it, and its results are found by it")
        self.name.textChanged.connect(lambda _: self._changed())
        self._list = QVBoxLayout()
        self._list.setSpacing(4)
        self.more = QPushButton("Add a setting")
        self.more.setToolTip("Let one more setting vary")
        self.more.setAutoDefault(False)
        self.more.clicked.connect(self.add_row)
        self.preview = QPlainTextEdit(readOnly=True)
        self.preview.setAccessibleName("The runs of the sweep")
        self.preview.setToolTip("What each run differs in; the rest is as in the form")
        self.preview.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.said = QLabel(wordWrap=True)
        head = QHBoxLayout()
        label = QLabel("Name")
        label.setBuddy(self.name)
        head.addWidget(label)
        head.addWidget(self.name, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addLayout(self._list)
        layout.addLayout(self._numbers())
        layout.addWidget(self.preview, 1)
        layout.addWidget(self.said)
        layout.addLayout(self._foot())

    def _numbers(self) -> QHBoxLayout:
        self.count = _spin("Draws from the ranges, at each combination of the values", 1, sweeps.MOST, 8)
        self.seed = _spin("Seed of the draws: the same seed gives the same sweep", 0, 2**31 - 1, 0)
        for spin in (self.count, self.seed):
            spin.valueChanged.connect(lambda _: self._changed())
        row = QHBoxLayout()
        row.addWidget(self.more)
        row.addStretch(1)
        for text, spin in (("Draws", self.count), ("Seed", self.seed)):
            label = QLabel(text)
            label.setBuddy(spin)
            row.addWidget(label)
            row.addWidget(spin)
        return row

    def _foot(self) -> QHBoxLayout:
        self.start = QPushButton("Add to queue")
        self.start.setDefault(True)
        self.start.clicked.connect(self._ask)
        cancel = QPushButton("Cancel")
        cancel.setToolTip("Close without starting anything")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self.start)
        return row

    # What happens

    def _remove(self, row: VaryRow) -> None:
        self.rows.remove(row)
        self._list.removeWidget(row)
        row.setParent(None)
        row.deleteLater()
        self._changed()

    def _changed(self) -> None:
        """Nothing can start until it has been judged."""
        self.points = []
        self._show("Counting the runs…", [])
        random = any(row.how != GRID for row in self.rows)
        self.count.setEnabled(random)
        self.seed.setEnabled(random)
        self._soon.start()

    def _judge(self) -> None:
        """Make and check the points; a thousand take a while, so the other thread does it."""
        self._asked += 1
        asked, wish, kind = self._asked, self.wish(), self.kind
        common = dict(self.plan.settings)
        problem = self._problem()

        def work() -> tuple[str, list[dict[str, Any]]]:
            try:
                return ("", wish.points(kind, common)) if not problem else (problem, [])
            except BadSettings as error:
                return f"{error.what} {error.advice}".strip(), []

        def show(judged: tuple[str, list[dict[str, Any]]]) -> None:
            if asked == self._asked and not self._soon.isActive():
                self._show(*judged)

        self._trainings.do(work, show)

    def _problem(self) -> str:
        names = [row.name for row in self.rows]
        twice = next((name for name in names if names.count(name) > 1), "")
        if twice:
            return f"{twice.replace('_', ' ').capitalize()} is there twice."
        if not self.name.text().strip():
            return "The sweep needs a name."
        return "There is a sweep of this name already." if self.name.text().strip() in self.taken else ""

    def _show(self, problem: str, points: Sequence[Mapping[str, Any]]) -> None:
        self.points = [dict(point) for point in points]
        lines = ["   ".join(f"{k} = {v}" for k, v in point.items()) for point in self.points[:SHOWN]]
        if len(points) > SHOWN:
            lines.append(f"… and {len(points) - SHOWN} more")
        self.preview.setPlainText("\n".join(lines))
        runs = f"{len(points)} run{'s' * (len(points) != 1)}"
        steps = "" if any("steps" in point for point in points) else self.plan.settings.get("steps", "")
        self.said.setText(problem or (f"{runs} of {steps} steps each." if steps else f"{runs}."))
        self.start.setText(f"Add {runs} to the queue" if points else "Add to queue")
        self.start.setEnabled(bool(points))
        self.start.setToolTip(
            problem or "They train one after the other, or as many at once as the queue allows"
        )

    def _ask(self) -> None:
        self.asked.emit(self.plan, self.name.text().strip(), self.points)
        self.accept()


class VaryRow(QWidget):
    """One setting and how it varies. Emits `changed` and `removed`."""

    changed = Signal()
    removed = Signal()

    def __init__(self, kind: type[Settings], parent: QWidget) -> None:
        super().__init__(parent)
        self._items = {item.name: item for item in fields(kind)}
        self.setting, self.way = QComboBox(), QComboBox()
        self.setting.setAccessibleName("Setting that varies")
        for name in _first_names(kind):
            item = self._items[name]
            self.setting.addItem(item.metadata.get("label") or name.replace("_", " "), name)
        self.way.setAccessibleName("How the setting varies")
        self.values = QLineEdit()
        self.values.setAccessibleName("Values of the setting")
        self.away = QToolButton()
        self.away.setIcon(icon("close"))
        self.away.setAutoRaise(True)
        self.away.setAccessibleName("Remove this setting")
        self.away.setToolTip("This setting shall not vary")
        self.setting.currentIndexChanged.connect(lambda _: self._on_setting())
        self.way.currentIndexChanged.connect(lambda _: self._on_way())
        self.values.textChanged.connect(lambda _: self.changed.emit())
        self.away.clicked.connect(self.removed)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        for column, widget in enumerate((self.setting, self.way, self.values, self.away)):
            grid.addWidget(widget, 0, column)
        grid.setColumnStretch(2, 1)
        self._on_setting()

    @property
    def name(self) -> str:
        return str(self.setting.currentData() or "")

    @property
    def how(self) -> str:
        return self.way.currentText()

    @property
    def text(self) -> str:
        return self.values.text().strip()

    def choose(self, name: str) -> None:
        """Let another setting vary."""
        self.setting.setCurrentIndex(max(self.setting.findData(name), 0))

    def _on_setting(self) -> None:
        item = self._items[self.name]
        with QSignalBlocker(self.way):
            self.way.clear()
            self.way.addItems([GRID, EVEN, LOG] if _is_number(item) else [GRID])
        self.setting.setToolTip(item.metadata.get("help", ""))
        self._on_way()

    def _on_way(self) -> None:
        item = self._items[self.name]
        listed = item.metadata.get("choices") or ((False, True) if isinstance(default_of(item), bool) else ())
        self.values.setPlaceholderText(HINTS[self.how])
        self.values.setToolTip(TIPS[self.how])
        self.way.setToolTip(TIPS[self.how])
        self.values.setText(", ".join(str(choice) for choice in listed) if self.how == GRID else "")
        self.changed.emit()


def _is_number(item: Field[Any]) -> bool:
    default = default_of(item)
    number = isinstance(default, int | float) and not isinstance(default, bool)
    return number and not item.metadata.get("choices")


def _first_names(kind: type[Settings]) -> list[str]:
    """The settings, those first that one varies first: rates and weights, then the family's, then all."""
    common = {item.name for item in fields(Settings)}
    names = [item.name for item in fields(kind)]

    def order(name: str) -> tuple[bool, bool]:
        return name in common, not name.endswith(("rate", "weight", "latent"))

    return sorted(names, key=order)


def _spin(tip: str, low: int, high: int, value: int) -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(low, high)
    spin.setValue(value)
    spin.setToolTip(tip)
    spin.setAccessibleName(tip.partition(",")[0].partition(":")[0])
    spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return spin
