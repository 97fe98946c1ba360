"""Latent: the current code as sliders, labels and truncation, beside every panel."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import (
    QButtonGroup,
    QDoubleSpinBox,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from backends.api import Part, Prior, Priority, Reply
from explorer.model.state import Direction
from explorer.panels.base import Command, Panel, Services
from explorer.panels.code_actions import copy_code, paste_code, random_seed
from explorer.panels.latent_card import ModelCard
from explorer.panels.latent_knobs import KnobBox
from explorer.panels.latent_rows import Sliders
from explorer.widgets.float_slider import FloatSlider
from explorer.widgets.flow import FlowLayout
from explorer.widgets.icons import icon
from explorer.widgets.numbers import show_number
from explorer.widgets.slider_rows import SliderRows

MOST_DIRECTIONS = 64
FINDING = "Finding the directions that change the picture most…"
NO_SLIDER = "No slider has this name."
ALL_NOISE = "This model draws from noise alone: try another one below, or walk between two in Explore."
EMPTY = "No model yet. Train one in the Train panel, or open one with File > Open."


class LatentPanel(Panel):
    """Every value of the current code, in standard deviations from the centre of its part."""

    name = "latent"
    title = "Latent"
    area = "right"
    tip = "The current code, value by value"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._sliders: Sliders | None = None
        self._found: dict[str, dict[str, np.ndarray]] = {}  # model's checksum or path: part: [K, d]
        self._waiting: set[str] = set()  # parts whose directions are on their way
        self.setMinimumWidth(250)
        self._labels: dict[str, list[QToolButton]] = {}
        self._build()
        for signal in (self.session.model_changed, self.session.directions_changed):
            signal.connect(self._show_model)
        for signal in (self.session.code_changed, self.session.locks_changed):
            signal.connect(self._show_code)
        self._show_model()

    def commands(self) -> list[Command]:
        def noisy() -> bool | str:
            return bool(self.knobs.noises) or "This model has no noise apart from its code."

        return [Command("latent.noise", "New noise", self.knobs.renew, "Explore", "Ctrl+Alt+N",
                        "Another noise, everything else as it is", noisy)]  # fmt: skip

    def busy(self) -> bool:
        return bool(self._waiting)

    # Building

    def _build(self) -> None:
        self.heading = QLabel()
        self.heading.setWordWrap(True)
        self.heading.setContentsMargins(10, 4, 8, 0)
        self._label_box = QWidget()
        self._label_rows = QVBoxLayout(self._label_box)
        self._label_rows.setContentsMargins(10, 0, 8, 0)
        self.rows = SliderRows()
        self.rows.moved.connect(self._move)
        self.rows.let_go.connect(self.session.end_gesture)
        self.rows.lock_toggled.connect(self._toggle_lock)
        self.rows.menu_asked.connect(self._show_menu)
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setContentsMargins(10, 4, 10, 4)
        self.hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.card = ModelCard()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 6)
        column.setSpacing(6)
        column.addWidget(self.heading)
        column.addWidget(self._label_box)
        column.addWidget(self._build_choice())
        column.addWidget(self.hint, 1, Qt.AlignmentFlag.AlignTop)
        column.addWidget(self.rows, 20)
        self.knobs = KnobBox(self.session)
        column.addWidget(self.knobs)
        column.addWidget(self._build_truncation())
        column.addWidget(self._build_buttons())
        column.addWidget(self.card)

    def _build_choice(self) -> QWidget:
        """Directions or dimensions, and a filter."""
        self.choice = QWidget()
        self.directions, self.dimensions = QPushButton("Directions"), QPushButton("Dimensions")
        self.directions.setToolTip("The ways in latent space that change the picture most")
        self.dimensions.setToolTip("The latent values as the model reads them")
        group = QButtonGroup(self)
        row = QHBoxLayout(self.choice)
        row.setContentsMargins(10, 0, 8, 0)
        row.setSpacing(4)
        for button in (self.directions, self.dimensions):
            button.setCheckable(True)
            group.addButton(button)
            row.addWidget(button)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter")
        self.filter.setAccessibleName("Filter sliders by name")
        self.filter.setToolTip("Show only sliders whose name has these words")
        self.filter.setClearButtonEnabled(True)
        row.addWidget(self.filter, 1)
        self.directions.setChecked(True)
        group.buttonClicked.connect(self._show_entries)
        self.filter.textChanged.connect(self._show_entries)
        return self.choice

    def _build_truncation(self) -> QWidget:
        self.truncation_row = QWidget()
        tip = "Pulls the code towards the centre: lower is more typical, higher more varied"
        label = QLabel("Truncation")
        self.truncation = FloatSlider(0.0, 1.5, 1.0)
        self.truncation.step = 0.05
        self.truncation.setAccessibleName("Truncation")
        self.truncation.setToolTip(f"{tip}. Double-click for 1.")
        self.truncation_number = QDoubleSpinBox()
        self.truncation_number.setRange(0.0, 1.5)
        self.truncation_number.setSingleStep(0.05)
        self.truncation_number.setKeyboardTracking(False)
        self.truncation_number.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.truncation_number.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.truncation_number.setFixedWidth(52)
        self.truncation_number.setAccessibleName("Truncation, number")
        self.truncation.moved.connect(self.session.set_truncation)
        self.truncation.let_go.connect(self.session.end_gesture)
        self.truncation_number.valueChanged.connect(self.session.set_truncation)
        self.truncation_number.editingFinished.connect(self.session.end_gesture)
        row = QHBoxLayout(self.truncation_row)
        row.setContentsMargins(10, 0, 8, 0)
        row.addWidget(label)
        row.addWidget(self.truncation, 1)
        row.addWidget(self.truncation_number)
        return self.truncation_row

    def _build_buttons(self) -> QWidget:
        """The commands that people look for beside the sliders; they are the window's own."""
        self.buttons = QWidget()
        row = QHBoxLayout(self.buttons)
        row.setContentsMargins(10, 0, 8, 0)
        row.setSpacing(4)
        actions = (
            ("Random", "", "Another seed; locked sliders stay", lambda: random_seed(self.session)),
            ("Reset all", "", "Every unlocked slider to zero", self.session.reset),
            ("Copy code", "copy", "Copy the code as text", lambda: copy_code(self.services)),
            (
                "Paste code",
                "paste",
                "Make the code on the clipboard current",
                lambda: paste_code(self.services),
            ),
        )
        for text, picture, tip, action in actions:
            button = QPushButton("" if picture else text)
            if picture:
                button.setIcon(icon(picture))
            button.setAccessibleName(text)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, action=action: action())
            row.addWidget(button, 0 if picture else 1)
        return self.buttons

    # The model

    def _show_model(self) -> None:
        """Another model, or other directions of it: other sliders."""
        info = self.session.model
        self._sliders = Sliders(info.space) if info else None
        self.card.show_model(info)
        self.knobs.show_model()
        self.heading.setText(self._summary() if info else "")
        for widget in (self.buttons, self.heading, self._label_box):
            widget.setVisible(info is not None)
        self.truncation_row.setVisible(self._sliders is not None and bool(self._sliders.steered))
        self._build_labels()
        self._find_directions()
        self._show_entries()

    def _summary(self) -> str:
        assert self.session.space is not None
        return "  ·  ".join(
            f"<b>{p.name}</b> {p.size}" for p in self.session.space.parts if p.role == "content"
        )

    def _show_entries(self) -> None:
        """The list of sliders anew: model, switch or filter changed."""
        if self._sliders is None or self.session.model is None:
            self.choice.hide()
            self.hint.setText(EMPTY)
            self.hint.show()
            self.rows.show_entries([])
            self.rows.hide()
            return
        own = self.session.directions_of(self.session.model.path)
        large = bool(self._sliders.large)
        by_direction = large and self.directions.isChecked()
        entries = self._sliders.entries(own, by_direction, self.filter.text())
        self.directions.setVisible(large)
        self.dimensions.setVisible(large)
        self.choice.setVisible(large or len(entries) > 12 or bool(self.filter.text()))
        finding = bool(self._waiting) and by_direction
        any_slider = bool(entries or self.filter.text() or finding)
        self.hint.setText(FINDING if finding else NO_SLIDER if any_slider else ALL_NOISE)
        self.hint.setVisible(finding or not entries)
        self.rows.setVisible(any_slider)
        self.rows.show_entries(entries)
        self._show_code()

    def _find_directions(self) -> None:
        """Ask for the principal directions of large parts, once for each model."""
        info = self.session.model
        self._waiting = set()
        if info is None or self._sliders is None or not info.can_generate:
            return
        key = info.checksum or info.path
        found = self._found.setdefault(key, {})
        self._sliders.principal = found
        for part in self._sliders.large:
            if part.name not in found:
                self._waiting.add(part.name)
                self.host.ask("directions", info.path, priority=Priority.PREVIEW,
                              options={"part": part.name, "count": MOST_DIRECTIONS},
                              on_result=partial(self._take_directions, key, part.name),
                              on_error=partial(self._no_directions, key, part.name))  # fmt: skip

    def _take_directions(self, key: str, part: str, reply: Reply) -> None:
        self._found[key][part] = reply.arrays["directions"].astype(np.float32)
        if self._sliders is not None and self._sliders.principal is self._found[key]:
            self._waiting.discard(part)
            self._show_entries()

    def _no_directions(self, key: str, part: str, reply: Reply) -> None:
        """Without directions there are still the dimensions."""
        if self._sliders is not None and self._sliders.principal is self._found[key]:
            self._waiting.discard(part)
            self.dimensions.setChecked(True)
            self._show_entries()
            self.services.notices.told.emit(reply.what)

    # Labels

    def _build_labels(self) -> None:
        while (item := self._label_rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()  # it goes later, and must not be seen below the new ones
                widget.deleteLater()
        self._labels = {}
        space, info = self.session.space, self.session.model
        for part in space.parts if space and info else ():
            if part.prior is Prior.CATEGORICAL:
                self._label_rows.addWidget(self._label_row(part))
        self._label_box.setVisible(bool(self._labels))

    def _label_row(self, part: Part) -> QWidget:
        box = QWidget()
        flow = FlowLayout(box)
        classes = self.session.model.classes if self.session.model else ()
        names = part.names or (classes if len(classes) == part.size else [str(i) for i in range(part.size)])
        self._labels[part.name] = []
        for index, name in enumerate(names):
            button = QToolButton()
            button.setObjectName("label")
            button.setText(name)
            button.setCheckable(True)
            button.setAccessibleName(f"{part.name} {name}")
            button.setToolTip(f"{part.name}: {name}. Ctrl+click blends it with the others.")
            button.clicked.connect(partial(self._choose_label, part.name, index))
            flow.addWidget(button)
            self._labels[part.name].append(button)
        return box

    def _choose_label(self, part: str, index: int, checked: bool = True) -> None:
        """One class alone, or with Ctrl one more or less in an even blend."""
        if self.session.code is None:
            return
        weights = np.zeros(len(self._labels[part]), np.float32)
        if QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ControlModifier:
            weights[self.session.code.values[part] > 1e-6] = 1
            weights[index] = 1 - weights[index]
        if not weights.any():
            weights[index] = 1
        self.session.set_code(self.session.code.with_value(part, weights / weights.sum()), f"Choose {part}")
        self._show_code()

    # The code

    def _show_code(self) -> None:
        """Bring what is visible up to the current code."""
        code, info = self.session.code, self.session.model
        if code is None or info is None or self._sliders is None:
            return
        locked = frozenset(f"{p}.{d}" for m, p, d in self.session.state.locks if m == info.path)
        self.rows.show_values(self._sliders.values(code), locked)
        self.knobs.show_code()
        self.truncation.show_value(code.truncation)
        show_number(self.truncation_number, code.truncation)
        for part, buttons in self._labels.items():
            for button, weight in zip(buttons, code.values[part], strict=True):
                button.setChecked(bool(weight > 1e-6))

    def _move(self, key: str, value: float) -> None:
        if self._sliders is not None:
            self._sliders.move(self.session, key, value)

    def _toggle_lock(self, key: str) -> None:
        part, dimension = key.rsplit(".", 1)
        self.session.toggle_lock(part, int(dimension))

    # Found directions

    def _show_menu(self, key: str, place: QPoint) -> None:
        """Rename or remove a direction that was found by the person."""
        direction = next(d for d in self.session.state.directions if key == f"own {d.id}")
        menu = QMenu(self)
        menu.addAction("Rename…", lambda: self._rename(direction))
        menu.addAction("Remove", lambda: self.session.remove_direction(direction.id))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    def _rename(self, direction: Direction) -> None:
        dialog = QInputDialog(self)
        dialog.setWindowTitle("Rename direction")
        dialog.setLabelText("Name:")
        dialog.setTextValue(direction.name)
        dialog.textValueSelected.connect(partial(self.session.rename_direction, direction.id))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


PANEL = LatentPanel
