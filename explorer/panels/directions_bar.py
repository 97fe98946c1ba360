"""The choices above the strips of directions: the method, and what it needs to know."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from backends.api import Capability, LatentSpace, ModelInfo, Part, Priority, Reply
from explorer.panels.base import Services
from explorer.panels.directions_find import CODES, GANSPACE, LABELLED, LAYERED, LEARNT, METHODS
from explorer.panels.directions_groups import GroupsForm
from explorer.widgets.controls import combo, named

SAMPLES = (1000, 3000, 10_000)
NO_PART = "This model draws from noise alone: there is nothing to steer."


def steered(space: LatentSpace | None) -> list[Part]:
    """The parts that directions can be found in: of those with sliders, else of the images of noise."""
    content = [p for p in (space.parts if space is not None else ()) if p.continuous and p.role == "content"]
    return [p for p in content if not p.seeded] or content


def why_not_learn(info: ModelInfo | None, part: Part | None) -> str:
    """Why directions can't be learnt for this model; "" when they can."""
    if info is not None and info.can(Capability.PARTIAL):
        return "Each of this model's pictures takes many steps: to learn directions would take hours."
    return "This part has one dimension only." if part is not None and part.size < 2 else ""


class DirectionsBar(QWidget):
    """Emits `asked` when a search is wanted."""

    asked = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.session, self.host = services.session, services.host
        self.form = GroupsForm(services.session)
        self._layers_of = ""  # the model whose layers are listed
        self._build()
        self._connect()

    @property
    def method(self) -> str:
        return str(self.how.currentData())

    @property
    def layer(self) -> int:
        """From 0; −1 is the one in the middle: LatentCLR's while the layers aren't listed yet."""
        at = self.layers.currentIndex()
        return at if self.method in LEARNT else max(at, 0)

    @property
    def samples(self) -> int:
        return int(self.count.currentData())

    @property
    def part(self) -> Part | None:
        """The part to search in."""
        parts = steered(self.session.space)
        return next((p for p in parts if p.name == self.which.currentText()), parts[0] if parts else None)

    def show_model(self, info: ModelInfo | None) -> None:
        """Offer the parts of a model, its main one first."""
        parts = steered(info.space if info else None)
        self.which.clear()
        if info is not None:
            self.which.addItems([p.name for p in sorted(parts, key=lambda p: p is not info.space.main)])
        self.form.show_model(info)
        self.refresh()

    def refresh(self) -> None:
        """Show what the method needs, and why it can't be used."""
        info, method = self.session.model, self.method
        several = self.which.count() > 1
        for widget in (self.which, self.which_title):
            widget.setVisible(several)
        self.layers.setVisible(method in LAYERED)
        self.count.setVisible(method == GANSPACE)
        self.form.setVisible(method in LABELLED)
        why = "Choose a model first." if info is None else "" if self.part is not None else NO_PART
        if not why and method in LABELLED:
            why = self.form.why_not()
        if not why and method in LEARNT:
            why = why_not_learn(info, self.part)
        if not why and method in LAYERED:
            self._list_layers()
        self.find_button.setEnabled(not why)
        self.find_button.setToolTip(why or METHODS[method][1])
        self.help.setText(why or METHODS[method][1])

    def _list_layers(self) -> None:
        info = self.session.model
        if info is None or self._layers_of == info.path + info.checksum:
            return
        key = self._layers_of = info.path + info.checksum

        def show(reply: Reply) -> None:
            if self._layers_of == key:
                self.layers.clear()
                for number, layer in enumerate(reply.data["layers"], 1):
                    shape = " × ".join(str(n) for n in layer["shape"])
                    self.layers.addItem(f"layer {number}: {layer['kind']}, {shape}")
                self._choose_layer()

        self.host.ask("layers", info.path, priority=Priority.PREVIEW, on_result=show)

    def _choose_layer(self) -> None:
        """GANSpace begins with the first layer, LatentCLR in the middle."""
        self.layers.setCurrentIndex(self.layers.count() // 2 if self.method in LEARNT else 0)

    def _on_method(self) -> None:
        self.form.show_groups(self.method != CODES)
        self._choose_layer()
        self.refresh()

    def _build(self) -> None:
        self.how = combo("How to find directions", "How to find directions")
        for key, (text, _) in METHODS.items():
            self.how.addItem(text, key)
        self.which_title = QLabel("in")
        self.which = combo(
            "Part to find directions in", "The part of the code that the directions lead through"
        )
        self.which_title.setBuddy(self.which)
        self.layers = combo("Layer", "The layer whose activations are looked at")
        self.count = combo("How many codes", "How many codes are sent through the layer")
        for number in SAMPLES:
            self.count.addItem(f"{number:,} codes", number)
        self.count.setCurrentIndex(1)
        self.find_button = QPushButton("Find")
        self.find_button.setAccessibleName("Find directions")
        self.help = QLabel(wordWrap=True)
        first = QHBoxLayout()
        method = QLabel("Method")
        method.setBuddy(self.how)
        for widget in (
            method,
            self.how,
            self.which_title,
            self.which,
            self.layers,
            self.count,
            self.find_button,
        ):
            first.addWidget(widget)
        first.addStretch(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addLayout(first)
        box.addWidget(self.form)
        box.addWidget(self.help)

    def _connect(self) -> None:
        self.how.activated.connect(self._on_method)
        self.find_button.clicked.connect(self.asked)
        self.form.changed.connect(self.refresh)


class LayerRange(QWidget):
    """From which layer to which a direction works, for parts with a row for each layer."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = QSpinBox(minimum=1, maximum=1), QSpinBox(minimum=1, maximum=1)
        named(self.first, "First layer that moves", "First layer that moves")
        named(self.last, "Last layer that moves", "Last layer that moves")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (QLabel("layers"), self.first, QLabel("to"), self.last):
            row.addWidget(widget)
        for spin in (self.first, self.last):
            spin.valueChanged.connect(lambda _: self.changed.emit())
        self.hide()

    def show_part(self, part: Part | None) -> None:
        """All layers of this part; nothing for a part without layers."""
        layered = part is not None and len(part.shape) == 2
        self.setVisible(layered)
        if part is not None and layered:
            for spin, value in ((self.first, 1), (self.last, part.shape[0])):
                spin.blockSignals(True)
                spin.setRange(1, part.shape[0])
                spin.setValue(value)
                spin.blockSignals(False)

    def bounds(self) -> tuple[int, int]:
        """The first and the last layer, counted from 0."""
        low, high = sorted((self.first.value() - 1, self.last.value() - 1))
        return low, high
