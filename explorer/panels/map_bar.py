"""The choices above the map: how to lay out what, how many; `tools` stand in the second line.

The box of colours is made here and stands over the legend.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from backends.api import WHY_NOT, Capability, ModelInfo, Reply
from explorer.latent.cloud import Colouring
from explorer.latent.mapping import METHODS
from explorer.panels.base import Services
from explorer.workers.collect import Wanted

SOURCES = {
    "codes": ("Sampled codes", "Codes drawn from the prior, laid out as they are"),
    "features": (
        "Features of samples",
        "Sampled codes, laid out by what the classifier sees in their images",
    ),
    "data": ("Encoded data", "The images of a data set, encoded by the model"),
}
COUNTS = (500, 1000, 2000, 5000, 10000)
NO_CLASSIFIER = "No classifier is known for this model."
SPEC_TIP = "A data set: one of the list, folder:PATH or npz:PATH"


class MapBar(QWidget):
    """Emits `make_asked` when a map is wanted and `colour_chosen` when points are to be coloured anew."""

    make_asked = Signal()
    colour_chosen = Signal()

    def __init__(self, services: Services, tools: QWidget) -> None:
        super().__init__()
        self.services, self.tools = services, tools
        self._asked_kinds = False
        self._build()
        self._lay_out()
        self.source.currentIndexChanged.connect(self._on_source)
        self.colour.activated.connect(self.colour_chosen)
        self.make.clicked.connect(self.make_asked)
        self._on_source()

    def wanted(self, info: ModelInfo) -> Wanted:
        """What the choices say."""
        source = str(self.source.currentData())
        spec = self.spec.currentText().strip() if source == "data" else ""
        code = self.services.session.code
        knobs = tuple(sorted(code.options.items())) if code is not None else ()
        return Wanted(info.path, source, int(self.count.currentData()), self.seed.value(), spec, knobs)

    def choose(self, box: QComboBox, data: Any) -> None:
        """Select the entry with these data, if there is one that can be chosen."""
        index = box.findData(data)
        entries = box.model()
        if index >= 0 and bool(entries.flags(entries.index(index, 0)) & Qt.ItemFlag.ItemIsEnabled):
            box.setCurrentIndex(index)

    def allow(self, info: ModelInfo | None) -> None:
        """Enable what this model can be mapped by; the rest says why not."""
        reasons = {
            "codes": _why_not(info, Capability.GENERATES),
            "features": _why_not(info, Capability.GENERATES)
            or ("" if info and info.classifier else NO_CLASSIFIER),
            "data": _why_not(info, Capability.ENCODES),
        }
        entries = self.source.model()
        assert isinstance(entries, QStandardItemModel)
        for row, name in enumerate(SOURCES):
            entries.item(row).setEnabled(not reasons[name])
            entries.item(row).setToolTip(reasons[name] or SOURCES[name][1])
        able = [name for name, reason in reasons.items() if not reason]
        if able and self.source.currentData() not in able:
            self.choose(self.source, able[0])
        self.make.setEnabled(bool(able))
        self.make.setToolTip("Lay out the codes on a plane" if able else reasons["codes"])
        if info is not None and info.dataset and not self.spec_text.isModified():
            self.spec.setEditText(info.dataset)

    def offer_colours(self, colourings: list[Colouring]) -> None:
        """List the colourings; the one with the title chosen before stays chosen."""
        before = self.colour.currentText()
        self.colour.clear()
        self.colour.addItems([colouring.title for colouring in colourings])
        self.colour.setCurrentIndex(max(self.colour.findText(before), 0))
        self.colour.setEnabled(bool(colourings))

    def _build(self) -> None:
        self.method = _box("Layout", "How to lay out: PCA at once, UMAP and t-SNE in a while")
        for name, title in METHODS.items():
            self.method.addItem(title, name)
        self.method.setCurrentIndex(1)
        self.source = _box("What to map", "What to map")
        for name, (title, tip) in SOURCES.items():
            self.source.addItem(title, name)
            self.source.setItemData(self.source.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.spec = _box("Data set", SPEC_TIP)
        self.spec_text = QLineEdit(placeholderText="mnist, folder:PATH, npz:PATH")
        self.spec.setLineEdit(self.spec_text)
        self.spec.setMinimumContentsLength(14)
        self.count = _box("Number of points", "How many points")
        for count in COUNTS:
            self.count.addItem(f"{count:,}", count)
        self.count.setCurrentIndex(COUNTS.index(2000))
        self.seed = QSpinBox(maximum=999_999)
        self.seed.setAccessibleName("Seed")
        self.seed.setToolTip("Seed of the samples and of the layout: the same seed gives the same map")
        self.make = QPushButton("Make map")
        self.make.setDefault(True)
        self.colour = _box("Colour by", "What the colours of the points show")
        self.colour.setEnabled(False)
        self.colour.setMinimumContentsLength(10)
        self.save = QPushButton("Save")
        self.save.setToolTip("Save the map as a picture or a table")
        self.save.setEnabled(False)
        self.fit = QPushButton("Fit")
        self.fit.setToolTip("Bring all points into view")

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for widget in (self.method, self.source, self.spec, self.count, _label("Seed", self.seed), self.seed):
            first.addWidget(widget)
        first.addStretch(1)
        first.addWidget(self.make)
        second.addWidget(self.tools, 1)
        second.addWidget(self.fit)
        second.addWidget(self.save)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addLayout(first)
        rows.addLayout(second)

    def _on_source(self) -> None:
        is_data = self.source.currentData() == "data"
        self.spec.setVisible(is_data)
        if is_data and not self._asked_kinds:
            self._asked_kinds = True
            self.services.jobs.run(
                "explorer.latent.map_data:kinds", {}, {}, on_result=self._on_kinds, on_error=lambda _: None
            )

    def _on_kinds(self, reply: Reply) -> None:
        """The data sets that can be read here without a path, in the list; what was typed stays."""
        typed = self.spec.currentText()
        for kind in reply.data["kinds"]:
            if kind["path"] != "required" and (kind["available"] or kind["downloads"]):
                self.spec.addItem(kind["prefix"])
                tip = kind["title"] if kind["available"] else f"{kind['title']}: {kind['advice']}"
                self.spec.setItemData(self.spec.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.spec.setEditText(typed or self.spec.itemText(0))


def _why_not(info: ModelInfo | None, capability: Capability) -> str:
    if info is None:
        return "Choose a model first."
    return "" if info.can(capability) else WHY_NOT[capability]


def _box(name: str, tip: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setToolTip(tip)
    return box


def _label(text: str, buddy: QWidget) -> QLabel:
    label = QLabel(text)
    label.setBuddy(buddy)
    return label
