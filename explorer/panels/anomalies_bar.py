"""The choices of Anomalies: data, which classes are normal, what is not, how images are scored."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from backends.api import ModelInfo, Reply
from explorer.latent.anomaly_case import HOW, Asked, proposed, ways, why_not
from explorer.panels.base import Services
from explorer.widgets.flow import FlowLayout

COUNTS = {500: "500 of each", 2000: "2,000 of each", 0: "all test images"}
REST = "the other classes"
TIP = "Score test images of both sides and see how well the scores tell them apart"


class DataBox(QComboBox):
    """A data spec, typed or chosen. Emits `opened` before its list is shown."""

    opened = Signal()

    def __init__(self, name: str, tip: str, first: str = "") -> None:
        super().__init__()
        self.setEditable(True)
        self.line = QLineEdit(placeholderText=first or "mnist, digits, npz:FILE")
        self.setLineEdit(self.line)
        self.setMinimumContentsLength(13)
        self.setAccessibleName(name)
        self.setToolTip(tip)

    def showPopup(self) -> None:
        self.opened.emit()
        super().showPopup()

    def offer(self, kinds: list[dict[str, Any]]) -> None:
        """List the data that are here, without touching what was typed."""
        typed, modified = self.currentText(), self.line.isModified()
        for kind in kinds:
            if kind["path"] != "required" and kind["available"] and self.findText(kind["prefix"]) < 0:
                self.addItem(kind["prefix"])
                self.setItemData(self.count() - 1, kind["title"], Qt.ItemDataRole.ToolTipRole)
        self.setEditText(typed)
        self.line.setModified(modified)

    @property
    def text(self) -> str:
        return self.currentText().strip()


class AnomaliesBar(QWidget):
    """Emits `find_asked` when a search is wanted."""

    find_asked = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self._asked_kinds = False
        self._build()
        self.button.clicked.connect(self.find_asked)
        for box in (self.spec, self.against):
            box.opened.connect(self._ask_kinds)

    def asked(self) -> Asked:
        """What the choices say."""
        return Asked(
            self.spec.text, self.normal.text().strip(), self.against.text, int(self.count.currentData()),
            str(self.how.currentData() or "reconstruction"),
        )  # fmt: skip

    def allow(self, info: ModelInfo | None) -> str:
        """Offer what suits this model; why it can do nothing, else an empty text."""
        why = why_not(info)
        self.button.setEnabled(not why)
        self.button.setToolTip(why or TIP)
        self.how.clear()
        if info is None or why:
            return why
        for way in ways(info):
            self.how.addItem(HOW[way][0], way)
        if not self.modified:
            self.show_asked(proposed(info))
        return ""

    @property
    def modified(self) -> bool:
        """Whether a person has typed anything, which another model leaves as it is."""
        return any(line.isModified() for line in (self.spec.line, self.normal, self.against.line))

    def show_asked(self, asked: Asked, typed: bool = False) -> None:
        """Put these into the fields."""
        for box, text in ((self.spec, asked.spec), (self.against, asked.against)):
            box.setEditText(text)
            box.line.setModified(typed)
        self.normal.setText(asked.normal)
        self.normal.setModified(typed)
        if (at := self.count.findData(asked.count)) >= 0:
            self.count.setCurrentIndex(at)

    def _ask_kinds(self) -> None:
        """List the data sets that can be read here without a path, once."""
        if not self._asked_kinds:
            self._asked_kinds = True
            self.services.jobs.run(
                "explorer.latent.map_data:kinds", {}, {}, on_result=self._on_kinds, on_error=lambda _: None
            )

    def _on_kinds(self, reply: Reply) -> None:
        for box in (self.spec, self.against):
            box.offer(reply.data["kinds"])

    def _build(self) -> None:
        self.spec = DataBox("Data", "What is normal: test images of these data")
        self.against = DataBox(
            "Anomalies",
            "Other data whose images shall be found; empty: the classes that are not normal",
            REST,
        )
        self.normal = QLineEdit(placeholderText="all classes")
        self.normal.setAccessibleName("Normal classes")
        self.normal.setToolTip("Classes that are normal, by name or number: 0-4 or 3,8; empty: all")
        self.normal.setMinimumWidth(90)
        self.how, self.count = QComboBox(), QComboBox()
        self.how.setAccessibleName("Score")
        self.how.setToolTip("By what an image is judged: the higher, the stranger")
        self.how.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.count.setAccessibleName("Number of images")
        self.count.setToolTip("Images of each side, at random, the same ones every time")
        for count, text in COUNTS.items():
            self.count.addItem(text, count)
        self.count.setCurrentIndex(1)
        self.button = QPushButton("Find")
        self.button.setAccessibleName("Find anomalies")
        row = FlowLayout(self, gap=8)
        for title, widget in (
            ("Data", self.spec), ("Normal", self.normal), ("Against", self.against), ("By", self.how),
            ("", self.count), ("", self.button),
        ):  # fmt: skip
            row.addWidget(titled(title, widget) if title else widget)


def titled(title: str, widget: QWidget) -> QWidget:
    """A widget with its title, which stay together where a line breaks."""
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    label = QLabel(title)
    label.setBuddy(widget)
    row.addWidget(label)
    row.addWidget(widget)
    return both
