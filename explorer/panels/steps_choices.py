"""The choices of the Steps panel: what to show at one click, what learns, and the settings that matter."""

from __future__ import annotations

from dataclasses import Field
from functools import partial
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from backends.errors import BadSettings
from explorer.widgets.controls import small
from trainers.toys.distributions import DISTRIBUTIONS
from trainers.toys.presets import PRESETS, ToyPreset
from trainers.toys.settings import ABOUT, KINDS, LIVE, LOSSES, PENALTIES, ToySettings, items

WIDTH = 264
NUMBER_WIDTH = 76
LABEL_WIDTH = 102
TITLES = {"kind": KINDS, "data": {name: one.title for name, one in DISTRIBUTIONS.items()}}
HELPS = {
    "kind": ABOUT, "data": {name: one.help for name, one in DISTRIBUTIONS.items()},
    "loss": LOSSES, "penalty": PENALTIES,
}  # fmt: skip


class Choice(QWidget):
    """One setting: label, editor, a sentence. Emits `chosen` with a value that can work."""

    chosen = Signal(object)

    def __init__(self, item: Field[Any]) -> None:
        super().__init__()
        self.item = item
        title = str(item.metadata["label"] or item.name.replace("_", " ").capitalize())
        self.label, self.help = QLabel(title), _quiet()
        self.editor: QComboBox | QLineEdit = self._box() if item.metadata["choices"] else self._line()
        self.editor.setAccessibleName(title)
        tip = str(item.metadata["help"]) + ("" if item.name in LIVE else " A change begins anew.")
        for widget in (self.editor, self.label):
            widget.setToolTip(tip)
        self.label.setFixedWidth(LABEL_WIDTH)
        self.label.setBuddy(self.editor)
        row = QHBoxLayout()
        row.addWidget(self.label)
        row.addWidget(self.editor, int(isinstance(self.editor, QComboBox)))
        if isinstance(self.editor, QLineEdit):
            row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(1)
        column.addLayout(row)
        column.addWidget(self.help)

    def show_value(self, value: Any) -> None:
        """Show it without telling anybody."""
        with QSignalBlocker(self.editor):
            if isinstance(self.editor, QComboBox):
                self.editor.setCurrentIndex(self.editor.findData(value))
            else:
                self.editor.setText(f"{value:g}")
        self._explain(value)

    def _box(self) -> QComboBox:
        box = QComboBox()
        for choice in self.item.metadata["choices"]:
            box.addItem(TITLES.get(self.item.name, {}).get(choice, choice), choice)
            tip = HELPS.get(self.item.name, {}).get(choice)
            box.setItemData(box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        box.setMinimumContentsLength(8)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.currentIndexChanged.connect(lambda _: self.chosen.emit(box.currentData()))
        return box

    def _line(self) -> QLineEdit:
        line = QLineEdit()
        line.setFixedWidth(NUMBER_WIDTH)
        line.editingFinished.connect(lambda: self.chosen.emit(line.text().strip()))
        return line

    def _explain(self, value: Any) -> None:
        self.help.setText(HELPS.get(self.item.name, {}).get(value, self.item.metadata["help"]))


class StepsChoices(QScrollArea):
    """Emits `changed(settings)` and `preset_chosen(preset)`."""

    changed = Signal(object)
    preset_chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.settings = ToySettings()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedWidth(WIDTH)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(0)
        column.addWidget(_title("Show"))
        self.presets = {name: self._preset(preset) for name, preset in PRESETS.items()}
        for button in self.presets.values():
            column.addWidget(button)
        column.addSpacing(8)
        column.addWidget(_title("Choose"))
        self.rows = {name: Choice(item) for name, item in items().items()}
        for name, row in self.rows.items():
            row.chosen.connect(partial(self._on_chosen, name))
            column.addWidget(row)
        self.problem = _quiet()
        self.problem.setStyleSheet("color: #ffffff; background: #b3261e; padding: 2px 4px;")
        column.addWidget(self.problem)
        column.addStretch(1)
        self.setWidget(body)
        self.show_settings(self.settings)

    def show_settings(self, settings: ToySettings) -> None:
        """Show these, and only what this kind of model reads."""
        self.settings = settings
        self.problem.hide()
        applies = settings.applies()
        for name, row in self.rows.items():
            row.show_value(getattr(settings, name))
            row.setVisible(name in applies)

    def _preset(self, preset: ToyPreset) -> QPushButton:
        button = QPushButton(preset.title)
        button.setFlat(True)
        button.setStyleSheet("text-align: left; padding: 3px 4px;")
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(f"Show: {preset.title}")
        button.setToolTip(preset.help)
        button.clicked.connect(lambda: self.preset_chosen.emit(preset))
        return button

    def _on_chosen(self, name: str, value: Any) -> None:
        try:
            settings = ToySettings.from_mapping({**self.settings.to_json(), name: value})
        except BadSettings as error:
            self.problem.setText(f"{error.what} {error.advice}".strip())
            self.problem.show()
            self.ensureWidgetVisible(self.problem)
            return
        if settings != self.settings:
            self.show_settings(settings)
            self.changed.emit(settings)


def _title(text: str) -> QLabel:
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    label.setContentsMargins(4, 2, 0, 4)
    return label


def _quiet() -> QLabel:
    label = small()
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label
