"""The shelf's lists of models, directions and trainings."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QMenu, QTreeWidget, QTreeWidgetItem

from backends.api import BadModel, ModelInfo
from explorer.model import cards
from explorer.model.runs import RunSummary
from explorer.panels.base import Services

ROLE = Qt.ItemDataRole.UserRole


class Models(QTreeWidget):
    """Every model by where it comes from; a click makes it current. Files that are none say why."""

    counted = Signal(int)

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._session = services.session
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
        for title in cards.GROUPS:
            inside = [info for info in models if cards.group(info) == title]
            if inside:
                head = self._head(title)
                head.addChildren([self._item(info) for info in inside])
        if self._session.broken:
            head = self._head("Can't be used")
            for path, reason in self._session.broken:
                item = QTreeWidgetItem([Path(path).stem])
                item.setToolTip(0, f"{path}\n{reason}")
                item.setData(0, ROLE + 1, reason)
                head.addChild(item)
        self.expandAll()
        self._show_current()
        self.counted.emit(len(models) + len(self._session.broken))

    def item_of(self, path: str) -> QTreeWidgetItem | None:
        """The line of a model."""
        found = self.findItems("", Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive)
        return next((item for item in found if item.data(0, ROLE) == path), None)

    def _head(self, title: str) -> QTreeWidgetItem:
        head = QTreeWidgetItem([title])
        head.setFlags(Qt.ItemFlag.ItemIsEnabled)
        head.setForeground(0, self.palette().placeholderText())
        self.addTopLevelItem(head)
        return head

    def _item(self, info: ModelInfo) -> QTreeWidgetItem:
        item = QTreeWidgetItem([info.name])
        item.setData(0, ROLE, info.path)
        item.setToolTip(0, cards.tooltip(info))
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
        if reason := item.data(0, ROLE + 1):
            raise BadModel(reason)
        info = self._session.models.get(item.data(0, ROLE) or "")
        if info is not None and info.can_generate:
            self._session.select_model(info.path)
        elif info is not None:
            self._show_current()
            raise BadModel(
                f"{info.name} names what is in images.", "The map and the walks use it by themselves."
            )


class Directions(QListWidget):
    """The directions that were found, of all models; a click makes their model current."""

    counted = Signal(int)

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._session = services.session
        self.setProperty("hint", "Directions that you find in Mix become sliders, and are listed here.")
        self.setAccessibleName("Directions")
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.itemClicked.connect(lambda item: self._session.select_model(item.data(ROLE + 1)))
        self._session.directions_changed.connect(self.refresh)
        self._session.models_changed.connect(self.refresh)

    def refresh(self) -> None:
        """List the directions there are now."""
        self.clear()
        for direction in self._session.state.directions:
            info = self._session.models.get(direction.model)
            item = QListWidgetItem(direction.name)
            item.setToolTip(f"{direction.how}\nof {info.name if info else Path(direction.model).stem}")
            item.setData(ROLE, direction.id)
            item.setData(ROLE + 1, direction.model)
            self.addItem(item)
        self.counted.emit(self.count())

    def _menu(self, place: QPoint) -> None:
        if (item := self.itemAt(place)) is not None:
            menu = QMenu(self)
            menu.addAction("Remove", partial(self._session.remove_direction, item.data(ROLE)))
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(self.mapToGlobal(place))


class Runs(QListWidget):
    """Trainings, newest first; a click opens the newest model of one."""

    counted = Signal(int)

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self.setProperty("hint", "Trainings that you start in Train are listed here.")
        self.setAccessibleName("Trainings")
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setWordWrap(True)
        self.itemClicked.connect(self._open)

    def refresh(self) -> None:
        self.counted.emit(self.count())

    def show_runs(self, runs: list[RunSummary]) -> None:
        """Show these, changing as few lines as possible: they come several times a second."""
        while self.count() > len(runs):
            self.takeItem(self.count() - 1)
        while self.count() < len(runs):
            self.addItem(QListWidgetItem())
        for index, run in enumerate(runs):
            item, text = self.item(index), f"{run.title}\n{run.line()}"
            if item.text() != text:
                item.setText(text)
                item.setToolTip(f"{run.family} on {run.data}\n{run.folder}")
            item.setData(ROLE, str(run.folder / "model.safetensors") if run.model_time else "")
        self.refresh()

    def _open(self, item: QListWidgetItem) -> None:
        path = item.data(ROLE)
        if not path:
            self._services.notices.told.emit(
                "This training has no model yet: it comes with the first checkpoint."
            )
        elif path in self._services.session.models:
            self._services.session.select_model(path)
        else:
            from backends import catalog

            self._services.session.add_model(catalog.read(path))
            self._services.session.select_model(path)
