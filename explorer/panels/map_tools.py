"""The row over the map: what the pointer does, how the map looks, the selection, a search."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLineEdit, QMenu, QToolButton, QWidget

from explorer.panels.base import Command
from explorer.widgets.icons import icon
from explorer.widgets.map_view.tools import TOOLS

Commands = Callable[[], Iterable[Command]]
SEARCH_TIP = "Select points by class or number and bring them into view: “7”, “thickness > 2”; Enter searches"


class MapTools(QWidget):
    """Emits `tool_chosen(name)` and `searched(text)`; the menus are filled from commands when they open."""

    tool_chosen = Signal(str)
    searched = Signal(str)

    def __init__(self, view: Commands, selection: Commands, more: Commands) -> None:
        super().__init__()
        self.buttons: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for name, tip in TOOLS.items():
            button = self.buttons[name] = QToolButton()
            button.setIcon(icon(name))
            button.setIconSize(QSize(18, 18))
            button.setCheckable(True)
            button.setAutoRaise(True)
            button.setToolTip(tip)
            button.setAccessibleName(tip.split(":")[0])
            button.clicked.connect(lambda _=False, tool=name: self.tool_chosen.emit(tool))
            group.addButton(button)
            row.addWidget(button)
        self.buttons["go"].setChecked(True)
        self.look = _menu_button("View", "How the map looks", view)
        self.selection = _menu_button("Selection", "What to do with the points selected", selection)
        self.more = _menu_button("More", "Pages beside the map, other maps, the exercise", more)
        self.search = SearchLine()
        self.search.returnPressed.connect(lambda: self.searched.emit(self.search.text()))
        for widget in (self.look, self.selection):
            row.addWidget(widget)
        row.addWidget(self.search, 1)
        row.addWidget(self.more)

    def show_tool(self, name: str) -> None:
        """Press the button of a tool."""
        self.buttons[name].setChecked(True)

    def show_count(self, count: int) -> None:
        """How many points are selected."""
        self.selection.setText(f"{count:,} selected ▾" if count else "Selection ▾")
        self.selection.setAccessibleName(f"Selection, {count:,} points" if count else "Selection")


class SearchLine(QLineEdit):
    """Esc empties it."""

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("Find: 7, z 0 > 2")
        self.setToolTip(SEARCH_TIP)
        self.setAccessibleName("Find points")
        self.setClearButtonEnabled(True)
        self.setMinimumWidth(90)
        self.setMaximumWidth(220)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
        super().keyPressEvent(event)


def command_menu(parent: QWidget, commands: Commands) -> QMenu:
    """A menu of commands, asked anew each time it opens; the last part of a command's menu groups them."""
    menu = QMenu(parent)
    menu.setToolTipsVisible(True)
    menu.aboutToShow.connect(lambda: _fill(menu, commands()))
    return menu


def _fill(menu: QMenu, commands: Iterable[Command]) -> None:
    menu.clear()
    group = ""
    for command in commands:
        if group and command.menu != group:
            menu.addSeparator()
        group = command.menu
        action = menu.addAction(command.text)
        able = command.enabled()
        action.setEnabled(able is True)
        action.setToolTip(able if isinstance(able, str) else command.tip)
        if command.shortcut:  # shown only: the window's own action answers to it
            keys = QKeySequence(command.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
            action.setText(f"{command.text}\t{keys}")
        if command.checked is not None:
            action.setCheckable(True)
            action.setChecked(command.checked())
        action.triggered.connect(lambda _=False, run=command.run: run())


def _menu_button(text: str, tip: str, commands: Commands) -> QToolButton:
    button = QToolButton()
    button.setText(f"{text} ▾")
    button.setToolTip(tip)
    button.setAccessibleName(text)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setMenu(command_menu(button, commands))
    return button
