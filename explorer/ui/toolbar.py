"""The toolbar: which model, which seed, undo and redo, search."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QLabel, QSizePolicy, QSpinBox, QToolBar, QToolButton, QWidget

from explorer.commands import CommandTable
from explorer.model import cards
from explorer.model.session import Session
from explorer.panels.code_actions import MOST_SEED
from explorer.widgets.icons import icon
from explorer.widgets.numbers import show_number


class ModelBox(QComboBox):
    """The models that generate, by where they come from; choosing one makes it current."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setAccessibleName("Current model")
        self.setMinimumContentsLength(18)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMaxVisibleItems(24)
        self.activated.connect(self._choose)
        session.models_changed.connect(self.fill)
        session.model_changed.connect(self._show_current)
        self.fill()

    def fill(self) -> None:
        """List the models there are now."""
        model = QStandardItemModel(self)
        able = [info for info in self._session.models.values() if info.can_generate]
        for title in cards.GROUPS:
            inside = [info for info in able if cards.group(info) == title]
            if inside:
                head = QStandardItem(title)
                head.setFlags(Qt.ItemFlag.NoItemFlags)
                model.appendRow(head)
            for info in inside:
                item = QStandardItem(info.name)
                item.setData(info.path, Qt.ItemDataRole.UserRole)
                item.setToolTip(cards.tooltip(info))
                model.appendRow(item)
        with QSignalBlocker(self):
            self.setModel(model)
        self.setPlaceholderText("No model yet" if not able else "Choose a model")
        self._show_current()

    def _show_current(self) -> None:
        info = self._session.model
        self.setCurrentIndex(self.findData(info.path) if info else -1)
        self.setToolTip(cards.tooltip(info) if info else "Train a model, or open one (File > Open).")

    def _choose(self, index: int) -> None:
        self._session.select_model(self.itemData(index))


class SeedBox(QSpinBox):
    """The seed of the current code; every number is a picture."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setRange(0, MOST_SEED)
        self.setKeyboardTracking(False)
        self.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setAccessibleName("Seed")
        self.setToolTip("The seed: each number is one picture, the same on every machine")
        self.setFixedWidth(96)
        self.valueChanged.connect(session.set_seed)
        session.code_changed.connect(self._show)
        session.model_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        show_number(self, self._session.state.seed)
        self.setEnabled(self._session.model is not None)


def build_toolbar(session: Session, table: CommandTable) -> QToolBar:
    """The toolbar, its buttons from the commands."""
    bar = QToolBar("Toolbar")
    bar.setObjectName("toolbar")
    bar.setMovable(False)
    bar.addWidget(_label(" Model "))
    bar.addWidget(ModelBox(session))
    bar.addWidget(_label("   Seed "))
    for ident, name in (
        ("seed.previous", "previous"),
        ("", ""),
        ("seed.next", "next"),
        ("seed.random", "random"),
    ):
        if not ident:
            bar.addWidget(SeedBox(session))
        else:
            bar.addWidget(_button(table, ident, name))
    bar.addSeparator()
    for ident in ("undo", "redo"):
        bar.addWidget(_button(table, ident, ident))
    stretch = QWidget()
    stretch.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    bar.addWidget(stretch)
    search = _button(table, "palette", "search")
    search.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    search.setText("Search commands")
    bar.addWidget(search)
    return bar


def _label(text: str) -> QLabel:
    label = QLabel(text)
    label.setForegroundRole(label.foregroundRole())
    return label


def _button(table: CommandTable, ident: str, picture: str) -> QToolButton:
    action = table.actions[ident]
    action.setIcon(icon(picture))
    action.setIconVisibleInMenu(False)
    button = QToolButton()
    button.setAutoRaise(True)
    button.setDefaultAction(action)
    button.setAccessibleName(action.text())
    return button
