"""The settings of a layout, each with a sentence; a change goes on from the picture that is shown."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
)

from backends.api import BadRequest
from explorer.latent.maps.methods import ABOUT, PARAMETERS, Parameter, Wish
from explorer.latent.maps.neighbours import METRICS
from explorer.panels.map_pages import Page
from explorer.widgets.controls import beside

SETTLE_MS = 200  # after the last step of a spin box the layout hears of it
USUAL = Wish()
SUPERVISED = "Pull classes apart by their labels (UMAP). Their distance then proves nothing."
METRIC = "How nearness is measured: cosine looks at directions only, as is usual for embeddings."
COST = "A change costs only the layout: it goes on from the picture shown."


class Settings(Page):
    """Emits `changed` when a layout should go on with other parameters."""

    title = "Settings"
    tip = "The parameters of the layout, with what they do"
    changed = Signal()

    def __init__(self, samples_seed: QSpinBox) -> None:
        super().__init__()
        self.about, self.help = beside(), beside(COST)
        self.boxes: dict[str, QSpinBox | QDoubleSpinBox] = {}
        self._readers: dict[str, tuple[str, ...]] = {}
        self._helps: dict[QObject, str] = {}
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        for parameter in PARAMETERS:
            self._add(parameter)
        self.nearness = QComboBox()
        self.nearness.addItems(list(METRICS))
        self.nearness.setAccessibleName("Metric")
        self._put("metric", "Metric", self.nearness, METRIC, ("umap", "tsne", "classic"))
        self.supervised = QCheckBox("Supervised")
        self._put("supervised", "", self.supervised, SUPERVISED, ("umap", "classic"))
        self.usual = QPushButton("As usual")
        self.usual.setToolTip("Back to the usual parameters")
        self.usual.clicked.connect(lambda: self.take({}))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.about)
        column.addLayout(self._form)
        column.addWidget(self.help)
        last = QFormLayout()
        last.addRow("Seed of samples", samples_seed)
        column.addLayout(last)
        column.addWidget(self.usual)
        self._settled = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settled.timeout.connect(self.changed)
        for box in self.boxes.values():
            box.valueChanged.connect(self._on_change)
        self.nearness.currentTextChanged.connect(self._on_change)
        self.supervised.toggled.connect(self._on_change)
        self.show_method("umap")

    def wish(self, method: str) -> Wish:
        """What is wanted of a method."""
        return Wish(method).changed(self.values())

    def values(self) -> dict[str, Any]:
        """Every parameter by its name."""
        found: dict[str, Any] = {name: box.value() for name, box in self.boxes.items()}
        return {**found, "metric": self.nearness.currentText(), "supervised": self.supervised.isChecked()}

    def take(self, values: dict[str, Any]) -> None:
        """Set parameters; what isn't named is as usual, what doesn't fit is left out."""
        try:
            wish = USUAL.changed({k: v for k, v in values.items() if k != "method"})
        except BadRequest:
            return
        for name, box in self.boxes.items():
            box.setValue(getattr(wish, name))
        self.nearness.setCurrentText(wish.metric)
        self.supervised.setChecked(wish.supervised)

    def show_method(self, method: str) -> None:
        """Only what this method reads."""
        self.about.setText(ABOUT[method])
        for name, readers in self._readers.items():
            row = self._form.indexOf(self._field(name))
            self._form.setRowVisible(self._form.getItemPosition(row)[0], method in readers)  # type: ignore[index]
        self.help.setVisible(method != "pca")
        self.usual.setVisible(method != "pca")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.Enter) and watched in self._helps:
            self.help.setText(self._helps[watched])
        return super().eventFilter(watched, event)

    def _field(self, name: str) -> Any:
        return self.boxes.get(name) or {"metric": self.nearness, "supervised": self.supervised}[name]

    def _add(self, parameter: Parameter) -> None:
        usual = getattr(USUAL, parameter.name)
        box: QSpinBox | QDoubleSpinBox
        if isinstance(usual, int):
            box = QSpinBox(minimum=int(parameter.low), maximum=int(parameter.high))
            if parameter.name == "epochs":
                box.setSingleStep(50)
                box.setSpecialValueText("by size")
        else:
            box = QDoubleSpinBox(minimum=parameter.low, maximum=parameter.high, decimals=2, singleStep=0.05)
        box.setValue(usual)
        box.setKeyboardTracking(False)
        box.setAccessibleName(parameter.title)
        self.boxes[parameter.name] = box
        self._put(parameter.name, parameter.title, box, parameter.help, parameter.methods)

    def _put(self, name: str, title: str, field: Any, text: str, readers: tuple[str, ...]) -> None:
        field.setToolTip(text)
        field.installEventFilter(self)
        self._helps[field] = text
        self._readers[name] = readers
        label = QLabel(title)
        label.setBuddy(field)
        self._form.addRow(label, field)

    def _on_change(self) -> None:
        distance, spread = self.boxes["min_dist"], self.boxes["spread"]
        if distance.value() > spread.value():  # the one that is not under the hand gives way
            if distance.hasFocus():
                spread.setValue(distance.value())  # type: ignore[arg-type]
            else:
                distance.setValue(spread.value())  # type: ignore[arg-type]
        self._settled.start()
