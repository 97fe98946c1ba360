"""Traversals of every dimension from the current code or from A, what matters first; as grid, in motion."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
)

from backends.api import Array, Capability, Code, ModelInfo, Priority, Reply
from explorer.latent import traversals
from explorer.latent.traversals import Line
from explorer.model.export import Origin
from explorer.panels.base import Services
from explorer.panels.mix_page import Page, Scene
from explorer.panels.previews import Previews
from explorer.panels.saving import Saver
from explorer.widgets.controls import allow, button, combo, titled
from explorer.widgets.flow import flowing
from explorer.widgets.images import Image, ImageGrid
from explorer.widgets.player import Player
from explorer.workers.host_client import Ticket

STEPS, FPS = 9, 6.0
FEW = 8  # lines that are shown at first: a screen of them
MOST = 64
ROW = 52
MEASURED = 32  # pixels to a side are measured: more would hold up the window
ALONG = {"dimensions": "dimensions", "principal": "principal directions", "found": "kept directions"}
FROM = {"current": "the current code", "a": "source A"}
SORTS = {"change": "change of the picture", "kl": "nats (KL)", "order": "their own order"}
NOTHING = "There is nothing to move: choose a model with a latent space, or other lines."


class TraversalsPage(Page):
    """A row for each line, from −reach to reach; playing shows them all at one place after the other."""

    title = "Traversals"
    tip = "The picture along every dimension, sorted by how much it changes"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.lines: list[Line] = []
        self.images: Image | None = None  # [K, STEPS, H, W, C]
        self.codes: Array = np.zeros((0, STEPS, 0), np.float32)
        self.order = np.zeros(0, np.int64)  # rows as shown
        self._nats: dict[str, Array | str] = {}  # KL of each dimension by model, or why there is none
        self._principal: dict[str, Array] = {}
        self._asked: Ticket | None = None
        self.player = Player(self)
        self.player.set_fps(FPS)
        self.saver = Saver(services, self)
        self._build()
        self.player.frame_changed.connect(self._show_frame)
        self.session.code_changed.connect(self._on_code)

    @property
    def waiting(self) -> bool:
        asked = self._asked is not None and not self._asked.done
        return self.previews.busy or asked or self.saver.waiting.busy

    def choices(self) -> object:
        code = self._start()
        where = code.to_text() if code is not None else ""
        return (where, self.along.currentData(), self.reach.value(), len(self.session.state.directions))

    def _start(self) -> Code | None:
        """The code that is moved."""
        if self.source.currentData() == "a" and len(self.scene.codes):
            return self.session.code_at(self.scene.codes[0])
        return self.session.code

    def draw(self, scene: Scene) -> None:
        info, code = scene.info, self._start()
        lines = self._lines(info) if info is not None and code is not None else []
        if info is None or code is None or not lines:
            self.previews.give_up()
            self.lines, self.images = [], None
            self.grid.row_titles, self.grid.column_titles = [], []
            self.grid.set_hint(
                NOTHING if self._asked is None or self._asked.done else "Measuring directions…"
            )
            self.grid.show_images([])
            self._enable()
            return
        codes = traversals.codes(info.space, code, lines, self.reach.value(), STEPS)

        def done(images: Image) -> None:
            self.lines, self.codes = lines, codes
            self.images = images.reshape(len(lines), STEPS, *images.shape[1:])
            self.show_rows()

        def failed(why: str) -> None:
            self.grid.set_hint(why)
            self.grid.show_images([])

        self.previews.ask(info, codes, code, done=done, failed=failed)

    def _lines(self, info: ModelInfo) -> list[Line]:
        along = self.along.currentData()
        if along == "dimensions":
            return traversals.dimensions(info.space)[:MOST]
        if along == "found":
            kept = self.session.directions_of(info.path)
            return [Line(d.name, d.part, d.vector) for d in kept][:MOST]
        main, key = info.space.main, info.path + info.checksum
        if not main.continuous or main.seeded or main.role == "noise":
            return []
        if key in self._principal:
            found = self._principal[key]
            return traversals.along(main, found, [f"PC {i + 1}" for i in range(len(found))])

        def take(reply: Reply) -> None:
            self._principal[key] = reply.arrays.get("directions", np.zeros((0, main.size), np.float32))
            self.redraw(force=True)

        options = {"part": main.name, "count": MOST}
        self._asked = self.host.ask("directions", info.path, options=options, priority=Priority.PREVIEW,
                                    on_result=take, on_error=take)  # fmt: skip
        return []

    # Showing

    def show_rows(self) -> None:
        """Sort and show; in motion only one place of each line is shown."""
        if self.images is None:
            return
        coarse = max(1, self.images.shape[2] // MEASURED)
        effects = traversals.changes(self.images[:, :, ::coarse, ::coarse])
        values, figures, note = self._values(effects)
        self.order = traversals.order(values) if values is not None else np.arange(len(effects))
        count = len(self.order) if self.all_button.isChecked() else FEW
        self.order = self.order[:count]
        self.grid.row_titles = [f"{self.lines[i].name} · {figures[i]}" for i in self.order]
        self.said.setText(note)
        self.player.set_count(STEPS)
        self._enable()
        if self.player.playing:
            self._show_frame(self.player.index)
            return
        reach = self.reach.value()
        self.grid.columns = STEPS
        self.grid.column_titles = [f"{a:+.1f}σ" for a in np.linspace(-reach, reach, STEPS)]
        self.grid.setMinimumHeight(24 + ROW * len(self.order))
        self.grid.show_images(list(self.images[self.order].reshape(-1, *self.images.shape[2:])))

    def _values(self, effects: Array) -> tuple[Array | None, list[str], str]:
        """What lines are sorted by, the figure beside each, and a sentence."""
        changed = [f"{effect:.3f}" for effect in effects]
        plain = "Beside each: how much a pixel (0 to 1) varies along the line."
        if self.sorting.currentData() == "order":
            return None, changed, plain
        if self.sorting.currentData() == "change":
            return effects, changed, plain
        nats = self._known_nats()
        if isinstance(nats, str):
            return effects, changed, nats
        if any(line.dimension < 0 for line in self.lines):
            return effects, changed, "Nats belong to dimensions: these lines are sorted by change."
        values = np.array([nats[line.dimension] for line in self.lines], np.float32)
        figures = [f"{v:.2f} nats" for v in values]
        return values, figures, "Beside each: how many nats the encoder puts into it; 0 says nothing."

    def _known_nats(self) -> Array | str:
        """The KL of each dimension, or a sentence while there is none."""
        info = self.scene.info
        if info is None:
            return ""
        key = info.path + info.checksum
        if not info.can(Capability.ENCODES):
            return "This model has no encoder, so there are no nats: sorted by change."
        if key not in self._nats:
            self._nats[key] = "Measuring nats…"

            def take(reply: Reply) -> None:
                self._nats[key] = reply.arrays["kl"]
                self.show_rows()

            def failed(reply: Reply) -> None:
                self._nats[key] = reply.what
                self.show_rows()

            self._asked = self.host.ask("kl", info.path, priority=Priority.PREVIEW, on_result=take,
                                        on_error=failed)  # fmt: skip
        return self._nats[key]

    def _show_frame(self, index: int) -> None:
        """Every line at one place."""
        if self.images is None:
            return
        self.grid.columns, self.grid.column_titles = 0, []
        titles, self.grid.row_titles = self.grid.row_titles, []
        names = [self.lines[i].name for i in self.order]
        self.grid.setMinimumHeight(48)
        self.grid.show_images(list(self.images[self.order, index]), names)
        self.grid.row_titles = [] if self.player.playing else titles

    def _on_code(self) -> None:
        if self.isVisible():
            self.redraw()

    def toggle_play(self) -> None:
        """All lines in motion, or the grid."""
        if self.player.playing:
            self.player.pause()
            self.show_rows()
        else:
            self.player.play()
        self.play_button.setText("Stop" if self.player.playing else "Play")

    def export(self, suffix: str) -> None:
        """Save the grid (`.png`), or all lines in motion side by side (`.gif`, `.mp4`)."""
        info, code, images = self.session.model, self.session.code, self.images
        if info is None or code is None or images is None:
            return
        shown = images[self.order]  # [K, STEPS, H, W, C]
        name = f"{info.name} traversals"
        if suffix == ".png":
            origin = Origin(code, info.name, info.checksum)
            flat = shown.reshape(-1, *shown.shape[2:])
            self.saver.ask_and_save(name, suffix, flat, origin=origin, columns=STEPS)
            return
        frames = np.concatenate(list(shown), axis=2)  # [STEPS, H, K W, C]
        self.saver.ask_and_save(name, suffix, frames, fps=FPS, swing=True)

    def _take(self, index: int) -> None:
        space = self.session.space
        if space is None or self.player.playing or not 0 <= index < len(self.order) * STEPS:
            return
        row, step = divmod(index, STEPS)
        self.grid.select(-1)
        code = self.session.code_at(self.codes[self.order[row], step])
        self.session.set_code(code, f"Along {self.lines[self.order[row]].name}")

    def _enable(self) -> None:
        why = "" if self.images is not None else NOTHING
        for widget in (self.play_button, self.export_button):
            allow(widget, why)

    def _build(self) -> None:
        self.along = combo(
            "What to move along", "Dimensions, principal directions or directions you kept", ALONG
        )
        self.source = combo("What is moved", "The picture that is moved", FROM)
        self.sorting = combo("Sort by", "What comes first", SORTS)
        self.reach = QDoubleSpinBox(minimum=0.5, maximum=6.0, value=2.0, singleStep=0.5, decimals=1)
        self.reach.setSuffix(" σ")
        self.reach.setAccessibleName("Reach of the traversals")
        self.reach.setToolTip("How far to either side, in standard deviations")
        self.all_button = QPushButton("All")
        self.all_button.setCheckable(True)
        self.all_button.setAccessibleName("Show all lines")
        self.all_button.setToolTip(f"Show all lines, not only the first {FEW}")
        self.play_button = button("Play", self.toggle_play, "Move along all lines at once")
        self.export_button = QPushButton("Export")
        self.export_button.setAccessibleName("Export the traversals")
        menu = QMenu(self.export_button)
        for text, suffix in (("Grid (PNG)…", ".png"), ("Motion (GIF)…", ".gif"), ("Motion (MP4)…", ".mp4")):
            menu.addAction(text, partial(self.export, suffix))
        self.export_button.setMenu(menu)
        self.grid = ImageGrid(NOTHING, columns=STEPS, gap=2)
        self.grid.from_top = True
        self.grid.setAccessibleName("Traversals")
        self.grid.setToolTip("Click makes a picture the current code.")
        self.said = QLabel(wordWrap=True)
        self.previews = Previews(self.services, "mix traversals", "Moving along the lines")
        self._lay_out()
        for box in (self.along, self.source):
            box.activated.connect(lambda _: self.redraw())
        self.reach.valueChanged.connect(lambda _: self.redraw())
        self.sorting.activated.connect(lambda _: self.show_rows())
        self.all_button.toggled.connect(lambda _: self.show_rows())
        self.grid.clicked.connect(self._take)

    def _lay_out(self) -> None:
        choices = flowing(titled("Move", self.source), titled("along", self.along),
                          titled("to ±", self.reach))  # fmt: skip
        shown = flowing(titled("Sort by", self.sorting), self.all_button, self.play_button,
                        self.export_button)  # fmt: skip
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setAccessibleName("Lines")
        scroll.setWidget(self.grid)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 6, 0, 0)
        box.addWidget(choices)
        box.addWidget(shown)
        box.addWidget(scroll, 1)
        for below in (self.previews.bar, self.saver.waiting, self.said):
            box.addWidget(below)
