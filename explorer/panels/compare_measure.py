"""The figures of Compare: a table with a row per model, and the reconstruction error over a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from backends.api import WHY_NOT, Capability, ModelInfo, Reply
from explorer.latent.compare import data_spec, standard_error
from explorer.model.cards import number
from explorer.panels.base import Services
from explorer.widgets.waiting import Waiting
from explorer.workers.host_client import Ticket

HEADERS = (
    "Model",
    "Family",
    "Latent",
    "Parameters",
    "ms a picture",
    "Pictures/s",
    "Difference",
    "Reconstruction",
)
TIPS = {
    "ms a picture": "How long the model host took for one of the pictures above",
    "Difference": "Mean squared difference from the reference, pixels in 0 to 1",
    "Reconstruction": "Mean squared error of the data set's images encoded and decoded, ± standard error",
}


class Figures(QWidget):
    """`show_models` lists them; `tell` fills in a number; `measure` measures reconstruction errors."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services, self.host, self.jobs = services, services.host, services.jobs
        self.infos: list[ModelInfo] = []
        self.told: dict[tuple[str, str], str] = {}  # (path and checksum, header): text
        self.errors: dict[str, tuple[float, float]] = {}  # path: mean, standard error
        self._cancels: list[Callable[[], None]] = []
        self._left = 0
        self._build()

    def show_models(self, infos: Sequence[ModelInfo]) -> None:
        """A row for each model, with what was measured of it before."""
        if not self.infos and infos and not self.data.text():
            self.data.setText(next((spec for i in infos if (spec := data_spec(i.dataset))), "digits"))
        self.infos = list(infos)
        self.table.setRowCount(len(infos))
        for row, info in enumerate(infos):
            latent = " + ".join(f"{p.name} {p.size}" for p in info.space.parts)
            known = {"Model": info.name, "Family": info.family, "Latent": latent}
            known["Parameters"] = f"{info.parameters:,}" if info.parameters else ""
            for header in HEADERS:
                text = known.get(header) or self.told.get((_key(info), header), "")
                self._set(row, HEADERS.index(header), text)
        able = any(info.can(Capability.ENCODES) for info in infos)
        why = "Add a model first." if not infos else "" if able else WHY_NOT[Capability.ENCODES]
        self.button.setEnabled(not why)
        self.button.setToolTip(why or "Encode and decode this many images with every model that can")

    def tell(self, info: ModelInfo, header: str, text: str) -> None:
        """Fill in one number of a model."""
        self.told[(_key(info), header)] = text
        for row, known in enumerate(self.infos):
            if known.path == info.path:
                self._set(row, HEADERS.index(header), text)

    def timed(self, info: ModelInfo, seconds: float) -> None:
        """How long one picture took."""
        self.tell(info, "ms a picture", number(1000 * seconds))
        self.tell(info, "Pictures/s", f"{1 / seconds:,.0f}" if seconds > 0 else "")

    def busy(self) -> bool:
        return self.waiting.busy

    def measure(self) -> None:
        """Load the images in the job process, then let each encoder's model reconstruct them."""
        able = [info for info in self.infos if info.can(Capability.ENCODES)]
        if not able or self.waiting.busy:
            return
        self.errors = {}
        self._left = len(able)
        for info in self.infos:
            self.tell(info, "Reconstruction", "…" if info in able else "no encoder")
        self.load(able[0], self.count.value(), lambda images: self._measure_all(able, images))

    def load(self, like: ModelInfo, count: int, use: Callable[[np.ndarray], None]) -> None:
        """Test images of the chosen data set, in the size and channels of a model."""
        options = {"data": self.data.text().strip(), "image_size": like.image_shape[0],
                   "channels": like.image_shape[2], "count": count, "split": "test"}  # fmt: skip

        def arrived(reply: Reply) -> None:
            self.waiting.end()
            use(reply.arrays["images"])

        job = self.jobs.run("explorer.latent.compare:load_images", {}, options, on_result=arrived,
                            on_error=self._fail, on_progress=self.waiting.tell)  # fmt: skip
        self._cancels = [job.cancel]
        self.waiting.begin(self.cancel)

    def cancel(self) -> None:
        """Give up what is being measured."""
        for give_up in self._cancels:
            give_up()
        self._cancels = []
        for info in self.infos:
            if self.told.get((_key(info), "Reconstruction")) == "…":
                self.tell(info, "Reconstruction", "")

    def _measure_all(self, able: list[ModelInfo], images: np.ndarray) -> None:
        self._cancels = []
        self.waiting.begin(self.cancel)
        for info in able:
            self._cancels.append(self._measure_one(info, images).cancel)

    def _measure_one(self, info: ModelInfo, images: np.ndarray) -> Ticket:
        return self.host.ask(
            "encode", info.path, arrays={"images": images}, on_error=self._fail,
            on_progress=self.waiting.tell, on_result=lambda reply: self._measured(info, reply),
        )  # fmt: skip

    def _measured(self, info: ModelInfo, reply: Reply) -> None:
        mean, spread = self.errors[info.path] = standard_error(reply.arrays["errors"])
        self.tell(info, "Reconstruction", f"{mean:.4f} ± {spread:.4f}")
        self._left -= 1
        if not self._left:
            self.waiting.end()

    def _fail(self, reply: Reply) -> None:
        self.waiting.end()
        self.cancel()
        self.services.notices.problem.emit(*reply.problem)

    # The widgets

    def _build(self) -> None:
        self.table = QTableWidget(0, len(HEADERS))
        self.table.setHorizontalHeaderLabels(HEADERS)
        for column, header in enumerate(HEADERS):
            if header in TIPS:
                self.table.model().setHeaderData(
                    column, Qt.Orientation.Horizontal, TIPS[header], Qt.ItemDataRole.ToolTipRole
                )
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setMinimumSectionSize(56)
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setAccessibleName("Figures of the compared models")
        self.data = QLineEdit(placeholderText="mnist, digits, folder:PATH")
        self.data.setAccessibleName("Data to reconstruct")
        self.data.setToolTip("A data set as in the Train panel: mnist, digits, folder:PATH, npz:PATH")
        self.data.setMaximumWidth(160)
        self.count = QSpinBox(minimum=1, maximum=10_000, value=200, singleStep=100)
        self.count.setAccessibleName("How many images to reconstruct")
        self.count.setToolTip("How many test images the error is measured on")
        self.button = QPushButton("Measure reconstruction")
        self.button.setAccessibleName("Measure reconstruction")
        self.button.clicked.connect(self.measure)
        self.waiting = Waiting("Measuring")
        row = QHBoxLayout()
        for widget in (QLabel("Images of"), self.data, self.count, self.button):
            row.addWidget(widget)
        row.addWidget(self.waiting, 1)
        row.addStretch(0)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addLayout(row)
        box.addWidget(self.table, 1)

    def _set(self, row: int, column: int, text: str) -> None:
        item = self.table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            if column > 2:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(row, column, item)
        if item.text() != text:
            item.setText(text)


def _key(info: ModelInfo) -> str:
    return f"{info.path} {info.checksum}"
