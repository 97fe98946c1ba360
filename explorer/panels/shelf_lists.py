"""The shelf's lists of directions and trainings."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QMenu

from explorer.model.runs import RunSummary
from explorer.panels.base import Services

ROLE = Qt.ItemDataRole.UserRole


class Directions(QListWidget):
    """The directions that were found, of all models; a click makes their model current."""

    counted = Signal(int)

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._session = services.session
        self.setProperty("hint", "Directions that you keep become sliders, and are listed here.")
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
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSpacing(2)  # two lines each: without it nobody sees which belong together
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
                item.setToolTip(f"{text}\n{run.family} on {run.data}\n{run.folder}")
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
