"""How far to trust a map: each figure with what it means."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout

from explorer.panels.map_made import Mapped
from explorer.panels.map_pages import Page
from explorer.panels.map_parts import explained

NONE_YET = "There is no finished map yet."
WHERE = "Colour by “Neighbours kept” to see where the map is true and where it is torn."


class Trust(Page):
    """The figures of the map that is shown."""

    title = "How far to trust it"
    tip = "Each figure of the map's quality, with what it means"

    def __init__(self) -> None:
        super().__init__()
        self.text = QLabel(NONE_YET)
        self.text.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.text)

    def follow(self, made: Mapped | None) -> None:
        quality = made.quality if made is not None else None
        self.text.setText(NONE_YET if quality is None else f"{explained(quality)}<p>{WHERE}</p>")
