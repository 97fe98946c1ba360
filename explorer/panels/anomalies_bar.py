"""The choices of Anomalies: data, which classes are normal, what is not, how images are scored."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QPushButton, QWidget

from backends.api import ModelInfo
from explorer.latent.anomaly_case import HOW, Asked, proposed, ways, why_not
from explorer.panels.base import Services
from explorer.panels.data_box import DataBox
from explorer.widgets.controls import titled
from explorer.widgets.flow import FlowLayout

COUNTS = {500: "500 of each", 2000: "2,000 of each", 0: "all test images"}
REST = "the other classes"
TIP = "Score test images of both sides and see how well the scores tell them apart"


class AnomaliesBar(QWidget):
    """Emits `find_asked` when a search is wanted."""

    find_asked = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self._build()
        self.button.clicked.connect(self.find_asked)

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
            box.show_spec(text, typed)
        self.normal.setText(asked.normal)
        self.normal.setModified(typed)
        if (at := self.count.findData(asked.count)) >= 0:
            self.count.setCurrentIndex(at)

    def _build(self) -> None:
        self.spec = DataBox(self.services, "Data", "What is normal: test images of these data")
        self.against = DataBox(
            self.services, "Anomalies",
            "Other data whose images shall be found; empty: the classes that are not normal", empty=REST,
        )  # fmt: skip
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
