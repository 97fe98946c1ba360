"""The choices of the Scores panel: data with known factors, how many images, which preset, which seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from backends.api import WHY_NOT, Capability, ModelInfo
from explorer.latent.compare import data_spec
from explorer.panels.base import Services
from explorer.panels.data_box import DataBox
from explorer.panels.files import ask_to_open
from explorer.workers.collect import Wanted

COUNTS = (500, 1000, 2000, 5000, 15000)
EFFORTS = {
    "fast": ("Fast", "Seconds: a forest of trees for DCI and the probe, 16 bootstrap samples"),
    "full": ("Full", "Minutes to hours: the settings of Locatello et al. 2019, 100 bootstrap samples"),
}
ALWAYS_HERE = ("dsprites", "digits")
SPEC_TIP = "Data with known factors or labels: one of the list, or npz:FILE; npz:FILE#factor for one label"


class ScoresBar(QWidget):
    """Emits `measure_asked` when scores are wanted."""

    measure_asked = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self._build()
        self.measure.clicked.connect(self.measure_asked)
        self.opening.clicked.connect(self.open_file)

    def wanted(self, info: ModelInfo) -> Wanted:
        """What the choices say."""
        count = int(self.count.currentData())
        return Wanted(info.path, "data", count, self.seed.value(), self.spec.text)

    @property
    def preset(self) -> str:
        return str(self.effort.currentData())

    def allow(self, info: ModelInfo | None) -> str:
        """Enable what this model can do; why it can do nothing, else an empty text."""
        why = "Choose a model first." if info is None else ""
        if info is not None and not info.can(Capability.ENCODES):
            why = WHY_NOT[Capability.ENCODES]
        self.measure.setEnabled(not why)
        self.measure.setToolTip(why or "Encode the images and measure every score that applies")
        if info is not None and not self.spec.line.isModified():
            self.spec.show_spec(data_spec(info.dataset))
        return why

    def choose(self, box: QComboBox, data: Any) -> None:
        """Select the entry with these data, if there is one."""
        if (index := box.findData(data)) >= 0:
            box.setCurrentIndex(index)

    def open_file(self) -> None:
        """Choose an archive of images with factors."""
        settings = self.services.settings
        folder = str(settings.value("scores/folder", str(Path.home())))

        def take(file: str) -> None:
            settings.setValue("scores/folder", str(Path(file).parent))
            self.spec.show_spec(f"npz:{file}", typed=True)

        ask_to_open(self, "Images with factors", "Numpy archive (*.npz)", take, folder)

    def _build(self) -> None:
        self.spec = DataBox(
            self.services, "Data with factors", SPEC_TIP, empty="dsprites, digits, npz:FILE",
            known=ALWAYS_HERE, wanted=lambda kind: kind["has_labels"],
        )  # fmt: skip
        self.opening = QPushButton("File…")
        self.count, self.effort = QComboBox(), QComboBox()
        for count in COUNTS:
            self.count.addItem(f"{count:,} images", count)
        self.count.setCurrentIndex(COUNTS.index(2000))
        for name, (title, tip) in EFFORTS.items():
            self.effort.addItem(title, name)
            self.effort.setItemData(self.effort.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.seed = QSpinBox(maximum=999_999)
        self.measure = QPushButton("Measure")
        self.measure.setDefault(True)
        named = (
            (
                self.opening,
                "Open a file of data",
                "Choose a .npz with images, labels [N, K] and factor_names",
            ),
            (self.count, "Number of images", "How many images are encoded"),
            (self.effort, "Preset", "Fast to look, full for figures that can be compared with papers"),
            (self.seed, "Seed", "Seed of everything that is drawn: the same seed gives the same figures"),
            (self.measure, "Measure", "Encode the images and measure every score that applies"),
        )
        for widget, name, tip in named:
            widget.setAccessibleName(name)
            widget.setToolTip(tip)
        first, second = QHBoxLayout(), QHBoxLayout()
        for one in (QLabel("Data"), self.spec, self.opening, self.measure):
            first.addWidget(one, int(one is self.spec))
        for other in (self.count, self.effort, QLabel("Seed"), self.seed):
            second.addWidget(other)
        second.addStretch(1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addLayout(first)
        rows.addLayout(second)
        self.second = second  # a panel adds what belongs beside these choices
