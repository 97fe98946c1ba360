"""Directions: find ways through the latent space, see what each does, steer along them and keep them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
)

from backends.api import Array, BadRequest, ModelInfo, Part
from explorer.latent import steering
from explorer.latent.directions.following import STEP
from explorer.latent.directions.holding import conditioned, within_layers
from explorer.model.export import Origin
from explorer.model.state import Direction, Path
from explorer.panels.base import Command, Panel, Services
from explorer.panels.directions_bar import DirectionsBar, LayerRange, steered
from explorer.panels.directions_find import SEFA, Candidate, Finder
from explorer.panels.previews import Previews
from explorer.panels.saving import Saver
from explorer.widgets.controls import button
from explorer.widgets.images import Image, ImageGrid
from explorer.widgets.slider_rows import Entry, SliderRow
from explorer.widgets.waiting import Waiting

FRAMES = 9
ROW = 58  # pixels of a strip at least; of more strips than fit one scrolls
HINT = (
    "Choose a method and press “Find”: each direction is shown as a strip with the current picture in its "
    "middle. Click a strip to steer along it."
)
NONE = "Find directions and choose one first."


class DirectionsPanel(Panel):
    """Choices above, a strip for each direction, and the chosen one's slider, name and buttons below."""

    name = "directions"
    title = "Directions"
    order = 45
    tip = "Find ways through the latent space, steer along them, keep them as sliders"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.candidates: list[Candidate] = []  # found last
        self.held: set[str] = set()  # ids of directions that stay while others move
        self.chosen = ""  # the id of the direction that is steered
        self.codes: Array = np.zeros((0, FRAMES, 0), np.float32)  # of the strips
        self._shown: object = None
        self.saver = Saver(services, self)
        self._build()
        self._connect()
        self._on_model()

    # What the window asks of a panel

    def commands(self) -> list[Command]:
        def able() -> bool | str:
            return True if self.bar.find_button.isEnabled() else self.bar.find_button.toolTip()

        def one() -> bool | str:
            return self.current is not None or NONE

        return [
            Command("directions.find", "Find directions", self.search, "Mix", "Ctrl+Alt+Y", enabled=able),
            Command("directions.keep", "Keep the direction as a slider", self.keep, "Mix", enabled=one),
            Command("directions.hold", "Hold the direction", self.toggle_hold, "Mix", enabled=one),
            Command("directions.walk", "Walk along the direction in Explore", self.walk, "Mix", enabled=one),
            Command("directions.export", "Export the strips…", self.export, "Mix",
                    enabled=lambda: bool(self.strips.arrays) or NONE),
        ]  # fmt: skip

    def busy(self) -> bool:
        return self.finder.busy or self.previews.busy

    def shut_down(self) -> None:
        self.finder.cancel()
        self.finder.training.close()

    def demonstrate(self) -> None:
        self.bar.how.setCurrentIndex(self.bar.how.findData(SEFA))
        self.bar.how.activated.emit(self.bar.how.currentIndex())
        self.search()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.draw()

    # What one can do

    @property
    def rows(self) -> list[Candidate]:
        """What has a strip: what was found last, then what is kept of this model."""
        info = self.session.model
        kept = self.session.directions_of(info.path) if info else []
        names = {direction.id: direction for direction in kept}
        found = [replace(c, direction=names.get(c.direction.id, c.direction)) for c in self.candidates]
        known = {c.direction.id for c in found}
        return found + [Candidate(d, "kept") for d in kept if d.id not in known]

    @property
    def current(self) -> Candidate | None:
        """The direction that is steered."""
        return next((c for c in self.rows if c.direction.id == self.chosen), None)

    def search(self) -> None:
        """Search with the chosen method."""
        info, part = self.session.model, self.bar.part
        if info is not None and part is not None and self.bar.find_button.isEnabled():
            self.finder.start(self.bar.method, info, part, self.bar.layer, self.bar.samples)
            self.waiting.begin(self._give_up)

    def _give_up(self) -> None:
        """What has grown so far stays."""
        self.finder.cancel()
        self.said.setText("Stopped." if self.candidates else "")

    def keep(self) -> None:
        """The direction becomes a slider of the Latent dock, under the name that is written."""
        candidate = self.current
        if candidate is None or self._is_kept(candidate.direction):
            return
        name = self.naming.text().strip() or candidate.direction.name
        vector = self.vector_of(candidate)
        self.session.add_direction(replace(candidate.direction, name=name, vector=vector))
        self.services.notices.told.emit(f"“{name}” is a slider in the Latent dock now.")

    def remove(self) -> None:
        """A kept direction is forgotten; undo brings it back."""
        if self.current is not None and self._is_kept(self.current.direction):
            self.session.remove_direction(self.current.direction.id)

    def rename(self) -> None:
        """The name that is written goes to a kept direction at once, to another when it is kept."""
        candidate, name = self.current, self.naming.text().strip()
        if candidate is None or not name or name == candidate.direction.name:
            return
        if self._is_kept(candidate.direction):
            self.session.rename_direction(candidate.direction.id, name)
            return
        named = replace(candidate, direction=replace(candidate.direction, name=name))
        self.candidates = [named if c.direction.id == self.chosen else c for c in self.candidates]
        self.draw()

    def toggle_hold(self) -> None:
        """Held directions stay where they are while others are moved (conditional manipulation)."""
        if self.chosen:
            self.held ^= {self.chosen}
            self.draw()

    def walk(self) -> None:
        """The strip becomes the walk of Explore."""
        info, row = self.session.model, self._row_of(self.chosen)
        if info is None or row < 0 or row >= len(self.codes):
            return
        codes = tuple(self.session.code_at(code) for code in self.codes[row])
        ends = codes if self.rows[row].path is not None else (codes[0], codes[-1])
        steps = 2 if len(ends) > 2 else FRAMES
        self.session.set_path(Path(info.path, ends, "linear", steps))
        self.services.notices.told.emit("The walk in Explore goes along this direction.")

    def export(self) -> None:
        """Save all strips as one picture."""
        info, code = self.session.model, self.session.code
        images = [a for a in self.strips.arrays if a is not None]
        if info is not None and code is not None and images:
            origin = Origin(code, info.name, info.checksum)
            self.saver.ask_and_save(
                f"{info.name} directions", ".png", np.stack(images), origin=origin, columns=FRAMES
            )

    def steer(self, _key: str, value: float) -> None:
        """Move the current code to `value` deviations along the chosen direction."""
        candidate, code = self.current, self.session.code
        if candidate is None or code is None or self.session.space is None:
            return
        part = self.session.space[candidate.direction.part]
        try:
            vector = self.vector_of(candidate)
        except BadRequest as error:
            self.said.setText(str(error))
            return
        now = self._position(part, vector)
        moved = steering.move(code, part, vector, now, value)
        self.session.set_code(moved, f"Along {candidate.direction.name}", f"direction {self.chosen}")

    def vector_of(self, candidate: Candidate) -> Array:
        """The direction in the chosen layers, less what it shares with held ones. Raises `BadRequest`."""
        space = self.session.space
        assert space is not None
        direction = candidate.direction
        part, vector = space[direction.part], direction.vector
        if len(part.shape) == 2:
            vector = within_layers(part, vector, *self.layers.bounds())
        held = [
            c.direction.vector for c in self.rows
            if c.direction.id in self.held - {direction.id} and c.direction.part == part.name
        ]  # fmt: skip
        return conditioned(part, vector, np.stack(held)) if held else vector

    # Drawing

    def draw(self) -> None:
        """Ask for the strips around the current code, and show the chosen direction's place."""
        info, code = self.session.model, self.session.code
        rows = self.rows
        self._show_chosen()
        if info is None or code is None or not rows:
            self.previews.give_up()
            self.codes = np.zeros((0, FRAMES, 0), np.float32)
            self._shown = None
            self.strips.row_titles = []
            self.strips.show_images([])
            return
        if not self.isVisible():
            return
        codes = np.stack([self._strip(info, c) for c in rows])
        titles = [self._title(c) for c in rows]
        key = (info.path, info.checksum, codes.tobytes(), titles, dict(code.options))
        if key != self._shown:
            self._shown = key
            self._ask(info, codes, titles)

    def _ask(self, info: ModelInfo, codes: Array, titles: list[str]) -> None:
        def show(images: list[Image | None]) -> None:
            self.codes = codes
            self.strips.columns = FRAMES
            self.strips.row_titles = titles
            self.strips.column_titles = [f"{a:+.1f}σ" for a in self._amounts()]
            self.strips.setMinimumHeight(24 + ROW * len(codes))
            self.strips.show_images(images)
            self._select_row()
            self._show_chosen()

        self.previews.ask(info, codes, self.session.code, done=lambda images: show(list(images)),
                          failed=self.said.setText, some=show)  # fmt: skip

    def _strip(self, info: ModelInfo, candidate: Candidate) -> Array:
        """Packed codes `[FRAMES, D]` around the current one."""
        space, code = info.space, self.session.code
        assert code is not None
        base = space.truncate(space.pack(code)[None], code.truncation)
        out = np.repeat(base, FRAMES, 0)
        at = space.slices[candidate.direction.part]
        if candidate.path is not None:
            steps = len(candidate.path) // 2 + (self._amounts() / STEP).round().astype(int)
            out[:, at] = candidate.path[steps.clip(0, len(candidate.path) - 1)]
            return out
        out[:, at] += self._amounts()[:, None] * self._moving(candidate)
        return out

    def _moving(self, candidate: Candidate) -> Array:
        """What the strip moves along: nothing, where the direction lies within what is held."""
        try:
            return self.vector_of(candidate)
        except BadRequest:
            return np.zeros_like(candidate.direction.vector)

    def _amounts(self) -> Array:
        return np.linspace(-self.reach.value(), self.reach.value(), FRAMES, dtype=np.float32)

    def _title(self, candidate: Candidate) -> str:
        held = "held · " if candidate.direction.id in self.held else ""
        figure = f" · {candidate.figure}" if candidate.figure else ""
        name = self.fontMetrics().elidedText(candidate.direction.name, Qt.TextElideMode.ElideRight, 130)
        return f"{held}{name}{figure}"

    def _show_chosen(self) -> None:
        """The bar below follows the chosen direction and the current code."""
        candidate = self.current
        for widget in (self.slider, self.naming, self.hold_button, self.walk_button, self.keep_button):
            widget.setEnabled(candidate is not None)
        kept = candidate is not None and self._is_kept(candidate.direction)
        self.remove_button.setEnabled(kept)
        self.keep_button.setEnabled(candidate is not None and not kept)
        self.hold_button.setChecked(self.chosen in self.held)
        self.export_button.setEnabled(bool(self.strips.arrays))
        if candidate is None or self.session.space is None or self.session.code is None:
            self.naming.clear()
            self.slider.show_value(0.0, False)
            return
        if not self.naming.hasFocus():
            self.naming.setText(candidate.direction.name)
        part = self.session.space[candidate.direction.part]
        if self.slider.entry.key != self.chosen:
            edge = self.reach.value()
            self.slider.bind(
                Entry(self.chosen, "Steer", candidate.direction.how, -edge, edge, lockable=False)
            )
        self.slider.show_value(self._position(part, self._moving(candidate)), False)

    def _position(self, part: Part, vector: Array) -> float:
        assert self.session.code is not None
        whitened = steering.whiten(part, vector[None])
        return float(steering.positions(part, self.session.code.values[part.name], whitened)[0])

    def _is_kept(self, direction: Direction) -> bool:
        return any(d.id == direction.id for d in self.session.state.directions)

    def _row_of(self, ident: str) -> int:
        return next((i for i, c in enumerate(self.rows) if c.direction.id == ident), -1)

    def _select_row(self) -> None:
        row = self._row_of(self.chosen)
        self.strips.select(row * FRAMES + FRAMES // 2 if row >= 0 else -1)

    # Events

    def _on_click(self, index: int) -> None:
        self.chosen = self.rows[index // FRAMES].direction.id
        self._select_row()
        self._show_chosen()

    def _on_double_click(self, index: int) -> None:
        if index < self.codes.shape[0] * FRAMES and self.session.space is not None:
            code = self.session.code_at(self.codes.reshape(-1, self.session.space.size)[index])
            self.session.set_code(code, "Picture of a strip")

    def _on_found(self, candidates: list[Candidate], sentence: str) -> None:
        self.waiting.end()
        self.said.setText(sentence)
        if candidates:
            self.candidates = candidates
            self.chosen = candidates[0].direction.id
        self.draw()

    def _on_grew(self, candidates: list[Candidate], sentence: str) -> None:
        """Strips of what is still learnt; the one that is steered stays the same."""
        self.said.setText(sentence)
        self.candidates = candidates
        if self.current is None:
            self.chosen = candidates[0].direction.id
        self.draw()

    def _on_failed(self, what: str, advice: str) -> None:
        self.waiting.end()
        self.said.setText(f"{what} {advice}".strip())

    def _on_model(self) -> None:
        self.finder.cancel()
        self.waiting.end()
        self.candidates, self.chosen, self.held = [], "", set()
        self.said.clear()
        self.bar.show_model(self.session.model)
        parts = steered(self.session.space)
        self.layers.show_part(parts[0] if parts else None)
        self.draw()

    def _on_reach(self) -> None:
        self.slider.bind(Entry("", ""))  # another range
        self.draw()

    # The widgets

    def _build(self) -> None:
        self.bar = DirectionsBar(self.services)
        self.finder = Finder(self.services, self.bar.form)
        self.waiting = Waiting("Searching")
        self.previews = Previews(self.services, "directions", "Drawing the strips")
        self.said = QLabel(wordWrap=True)
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.strips = ImageGrid(HINT, columns=FRAMES)
        self.strips.from_top = True
        self.strips.setAccessibleName("A strip for each direction")
        self.strips.setToolTip("Click chooses a direction; double-click makes a picture the current code.")
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setAccessibleName("Strips")
        scroll.setWidget(self.strips)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 8, 8)
        for widget in (self.bar, self.waiting, self.previews.bar, self.saver.waiting, self.said, scroll):
            box.addWidget(widget, int(widget is scroll))
        box.addLayout(self._steering())
        box.addLayout(self._buttons())

    def _steering(self) -> QHBoxLayout:
        self.slider = SliderRow(self)
        self.slider.bind(Entry("", "Steer", lockable=False))
        self.reach = QDoubleSpinBox(minimum=0.5, maximum=10.0, value=3.0, singleStep=0.5, decimals=1)
        self.reach.setSuffix(" σ")
        self.reach.setAccessibleName("Reach of the strips")
        self.reach.setToolTip("How far the strips and the slider go, in standard deviations")
        self.layers = LayerRange()
        row = QHBoxLayout()
        row.addWidget(self.slider, 1)
        row.addWidget(self.layers)
        title = QLabel("reach")
        title.setBuddy(self.reach)
        row.addWidget(title)
        row.addWidget(self.reach)
        return row

    def _buttons(self) -> QHBoxLayout:
        self.naming = QLineEdit(placeholderText="name")
        self.naming.setAccessibleName("Name of the direction")
        self.naming.setToolTip("What the direction is called; Enter applies it")
        self.hold_button = button("Hold", self.toggle_hold, "Hold it: others move without moving along it")
        self.hold_button.setCheckable(True)
        self.keep_button = button("Keep as slider", self.keep, "Make it a slider of the Latent dock")
        self.remove_button = button("Remove", self.remove, "Forget this kept direction")
        self.walk_button = button("To Explore", self.walk, "Walk along its strip in Explore")
        self.export_button = button("Export…", self.export, "Save the strips as PNG")
        row = QHBoxLayout()
        row.addWidget(self.naming, 1)
        for one in (
            self.hold_button,
            self.keep_button,
            self.remove_button,
            self.walk_button,
            self.export_button,
        ):
            row.addWidget(one)
        return row

    def _connect(self) -> None:
        session = self.session
        session.model_changed.connect(self._on_model)
        session.models_changed.connect(self.bar.form.refresh_names)
        session.favourites_changed.connect(self.bar.form.refresh_favourites)
        session.code_changed.connect(self.draw)
        session.directions_changed.connect(self.draw)
        self.bar.asked.connect(self.search)
        self.finder.found.connect(self._on_found)
        self.finder.grew.connect(self._on_grew)
        self.finder.failed.connect(self._on_failed)
        self.finder.told.connect(self.waiting.tell)
        self.strips.clicked.connect(self._on_click)
        self.strips.activated.connect(self._on_double_click)
        self.slider.moved.connect(self.steer)
        self.slider.let_go.connect(session.end_gesture)
        self.naming.editingFinished.connect(self.rename)
        self.reach.valueChanged.connect(lambda _: self._on_reach())
        self.layers.changed.connect(self.draw)


PANEL = DirectionsPanel
