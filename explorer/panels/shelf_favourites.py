"""Favourites as thumbnails: a click brings the code back, in its model."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPoint, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QMenu

from backends.api import BadCode
from explorer.model.session import Session
from explorer.model.state import Favourite
from explorer.panels.base import Services
from explorer.widgets.images import to_qimage

ROLE = Qt.ItemDataRole.UserRole
SIDE = 56  # pixels of a thumbnail


class Favourites(QListWidget):
    """F2 renames, Delete removes, dragging takes picture and code along."""

    counted = Signal(int)

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._session = services.session
        self.setProperty("hint", "Keep what you like with the star in Explore (Ctrl+D).")
        self.setAccessibleName("Favourites")
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setMovement(QListWidget.Movement.Static)
        self.setIconSize(QSize(SIDE, SIDE))
        self.setGridSize(QSize(SIDE + 12, SIDE + 24))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragEnabled(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.customContextMenuRequested.connect(self._menu)
        self.itemClicked.connect(self._choose)
        self.itemActivated.connect(self._choose)
        self.itemChanged.connect(self._renamed)
        self._session.favourites_changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show the favourites there are now."""
        with QSignalBlocker(self):
            self.clear()
            for favourite in self._session.state.favourites:
                self.addItem(self._item(favourite))
        self.counted.emit(self.count())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._remove()
        else:
            super().keyPressEvent(event)

    def mimeData(self, items: list[QListWidgetItem]) -> QMimeData:  # type: ignore[override]
        """A dragged favourite is its picture, and its code as text."""
        mime = QMimeData()
        kept = next((f for f in self._session.state.favourites if f.id == items[0].data(ROLE)), None)
        if kept is not None:
            mime.setText(kept.code.to_text())
            mime.setImageData(to_qimage(kept.thumbnail))
        return mime

    def _item(self, favourite: Favourite) -> QListWidgetItem:
        picture = QPixmap.fromImage(to_qimage(favourite.thumbnail)).scaled(
            SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.FastTransformation
        )
        item = QListWidgetItem(QIcon(picture), favourite.name)
        item.setData(ROLE, favourite.id)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        info = self._session.models.get(favourite.model)
        item.setToolTip(
            f"{favourite.name}\n{info.name if info else favourite.model}\nF2 renames, Delete removes"
        )
        return item

    def _choose(self, item: QListWidgetItem) -> None:
        kept = next((f for f in self._session.state.favourites if f.id == item.data(ROLE)), None)
        if kept is not None:
            recall(self._session, kept)

    def _renamed(self, item: QListWidgetItem) -> None:
        self._session.rename_favourite(item.data(ROLE), item.text())

    def _remove(self) -> None:
        chosen = [item.data(ROLE) for item in self.selectedItems()]
        if chosen:
            self._session.remove_favourites(chosen)

    def _menu(self, place: QPoint) -> None:
        item = self.itemAt(place)
        if item is None:
            return
        menu = QMenu(self)
        menu.addAction("Make current", lambda: self._choose(item))
        menu.addAction("Rename", lambda: self.editItem(item))
        menu.addAction("Remove", self._remove)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(place))


def recall(session: Session, kept: Favourite) -> None:
    """Make a favourite's code and model current, as one step. Raises `BadCode` when the model is gone."""
    info = session.models.get(kept.model)
    if info is None:
        raise BadCode("The model of this favourite isn't there any more.", f"Open it again: {kept.model}")
    info.space.pack(kept.code)
    session.edit(
        f"Favourite {kept.name}", model=info.path, codes={**session.state.codes, info.path: kept.code}
    )
