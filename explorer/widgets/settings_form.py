"""A form made from the one definition of a family's settings: defaults, ranges, choices and help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QGroupBox,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from backends.errors import BadSettings
from explorer.widgets.controls import small
from trainers.api import Checked, Settings, checked, default_of

EDITOR_WIDTH = 140
Editor = QCheckBox | QComboBox | QLineEdit


class SettingRow:
    """One setting: its label (bold with a dot when changed), editor, reset button, help and complaint."""

    def __init__(self, item: Field[Any], form: SettingsForm) -> None:
        self.item, self.default = item, default_of(item)
        self.title = item.metadata.get("label") or item.name.replace("_", " ").capitalize()
        self.label = QLabel(self.title)
        self.editor = _editor_for(item, form.changed_by_hand)
        self.reset = QToolButton()
        self.reset.setText("↺")
        self.reset.setAutoRaise(True)
        self.reset.setAccessibleName(f"Reset {self.title}")
        self.reset.setToolTip(f"Back to the default, {self.default}")
        self.reset.clicked.connect(lambda: self.set_value(self.default))
        self.help = small(item.metadata.get("help", ""))
        self.complaint = small()
        self.complaint.setProperty("problem", True)
        self.complaint.setStyleSheet("color: #ffffff; background: #b3261e; padding: 2px 4px;")
        self.complaint.hide()
        tip = item.metadata.get("help", "") + _range_of(item)
        self.editor.setToolTip(tip)
        self.label.setToolTip(tip)
        self.editor.setAccessibleName(self.title)
        self.label.setBuddy(self.editor)

    def raw(self) -> Any:
        """What stands in the editor, not yet checked."""
        if isinstance(self.editor, QCheckBox):
            return self.editor.isChecked()
        if isinstance(self.editor, QComboBox):
            return self.editor.currentData()
        return self.editor.text().strip()

    def set_value(self, value: Any) -> None:
        if isinstance(self.editor, QCheckBox):
            self.editor.setChecked(bool(value))
        elif isinstance(self.editor, QComboBox):
            self.editor.setCurrentIndex(max(self.editor.findData(value), 0))
        else:
            self.editor.setText(_text(value))

    def judge(self) -> str:
        """Show whether the value is changed and whether it can work; returns what is wrong with it."""
        problem, value = "", self.raw()
        try:
            value = checked(self.item, value)
        except BadSettings as error:
            problem = f"{error.what} {error.advice}".strip()
        changed = value != self.default
        self.label.setText(f"• {self.title}" if changed else self.title)
        font = self.label.font()
        font.setBold(changed)
        self.label.setFont(font)
        self.reset.setEnabled(changed)
        self.complaint.setText(problem)
        self.complaint.setVisible(bool(problem))
        return problem


class SettingsForm(QWidget):
    """Shows the fields of a `Settings` class by groups. `problem` is the first reason not to start."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[str, SettingRow] = {}
        self.problem = ""
        self._kind: type[Checked] | None = None
        self._filling = False
        self._body: QWidget | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep every row whole: help that wraps needs more height than a scroll area asks for by itself."""
        super().resizeEvent(event)
        self.setMinimumHeight(max(self._layout.totalHeightForWidth(event.size().width()), 0))

    def show_settings(self, kind: type[Checked], values: Mapping[str, Any] | None = None) -> None:
        """Build the form of a class of settings, with `values` over the defaults."""
        self._filling = True
        if kind is not self._kind:
            self._build(kind)
        for name, row in self.rows.items():
            row.set_value((values or {}).get(name, row.default))
        self._filling = False
        self.changed_by_hand()

    def values(self) -> dict[str, Any]:
        """What stands in the fields, by name."""
        return {name: row.raw() for name, row in self.rows.items()}

    def settings(self) -> Checked:
        """The settings, checked. Raises `BadSettings`."""
        assert self._kind is not None
        return self._kind.from_mapping(self.values())

    def changed_by_hand(self) -> None:
        """Judge every field anew: each by itself, then together."""
        if self._filling or self._kind is None:
            return
        problems = [problem for row in self.rows.values() if (problem := row.judge())]
        self.problem = problems[0] if problems else self._together()
        self.changed.emit()

    def _together(self) -> str:
        try:
            self.settings()
        except BadSettings as error:
            return f"{error.what} {error.advice}".strip()
        return ""

    def _build(self, kind: type[Checked]) -> None:
        self._kind, self.rows = kind, {}
        if self._body is not None:
            self._body.setParent(None)
            self._body.deleteLater()
        self._body = QWidget()
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 0, 0)
        for group, items in _by_group(kind).items():
            column.addWidget(self._group(group, items))
        self._layout.addWidget(self._body)
        self.setMinimumHeight(max(self._layout.totalHeightForWidth(self.width()), 0))

    def _group(self, title: str, items: list[Field[Any]]) -> QGroupBox:
        box = QGroupBox(title)
        grid = QGridLayout(box)
        grid.setColumnStretch(0, 1)
        grid.setVerticalSpacing(2)
        for item in items:
            row = self.rows[item.name] = SettingRow(item, self)
            line = grid.rowCount()
            for column, widget in enumerate((row.label, row.editor, row.reset)):
                grid.addWidget(widget, line, column, Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(row.complaint, line + 1, 0, 1, 3)
            grid.addWidget(row.help, line + 2, 0, 1, 3)
            grid.setRowMinimumHeight(line + 3, 6)
        return box


def _by_group(kind: type[Checked]) -> dict[str, list[Field[Any]]]:
    """The fields by group: the family's own groups first, the common ones (Data, Training) last."""
    groups: dict[str, list[Field[Any]]] = {}
    common = {item.name for item in fields(Settings)}
    for item in sorted(fields(kind), key=lambda item: item.name in common):
        groups.setdefault(item.metadata.get("group", "Network"), []).append(item)
    return groups


def _editor_for(item: Field[Any], changed: Any) -> Editor:
    default = default_of(item)
    if choices := item.metadata.get("choices"):
        combo = QComboBox()
        for choice in choices:
            combo.addItem(str(choice), choice)
        combo.setFixedWidth(EDITOR_WIDTH)
        combo.currentIndexChanged.connect(changed)
        return combo
    if isinstance(default, bool):
        box = QCheckBox()
        box.toggled.connect(changed)
        return box
    line = QLineEdit()
    line.setPlaceholderText(_text(default))
    line.setFixedWidth(EDITOR_WIDTH)
    line.textChanged.connect(changed)
    return line


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _range_of(item: Field[Any]) -> str:
    low, high = item.metadata.get("low"), item.metadata.get("high")
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return f" (at least {low:g})" if high is None else f" (at most {high:g})"
    return f" ({low:g} to {high:g})"
