"""A box in which data are named: typed, or chosen from the data sets that are here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit

from backends.api import Reply
from explorer.panels.base import Services
from explorer.widgets.controls import named

Kind = dict[str, Any]  # a data set as `trainers.data` describes it: prefix, title, has_labels, …


class DataBox(QComboBox):
    """A data spec such as `mnist` or `npz:FILE`; `wanted` says which data sets suit.

    What is here is looked up by a job when the list is first shown: only then is it worth a process.
    """

    def __init__(
        self, services: Services, name: str, tip: str, *, empty: str = "mnist, digits, npz:FILE",
        known: tuple[str, ...] = (), wanted: Callable[[Kind], bool] = lambda kind: True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.services, self._wanted = services, wanted
        self._asked = False
        self.line = QLineEdit(placeholderText=empty)
        self.addItems(known)
        self.setEditable(True)
        self.setLineEdit(self.line)
        self.setMinimumContentsLength(13)
        named(self, name, tip)

    @property
    def text(self) -> str:
        return self.currentText().strip()

    def show_spec(self, text: str, typed: bool = False) -> None:
        """Put a spec into the box; one that counts as `typed` stays when another model comes."""
        self.setEditText(text)
        self.line.setModified(typed)

    def showPopup(self) -> None:
        if not self._asked:
            self._asked = True
            self.services.jobs.run(
                "explorer.latent.map_data:kinds", {}, {}, on_result=self._offer, on_error=lambda _: None
            )
        super().showPopup()

    def _offer(self, reply: Reply) -> None:
        """List the data that are here, without touching what was typed."""
        text, typed = self.currentText(), self.line.isModified()
        for kind in reply.data["kinds"]:
            if kind["path"] != "required" and kind["available"] and self._wanted(kind):
                if self.findText(kind["prefix"]) < 0:
                    self.addItem(kind["prefix"])
                at = self.findText(kind["prefix"])
                tip = f"{kind['title']}. {kind['advice']}" if kind["path"] == "optional" else kind["title"]
                self.setItemData(at, tip, Qt.ItemDataRole.ToolTipRole)
        self.show_spec(text, typed)
