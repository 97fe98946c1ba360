"""One table of commands: menus, toolbar, shortcuts, palette and help are all made from it."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from explorer.panels.base import Command, Notices

log = logging.getLogger("explorer")
MENUS = ("File", "Edit", "View", "Model", "Explore", "Map", "Mix", "Compare", "Train", "Help")
REFRESH_MS = 120  # menus needn't follow a slider at every pixel


class CommandTable(QObject):
    """Every command of the application with its action; `menu` may name a submenu: `Model/Device`."""

    def __init__(self, window: QWidget, bar: QMenuBar, notices: Notices) -> None:
        super().__init__(window)
        self._window, self._notices = window, notices
        self.commands: dict[str, Command] = {}
        self.actions: dict[str, QAction] = {}
        self.conflicts: list[str] = []
        self._keys: dict[str, str] = {}
        self._menus: dict[str, QMenu] = {}
        for title in MENUS:
            menu = self._menus[title] = bar.addMenu(f"&{title}")
            menu.menuAction().setVisible(False)
            menu.aboutToShow.connect(self.refresh)
        self._later = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._later.timeout.connect(self.refresh)

    def menu(self, path: str) -> QMenu:
        """The menu of a path, made where it isn't there yet."""
        if path not in self._menus:
            parent, _, title = path.rpartition("/")
            made = self.menu(parent).addMenu(title) if parent else QMenu(title, self._window)
            self._menus[path] = made
        for part in (path, path.split("/")[0]):
            self._menus[part].menuAction().setVisible(True)
        return self._menus[path]

    def add(self, commands: Iterable[Command], separator: bool = True) -> None:
        """Add commands to their menus, after a separator where the menu has entries already."""
        fresh: set[str] = set()
        for command in commands:
            menu = self.menu(command.menu)
            if separator and command.menu not in fresh and not menu.isEmpty():
                menu.addSeparator()
            fresh.add(command.menu)
            menu.addAction(self._action(command))
        self.refresh()

    def run(self, ident: str) -> None:
        """Do it, or say why it can't be done now."""
        command = self.commands[ident]
        able = command.enabled()
        if able is True:
            command.run()
            self.refresh()
        else:
            self._notices.told.emit(able or f"{command.text} isn't possible now.")

    def refresh(self) -> None:
        """Bring every action up to date with what can be done and what is switched on."""
        for ident, action in self.actions.items():
            command = self.commands[ident]
            able = command.enabled()
            action.setEnabled(able is True)
            tip = able if isinstance(able, str) else command.tip or command.text.rstrip("…")
            shortcut = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            action.setToolTip(f"{tip} ({shortcut})" if shortcut else tip)
            if command.checked is not None:
                action.setChecked(command.checked())

    def refresh_soon(self) -> None:
        """The same as soon as nobody has asked for a moment: a drag is not slowed down by it."""
        self._later.start()

    def _action(self, command: Command) -> QAction:
        if command.id in self.commands:
            self.conflicts.append(f"two commands are named {command.id}")
        action = QAction(command.text, self._window)
        action.setObjectName(command.id)
        action.setCheckable(command.checked is not None)
        if command.shortcut:
            self._set_shortcut(action, command)
        # A disabled action swallows its shortcut without a word; `run` asks again in any case.
        action.triggered.connect(lambda _=False, ident=command.id: self.run(ident))
        self.commands[command.id] = command
        self.actions[command.id] = action
        return action

    def _set_shortcut(self, action: QAction, command: Command) -> None:
        key = QKeySequence(command.shortcut).toString()
        if key in self._keys:
            self.conflicts.append(f"{key} is both {self._keys[key]} and {command.id}")
            log.warning(self.conflicts[-1])
            return
        self._keys[key] = command.id
        action.setShortcut(QKeySequence(command.shortcut))
