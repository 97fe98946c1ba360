"""The shelf's models: by where they come from or as the tree of families, and a search."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from backends.api import BadModel, ModelInfo
from explorer.model import cards, taxonomy
from explorer.panels.base import Services
from explorer.widgets.icons import icon

ROLE = Qt.ItemDataRole.UserRole
REASON = ROLE + 1  # why a file can't be used
WORDS = ROLE + 2  # what a search looks through, in small letters


class ModelBrowser(QWidget):
    """The list of models below a line to search in and a switch between list and tree."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.list = Models(services)
        self.setProperty("hint", self.list.property("hint"))
        self.search = QLineEdit(placeholderText="Search", clearButtonEnabled=True)
        self.search.setAccessibleName("Search models")
        self.search.setToolTip("By name, family, data or description; Enter takes the first")
        self.tree = QToolButton()
        self.tree.setIcon(icon("tree"))
        self.tree.setCheckable(True)
        self.tree.setAccessibleName("Models as a tree of families")
        self.tree.setToolTip("By what the families say of the density of their data, or by where they lie")
        row = QHBoxLayout()
        row.setContentsMargins(6, 0, 6, 0)
        row.addWidget(self.search, 1)
        row.addWidget(self.tree)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.list, 1)
        self.search.textChanged.connect(self.list.search)
        self.search.returnPressed.connect(self.list.take_first)
        self.tree.toggled.connect(self.list.show_tree)


class Models(QTreeWidget):
    """Every model; a click makes it current. Files that can't be used say why."""

    counted = Signal(int)

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._session = services.session
        self._as_tree, self._words = False, ""
        self.setProperty("hint", "No models yet: train one, or drop a model file on the window.")
        self.setAccessibleName("Models")
        self.setHeaderHidden(True)
        self.setIndentation(12)
        self.setUniformRowHeights(True)
        self.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.itemClicked.connect(self._choose)
        self.itemActivated.connect(self._choose)
        self._session.models_changed.connect(self.refresh)
        self._session.model_changed.connect(self._show_current)

    def refresh(self) -> None:
        """List the models there are now."""
        self.clear()
        models = list(self._session.models.values())
        if self._as_tree:
            self._plant(models)
        else:
            for title in cards.GROUPS:
                if inside := [info for info in models if cards.group(info) == title]:
                    self._head(title).addChildren([self._item(info) for info in inside])
        if self._session.broken:
            head = self._head("Can't be used")
            for path, reason in self._session.broken:
                item = QTreeWidgetItem([Path(path).stem])
                item.setToolTip(0, f"{path}\n{reason}")
                item.setData(0, REASON, reason)
                item.setData(0, WORDS, f"{path} {reason}".lower())
                head.addChild(item)
        self.expandAll()
        self._filter()
        self._show_current()
        self.counted.emit(len(models) + len(self._session.broken))

    def item_of(self, path: str) -> QTreeWidgetItem | None:
        """The line of a model."""
        found = self.findItems("", Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive)
        return next((item for item in found if item.data(0, ROLE) == path), None)

    def show_tree(self, wanted: bool) -> None:
        """As the tree of families, or by where the models come from."""
        self._as_tree = wanted
        self.refresh()

    def search(self, text: str) -> None:
        """Show what has all these words."""
        self._words = text.lower()
        self._filter()

    def take_first(self) -> None:
        """Make the first model that is shown and can be used current."""
        shown = (item for item in self._leaves() if not item.isHidden() and item.data(0, ROLE))
        usable = (i for i in shown if self._session.models[i.data(0, ROLE)].can_generate)
        if (item := next(usable, None)) is not None:
            self._choose(item)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if (item := self.currentItem()) is not None:
            self.scrollToItem(item)

    def _plant(self, models: list[ModelInfo]) -> None:
        """A line for every branch that has a model, one inside the other."""
        heads: dict[taxonomy.Branch, QTreeWidgetItem] = {}
        for branch, inside in taxonomy.planted(models).items():
            for depth in range(1, len(branch) + 1):
                if branch[:depth] not in heads:
                    head = self._head(branch[depth - 1], heads.get(branch[: depth - 1]))
                    heads[branch[:depth]] = head
            heads[branch].addChildren([self._item(info) for info in inside])

    def _head(self, title: str, above: QTreeWidgetItem | None = None) -> QTreeWidgetItem:
        head = QTreeWidgetItem([title])
        head.setFlags(Qt.ItemFlag.ItemIsEnabled)
        head.setForeground(0, self.palette().placeholderText())
        head.setToolTip(0, taxonomy.MEANING.get(title, ""))
        if above is None:
            self.addTopLevelItem(head)
        else:
            above.addChild(head)
        return head

    def _filter(self) -> None:
        """Hide what the search doesn't name, and branches that are empty then."""
        words = self._words.split()
        for item in self._leaves():
            item.setHidden(not all(word in item.data(0, WORDS) for word in words))
        _hide_empty(self.invisibleRootItem())

    def _leaves(self) -> list[QTreeWidgetItem]:
        """The lines of models and broken files, from the top."""
        flags = Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive
        return [item for item in self.findItems("", flags) if item.data(0, WORDS) is not None]

    def _item(self, info: ModelInfo) -> QTreeWidgetItem:
        item = QTreeWidgetItem([info.name])
        item.setData(0, ROLE, info.path)
        item.setToolTip(0, cards.tooltip(info))
        told = (info.name, info.family, info.dataset, info.description, *taxonomy.branch_of(info))
        item.setData(0, WORDS, " ".join(told).lower())
        if not info.can_generate:
            item.setForeground(0, self.palette().placeholderText())
        return item

    def _show_current(self) -> None:
        item = self.item_of(self._session.state.model)
        with QSignalBlocker(self):
            self.clearSelection()
            if item is not None:
                self.setCurrentItem(item)

    def _choose(self, item: QTreeWidgetItem) -> None:
        if reason := item.data(0, REASON):
            raise BadModel(reason)
        info = self._session.models.get(item.data(0, ROLE) or "")
        if info is not None and info.can_generate:
            self._session.select_model(info.path)
        elif info is not None:
            self._show_current()
            raise BadModel(
                f"{info.name} names what is in images.", "The map and the walks use it by themselves."
            )


def _hide_empty(item: QTreeWidgetItem) -> bool:
    """Hide every branch below `item` of which nothing is shown; whether nothing of it is shown."""
    hidden = [_hide_branch(item.child(index)) for index in range(item.childCount())]
    return all(hidden)


def _hide_branch(item: QTreeWidgetItem | None) -> bool:
    assert item is not None
    if item.childCount():
        item.setHidden(_hide_empty(item))
    return item.isHidden()
