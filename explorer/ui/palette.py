"""The command palette: type a few letters of what you want, Enter does it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.commands import CommandTable

WIDTH, HEIGHT = 560, 380


def score(words: str, text: str) -> int:
    """How well a text fits what was typed: 0 not at all; each word must be in it, beginnings count."""
    text = text.lower()
    total = 1
    for word in words.lower().split():
        at = text.find(word)
        if at < 0:
            return 0
        total += 3 if at == 0 else 2 if text[at - 1] == " " else 1
    return total


class Palette(QDialog):
    """Lists every command; those that can't be done now are grey and say why."""

    def __init__(self, table: CommandTable, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._table = table
        self.search = QLineEdit()
        self.search.setPlaceholderText("What would you like to do?")
        self.search.setAccessibleName("Search commands")
        self.search.setClearButtonEnabled(True)
        self.list = QTreeWidget()
        self.list.setAccessibleName("Commands found")
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setColumnCount(2)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self.search)
        layout.addWidget(self.list)
        self.resize(WIDTH, HEIGHT)
        self.search.textChanged.connect(self.fill)
        self.search.returnPressed.connect(self._run)
        self.list.itemClicked.connect(lambda _item: self._run())
        self.search.installEventFilter(self)

    def open_over(self, window: QWidget) -> None:
        """Show it at the top middle of the window, with nothing typed."""
        self.search.clear()
        self._table.refresh()
        self.fill("")
        corner = window.mapToGlobal(window.rect().topLeft())
        self.move(corner.x() + (window.width() - self.width()) // 2, corner.y() + 48)
        self.show()
        self.search.setFocus()

    def fill(self, words: str) -> None:
        """List the commands that fit, best first."""
        found: list[tuple[int, int, str, str]] = []
        for ident, command in self._table.commands.items():
            text = f"{command.menu.replace('/', ' › ')} › {command.text.rstrip('…')}"
            if points := max(score(words, command.text) * 2, score(words, text)):
                found.append((-points, len(found), ident, text))
        self.list.clear()
        for _, _, ident, text in sorted(found):
            action = self._table.actions[ident]
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            item = QTreeWidgetItem([text, keys])
            item.setData(0, Qt.ItemDataRole.UserRole, ident)
            item.setToolTip(0, action.toolTip())
            item.setDisabled(not action.isEnabled())
            self.list.addTopLevelItem(item)
        if (first := self.list.topLevelItem(0)) is not None:
            self.list.setCurrentItem(first)

    def shown(self) -> list[str]:
        """The commands listed now, best first."""
        items = (self.list.topLevelItem(i) for i in range(self.list.topLevelItemCount()))
        return [item.data(0, Qt.ItemDataRole.UserRole) for item in items if item is not None]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        moves = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in moves:
            self.list.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)

    def _run(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.hide()
            self._table.run(item.data(0, Qt.ItemDataRole.UserRole))
