"""The settings of one training, and changing those that may change."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from backends.errors import BadSettings
from explorer.model.runs import RunSummary
from trainers.api import Settings, checked, is_fixed, is_live
from trainers.registry import trainers_by_family


class SettingsPage(QWidget):
    """Emits `change_asked(name, text)` with a value that the setting can have."""

    change_asked = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run: RunSummary | None = None
        self._items: dict[str, Field[Any]] = {}
        self.facts = QPlainTextEdit(readOnly=True)
        self.facts.setAccessibleName("Settings of the training")
        self.which = QComboBox()
        self.which.setAccessibleName("Setting to change")
        self.which.currentIndexChanged.connect(lambda _: self._show_value())
        self.value = QLineEdit()
        self.value.setAccessibleName("New value of the setting")
        self.value.setMaximumWidth(120)
        self.value.textChanged.connect(lambda _: self._judge())
        self.value.returnPressed.connect(self._ask)
        self.apply = QPushButton("Change")
        self.apply.clicked.connect(self._ask)
        self.reason = QLabel(wordWrap=True)
        row = QHBoxLayout()
        for widget in (self.which, self.value, self.apply):
            row.addWidget(widget)
        row.addWidget(self.reason, 1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.facts, 1)
        layout.addLayout(row)

    def show_run(self, run: RunSummary) -> None:
        """Show a run's settings, and offer those that can change in the phase that it is in."""
        before, self._run = self._run, run
        if before is None or before.settings != run.settings or before.folder != run.folder:
            self.facts.setPlainText(_facts(run))
        items = _changeable(run)
        if list(items) != list(self._items):
            self._offer(items)
        elif before is None or before.settings != run.settings:
            self._show_value()
        self._judge()

    def _offer(self, items: dict[str, Field[Any]]) -> None:
        chosen = self.which.currentData()
        self._items = items
        with QSignalBlocker(self.which):
            self.which.clear()
            for name, item in items.items():
                self.which.addItem(item.metadata.get("label") or name.replace("_", " "), name)
            self.which.setCurrentIndex(max(self.which.findData(chosen), 0))
        self._show_value()

    def _show_value(self) -> None:
        item = self._items.get(self.which.currentData())
        if self._run is not None and item is not None:
            self.value.setText(str(self._run.settings.get(item.name, "")))
            self.which.setToolTip(item.metadata.get("help", ""))
            self.value.setToolTip(item.metadata.get("help", ""))

    def _judge(self) -> None:
        problem = self._problem()
        self.apply.setEnabled(not problem)
        live = self._run is not None and self._run.phase.live
        when = "From the next step on" if live else "When the training goes on"
        self.apply.setToolTip(problem or f"{when}; the change is on the record")
        self.reason.setText("" if problem == SAME else problem)

    def _problem(self) -> str:
        item = self._items.get(self.which.currentData())
        if self._run is None or item is None:
            return "This training's settings are not known here."
        try:
            new = checked(item, self.value.text().strip())
        except BadSettings as error:
            return f"{error.what} {error.advice}".strip()
        return SAME if new == self._run.settings.get(item.name) else ""

    def _ask(self) -> None:
        if self.apply.isEnabled():
            self.change_asked.emit(self.which.currentData(), self.value.text().strip())


SAME = "This is its value already."


def _changeable(run: RunSummary) -> dict[str, Field[Any]]:
    """The settings that can change now, rates first."""
    info = trainers_by_family().get(run.family)
    kind: type[Settings] = info.settings if info else Settings
    able = [f for f in fields(kind) if (is_live(f) if run.phase.live else not is_fixed(f))]
    return {f.name: f for f in sorted(able, key=lambda f: not f.name.endswith("rate"))}


def _facts(run: RunSummary) -> str:
    head: dict[str, Any] = {"folder": run.folder, "family": run.family, "data": run.data,
                            "recipe": run.recipe or "none"}  # fmt: skip
    return "\n".join(f"{name}: {value}" for name, value in {**head, **run.settings}.items())
