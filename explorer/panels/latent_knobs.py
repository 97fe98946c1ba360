"""What the latent dock has besides sliders of the code: the model's knobs, and seeds for its noise."""

from __future__ import annotations

import random

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from backends.api import Array, Code, Knob, Part
from explorer.model.session import Session
from explorer.panels.code_actions import MOST_SEED
from explorer.widgets.knob_rows import KnobRows
from explorer.widgets.numbers import show_number

NAME = 48  # pixels of a noise's name
NO_SEED = -1  # shown as words: the noise is nobody's seed's
REMEMBERED = 32  # seeds whose noise is known again after an undo


class KnobBox(QWidget):
    """The knobs of the current model over the current code, and a row for each of its noises."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.knobs = KnobRows()
        self.noises: dict[str, NoiseRow] = {}
        self.knobs.moved.connect(self._turn)
        self.knobs.let_go.connect(session.end_gesture)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(10, 0, 8, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self.knobs)

    def show_model(self) -> None:
        """Another model: other knobs, other noises."""
        info = self.session.model
        for row in self.noises.values():
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        parts = [p for p in info.space.parts if p.seeded] if info else []
        self.noises = {part.name: NoiseRow(self.session, part) for part in parts}
        for row in self.noises.values():
            self._column.addWidget(row)
        self.knobs.show_knobs(info.knobs if info else ())
        self.setVisible(bool(self.noises or self.knobs.knobs))
        self.show_code()

    def show_code(self) -> None:
        """Another code."""
        if (code := self.session.code) is not None:
            self.knobs.show_values(code.options)
            for row in self.noises.values():
                row.show_code(code)

    def renew(self) -> None:
        """Another noise, in every part that is noise."""
        for row in self.noises.values():
            row.renew()

    def _turn(self, name: str, value: float) -> None:
        knob: Knob = next(knob for knob in self.knobs.knobs if knob.name == name)
        self.session.set_knob(knob, value)


class NoiseRow(QWidget):
    """The seed of a part that is noise, and a button for another one."""

    def __init__(self, session: Session, part: Part) -> None:
        super().__init__()
        self.session, self.part = session, part
        self._known: dict[int, Array] = {}
        tip = f"{part.name} is noise ({part.size} numbers): it has a seed instead of sliders"
        label = QLabel(part.name)
        label.setFixedWidth(NAME)
        label.setToolTip(tip)
        self.seed = QSpinBox(minimum=NO_SEED, maximum=MOST_SEED)
        self.seed.setSpecialValueText("own")
        self.seed.setKeyboardTracking(False)
        self.seed.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.seed.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.seed.setFixedWidth(70)
        self.seed.setAccessibleName(f"Seed of {part.name}")
        self.seed.setToolTip(f"{tip}. Everything else stays as it is.")
        self.fresh = QPushButton("New noise")
        self.fresh.setAccessibleName(f"New noise for {part.name}")
        self.fresh.setToolTip(f"Another {part.name}, everything else as it is")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(label)
        row.addWidget(self.fresh, 1)
        row.addWidget(self.seed)
        self.fresh.clicked.connect(self.renew)
        self.seed.valueChanged.connect(self._choose)

    def renew(self) -> None:
        """Noise of any seed of six digits or fewer."""
        self._choose(random.randrange(1_000_000))

    def show_code(self, code: Code) -> None:
        """The seed that this noise is of, as far as anybody knows."""
        show_number(self.seed, self._seed_of(code.values[self.part.name]))

    def _choose(self, seed: int) -> None:
        if seed != NO_SEED:
            self._noise(seed)
            self.session.set_noise(self.part.name, seed)
        elif self.session.code is not None:
            self.show_code(self.session.code)

    def _seed_of(self, noise: Array) -> int:
        self._noise(self.session.state.seed)
        return next((s for s, known in self._known.items() if np.array_equal(known, noise)), NO_SEED)

    def _noise(self, seed: int) -> Array:
        """The noise of a seed, remembered."""
        if seed not in self._known and self.session.space is not None:
            self._known[seed] = self.session.space.sample(seed).values[self.part.name]
            if len(self._known) > REMEMBERED:
                del self._known[next(iter(self._known))]
        return self._known[seed]
