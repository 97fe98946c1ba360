"""The choices above the map: how to lay out what, how many; `tools` stand in the second line.

The box of colours is made here and stands over the legend.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from backends.api import ModelInfo, Reply
from explorer.latent.cloud import Colouring
from explorer.latent.maps.methods import ABOUT, METHODS
from explorer.panels.base import Services
from explorer.panels.map_sources import SOURCES, usual, why_not
from explorer.widgets.flow import flowing
from explorer.widgets.icons import icon
from explorer.workers.collect import Wanted

COUNTS = (500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)
MOST_IMAGES = 50_000  # points whose images must all be made or read
OF_FILE = 50_000  # rows of a file to begin with: so many are laid out exactly
MANY = f"More than {MOST_IMAGES:,} points are mapped of codes and of files only: images take too long."
WHOLE = "All parts"
SAMPLED = ("codes", "features", "pixels")
SPEC_TIP = "A data set: one of the list, folder:PATH or npz:PATH"


class MapBar(QWidget):
    """Emits `make_asked` when a map is wanted and `colour_chosen` when points are to be coloured anew."""

    make_asked = Signal()
    colour_chosen = Signal()
    file_wanted = Signal()

    def __init__(self, services: Services, tools: QWidget) -> None:
        super().__init__()
        self.services, self.tools = services, tools
        self._asked_kinds = False
        self.chosen = False  # whether a person has chosen the source
        self.file = ""
        self._why_not_at_all = "Choose a model first."
        self._build()
        self._lay_out()
        self.source.currentIndexChanged.connect(self._on_source)
        self.source.activated.connect(self._on_chosen)
        self.open.clicked.connect(self.file_wanted)
        self.colour.activated.connect(self.colour_chosen)
        self.make.clicked.connect(self.make_asked)
        self._offer_parts(None)
        self._on_source()

    def wanted(self, info: ModelInfo) -> Wanted:
        """What the choices say."""
        source = str(self.source.currentData())
        spec = self.spec.currentText().strip() if source.startswith("data") else ""
        code = self.services.session.code
        knobs = tuple(sorted(code.options.items())) if code is not None and source in SAMPLED else ()
        part = str(self.part.currentData() or "") if source in ("codes", "data") else ""
        file = self.file if source == "file" else ""
        return Wanted(
            info.path, source, int(self.count.currentData()), self.seed.value(), spec, knobs, part, file
        )

    def open_file(self, file: str) -> None:
        """Map the rows of a file of embeddings."""
        self.file, self.chosen = file, True
        self.open.setText(Path(file).name)
        if self.source.currentData() != "file":
            self.choose(self.source, "file")
            self.choose(self.count, OF_FILE)
        self.make.setEnabled(True)

    def reason(self, info: ModelInfo | None, source: str) -> str:
        """Why a model can't be mapped by a source; nothing when it can."""
        return why_not(info, source)

    def fall_back(self, info: ModelInfo) -> bool:
        """Another source, now that the data aren't there; whether there is one."""
        if not str(self.source.currentData()).startswith("data"):
            return False
        found = next((s for s in ("features", "codes") if not why_not(info, s)), "")
        self.choose(self.source, found)
        return bool(found)

    def choose(self, box: QComboBox, data: Any) -> None:
        """Select the entry with these data, if there is one that can be chosen."""
        index = box.findData(data)
        entries = box.model()
        if index >= 0 and bool(entries.flags(entries.index(index, 0)) & Qt.ItemFlag.ItemIsEnabled):
            box.setCurrentIndex(index)

    def allow(self, info: ModelInfo | None) -> None:
        """Enable what this model can be mapped by; the rest says why not."""
        reasons = {source: why_not(info, source) for source in SOURCES}
        entries = self.source.model()
        assert isinstance(entries, QStandardItemModel)
        for row, name in enumerate(SOURCES):
            entries.item(row).setEnabled(not reasons[name])
            entries.item(row).setToolTip(reasons[name] or SOURCES[name][1])
        able = [name for name, reason in reasons.items() if not reason]
        if info is not None and not self.chosen:
            self.choose(self.source, usual(info))
        if able and self.source.currentData() not in able:
            self.choose(self.source, able[0])
        self._why_not_at_all = "" if able else reasons["codes"]
        self._offer_parts(info)
        self._on_source()
        if info is not None and info.dataset and not self.spec_text.isModified():
            self.spec.setEditText(info.dataset)

    def offer_colours(self, colourings: list[Colouring], title: str = "") -> None:
        """List the colourings; `title`, else the one with the title chosen before, is chosen."""
        before = title or self.colour.currentText()
        self.colour.clear()
        self.colour.addItems([colouring.title for colouring in colourings])
        self.colour.setCurrentIndex(max(self.colour.findText(before), 0))
        self.colour.setEnabled(bool(colourings))

    def _build(self) -> None:
        self.settings = QToolButton()
        self.settings.setIcon(icon("settings"))
        self.settings.setToolTip("Settings of the layout")
        self.settings.setAccessibleName("Settings of the layout")
        self.settings.setAutoRaise(True)
        self.settings.setCheckable(True)
        self.method = _box("Layout", "How to lay out: PCA at once, UMAP and t-SNE in a while")
        for name, title in METHODS.items():
            self.method.addItem(title, name)
            self.method.setItemData(self.method.count() - 1, ABOUT[name], Qt.ItemDataRole.ToolTipRole)
        self.method.setCurrentIndex(1)
        self.source = _box("What to map", "What to map")
        for name, (title, tip) in SOURCES.items():
            self.source.addItem(title, name)
            self.source.setItemData(self.source.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.spec = _box("Data set", SPEC_TIP)
        self.spec_text = QLineEdit(placeholderText="mnist, folder:PATH, npz:PATH")
        self.spec.setLineEdit(self.spec_text)
        self.spec.setMinimumContentsLength(14)
        self.part = _box("Part of the codes", "Which part of the codes is laid out")
        self.open = QPushButton("Choose…")
        self.open.setAccessibleName("File of embeddings")
        self.open.setToolTip("Rows of numbers: .npy, .npz or .parquet, with columns for colours and search")
        self.count = _box("Number of points", "How many points")
        for count in COUNTS:
            self.count.addItem(f"{count:,}", count)
        self.count.setCurrentIndex(COUNTS.index(2000))
        self.seed = QSpinBox(maximum=999_999)
        self.seed.setAccessibleName("Seed of the samples")
        self.seed.setToolTip("Seed of the samples: the same seed draws the same codes")
        self.make = QPushButton("Make map")
        self.make.setDefault(True)
        self.colour = _box("Colour by", "What the colours of the points show")
        self.colour.setEnabled(False)
        self.colour.setMinimumContentsLength(10)
        self.save = QPushButton("Save")
        self.save.setToolTip("Save the map as a picture or a table")
        self.save.setEnabled(False)

    def _lay_out(self) -> None:
        first = flowing(self.method, self.settings, self.source, self.part, self.spec, self.open, self.count,
                        self.make)  # fmt: skip
        second = QHBoxLayout()
        second.addWidget(self.tools, 1)
        second.addWidget(self.save)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(first)
        rows.addLayout(second)

    def _on_chosen(self) -> None:
        self.chosen = True

    def _offer_parts(self, info: ModelInfo | None) -> None:
        """The parts of the codes, where there is more than one that a map could show."""
        before = self.part.currentData()
        self.part.clear()
        parts = [p for p in info.space.parts if not p.seeded] if info is not None else []
        for title, data in [(WHOLE, ""), *((p.name, p.name) for p in parts)]:
            self.part.addItem(title, data)
        self.part.setCurrentIndex(max(self.part.findData(before), 0))

    def _limit(self, source: str) -> None:
        """Of sources that need every image, no more points than there is time for."""
        most = COUNTS[-1] if source in ("codes", "file") else MOST_IMAGES
        entries = self.count.model()
        assert isinstance(entries, QStandardItemModel)
        for row, count in enumerate(COUNTS):
            entries.item(row).setEnabled(count <= most)
            entries.item(row).setToolTip("" if count <= most else MANY)
        if int(self.count.currentData()) > most:
            self.choose(self.count, most)

    def _on_source(self) -> None:
        source = str(self.source.currentData())
        is_data = source.startswith("data")
        self.spec.setVisible(is_data)
        self.open.setVisible(source == "file")
        self.part.setVisible(source in ("codes", "data") and self.part.count() > 2)
        self._limit(source)
        why = self._why_not_at_all or ("Choose a file first." if source == "file" and not self.file else "")
        self.make.setEnabled(not why)
        self.make.setToolTip(why or "Lay out the points on a plane")
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


def _box(name: str, tip: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setToolTip(tip)
    return box
