"""Map: thousands of codes on a plane, to see how classes occupy the latent space, and to travel there."""

from __future__ import annotations

from functools import partial
from pathlib import Path as FilePath
from typing import Any

import numpy as np
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from backends.api import BadRequest
from explorer.latent.cloud import Colouring, names_for
from explorer.latent.maps.embeddings import ENDINGS
from explorer.latent.maps.methods import METHODS
from explorer.panels.base import Command, Panel, Services
from explorer.panels.files import ask_to_open, ask_to_save
from explorer.panels.map_bar import COUNTS, MapBar
from explorer.panels.map_beside import Beside
from explorer.panels.map_clusters import Clusters
from explorer.panels.map_commands import map_commands, more_commands, selection_commands, view_commands
from explorer.panels.map_likelihood import Likelihood
from explorer.panels.map_look import Look
from explorer.panels.map_made import Mapped, parts_of
from explorer.panels.map_making import Making
from explorer.panels.map_names import find_rows, middles
from explorer.panels.map_pages import WIDTH, Pages
from explorer.panels.map_painting import AT_ONCE, Painting
from explorer.panels.map_parts import QualityLine, describe_point
from explorer.panels.map_peek import Peek
from explorer.panels.map_running import Running
from explorer.panels.map_selection import Selecting
from explorer.panels.map_settings import Settings
from explorer.panels.map_sources import SOURCES
from explorer.panels.map_time import OverTime
from explorer.panels.map_tools import MapTools
from explorer.panels.map_travel import Travel
from explorer.panels.map_trust import Trust
from explorer.panels.saving import save_by
from explorer.widgets.map_view.legend import Legend
from explorer.widgets.map_view.view import MapView
from explorer.workers.aside import Aside

HINT = (
    "Press “Make map” to see thousands of codes of this model on a plane. Hover a point for its image, "
    "click it to go there, Shift+click two for the walk between them."
)
NO_MODEL = "Choose a model on the left to map its latent space."
SIDE = 170  # pixels of the legend
OPENED = f"Embeddings ({' '.join(f'*{ending}' for ending in ENDINGS)})"


class MapPanel(Panel):
    """Choices, the map with its legend, the line about quality, and the strip of the path."""

    name = "map"
    title = "Map"
    order = 30
    tip = "Many codes on a plane, coloured by class"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.map: Mapped | None = None
        self._search = Aside("map search", self)
        self._build()
        self._connect()
        self._on_model()

    @property
    def waits(self) -> bool:
        """Whether a map is on its way."""
        return self.making.waits

    @property
    def is_current(self) -> bool:
        """Whether the map is one of the current model."""
        return self.map is not None and self.map.of(self.session.model)

    # Making a map

    def make(self) -> None:
        """Make the map that the choices ask for; what is under way is given up."""
        self.making.start()

    def cancel(self) -> None:
        """Give up what is under way; the map shown stays."""
        self.making.cancel()

    def show_map(self, made: Mapped) -> None:
        """A map on its way: another one, or the next frame of the one shown."""
        before = self.map
        fresh = before is None or before.cloud is not made.cloud or before.twin is not made.twin
        if before is not None and not fresh:
            made.inherit(before)
        self.map = made
        if made is not before:
            self.painting.offer()  # the colours chosen, if there are such, in the new list
        if fresh:
            self.beside.follow(made)
            self.peek.prepare(None)
            self.travel.begin()
            self.bar.save.setEnabled(True)
            self.painting.show_legend()
            self.painting.show(made)
        else:
            self.painting.carry_on(made)
        self.scatter.mark_current(None)
        self.scatter.mark_path(None)

    def finish_map(self, made: Mapped) -> None:
        """A map is as it should be: what was still missing comes."""
        self.show_map(made)
        self.painting.offer()
        self.judge(made)
        self.peek.prepare(made)
        self.scatter.end_growth()
        self.pages.follow(made)
        self.travel.place_current()
        if not made.unlike:
            self.strip.follow(made.info)

    def judge(self, made: Mapped) -> None:
        """Say how far the map can be trusted."""
        if made.quality is None:
            self.quality.say(made.line)
        else:
            stopped = made.stopped is not None
            self.quality.judge(made.line, made.quality, self.making.better(made), stopped)

    def make_from(self, source: str) -> None:
        """Make the map of another source."""
        self.bar.chosen = True
        self.bar.choose(self.bar.source, source)
        self.make()

    # A person's own file

    def ask_and_open(self) -> None:
        """Ask for a file of embeddings and map it."""
        ask_to_open(self, "Embeddings to map", OPENED, self.open_file)

    def open_file(self, file: str) -> None:
        """Map the rows of a file."""
        self.bar.open_file(file)
        self.make()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _embeddings(event):
            event.acceptProposedAction()
        else:
            event.ignore()  # for the window: a model or a picture

    def dropEvent(self, event: QDropEvent) -> None:
        if file := _embeddings(event):
            event.acceptProposedAction()
            self.open_file(file)
        else:
            event.ignore()

    # Showing it

    @property
    def colouring(self) -> Colouring | None:
        """What the colours mean."""
        return self.painting.colouring

    def palette_of(self, colouring: Colouring) -> np.ndarray:
        """The colour of each class on this ground: `[classes, 3]`."""
        return self.painting.palette_of(colouring)

    def describe(self, row: int) -> str:
        """What the card says of a point."""
        made, colouring = self.map, self.colouring
        return "" if made is None or colouring is None else describe_point(made.cloud, colouring, row)

    def name_of(self, row: int) -> str:
        """A short name for a point."""
        made = self.map
        if made is None or made.cloud.labels is None:
            return f"Point {row}"
        label = int(made.cloud.labels[row])
        return (
            names_for(made.cloud.labels[[row]], made.cloud.classes)[label] if label >= 0 else f"Point {row}"
        )

    def open_search(self) -> None:
        """Put the cursor into the search."""
        self.tools.search.setFocus()
        self.tools.search.selectAll()

    def search(self, text: str) -> None:
        """Select the points that a text means, and bring them into view."""
        made = self.map
        if made is None or not text.strip():
            return
        colourings, texts = list(made.colourings), made.cloud.texts

        def look() -> np.ndarray | BadRequest:
            try:
                return np.flatnonzero(find_rows(colourings, text, texts))
            except BadRequest as error:
                return error

        def found(rows: np.ndarray | BadRequest) -> None:
            if isinstance(rows, BadRequest):
                self.services.notices.problem.emit(rows.what, rows.advice)
            elif made.cloud is (self.map.cloud if self.map else None):
                self.selecting.choose(rows)
                self.scatter.show_rows(rows)
                self.services.notices.told.emit(f"Found {len(rows):,} points")

        if len(made.cloud) <= AT_ONCE:
            found(look())
        else:
            self._search.run(look, found)

    def show_selection(self) -> None:
        """What is selected, on the map and in words."""
        here = self.selecting.here
        self.scatter.show_selection(here.ids)
        self.beside.select(here.ids)
        self.tools.show_count(len(here))

    def _on_model(self) -> None:
        """Another model, another map; the one shown stays while the model does."""
        info = self.session.model
        self.bar.allow(info)
        if self.over_time.takes(info):
            return
        if self.map is not None and (self.map.of(info) or (self.map.unlike and not self.map.twin)):
            return
        self.making.forget()
        self.map = None
        self.beside.follow(None)
        self.pages.follow(None)
        self.scatter.clear_points(HINT if info is not None else NO_MODEL)
        self.quality.say("")
        self.peek.prepare(None)
        self.legend.hide()
        self.travel.hide()
        self.tools.show_count(0)
        self.bar.save.setEnabled(False)
        self.bar.offer_colours([])

    # Saving

    def ask_and_save(self, suffix: str) -> None:
        """Ask for a file and save the map there."""
        if self.map is not None:
            name = f"{self.map.info.name} {METHODS[self.map.method]}{suffix}"
            ask_to_save(self, self.services.settings, "Save map", name, self.save_map)

    def save_map(self, path: FilePath) -> None:
        """Write the map as a picture (`.png`) or a table (`.csv`)."""
        made, colouring = self.map, self.colouring
        if made is None or colouring is None:
            return
        arrays: dict[str, np.ndarray] = {"positions": made.positions, "codes": made.cloud.codes}
        if colouring.labels is not None:
            arrays["labels"] = colouring.labels
        if colouring.values is not None:
            arrays["values"] = colouring.values
        title = f"{made.info.name}: {made.title}"
        second, words = self.beside.saved()
        options = {"title": title, "colour": colouring.title, "names": colouring.names,
                   "line": made.line, "parts": parts_of(made), **words}  # fmt: skip
        save_by("explorer.latent.map_picture:save", self.services, path, {**arrays, **second}, options)

    # The panel

    def commands(self) -> list[Command]:
        return map_commands(self)

    def busy(self) -> bool:
        return (
            self.waits or self.strip.busy or self.scatter.preparing or self.painting.busy
            or self.clusters.waiting.busy or self.over_time.series.busy or self.beside.busy
            or self.likelihood.busy
        )  # fmt: skip

    def demonstrate(self) -> None:
        """A map by class, with a walk between two classes."""

        def walk() -> None:
            made, colouring = self.map, self.colouring
            if made is None or colouring is None or colouring.labels is None:
                return
            rows = middles(made.positions, colouring.labels, len(colouring.names))
            if len(rows) > 1:
                self.travel.set_path(rows[min(rows)], rows[max(rows)])

        self.bar.chosen = True
        # Draws from a prior of many dimensions have no neighbourhoods to show; features of their images have.
        self.bar.choose(self.bar.source, "features")
        self.making.start(walk)

    def settings_to_save(self) -> dict[str, Any]:
        bar = self.bar
        return {
            "method": bar.method.currentData(), "source": bar.source.currentData(),
            "count": bar.count.currentData(), "seed": bar.seed.value(), "spec": bar.spec.currentText(),
            "look": self.look.to_json(), "hide": self.legend.hides, "layout": self.settings.values(),
            "chosen": bar.chosen,
        }  # fmt: skip

    def restore_settings(self, saved: dict[str, Any]) -> None:
        bar = self.bar
        for box, key, allowed in (
            (bar.method, "method", METHODS), (bar.source, "source", SOURCES), (bar.count, "count", COUNTS),
        ):  # fmt: skip
            if saved.get(key) in allowed:
                bar.choose(box, saved[key])
        if isinstance(seed := saved.get("seed"), int):
            bar.seed.setValue(seed)
        if isinstance(spec := saved.get("spec"), str) and spec:
            bar.spec.setEditText(spec)
        bar.chosen = bool(saved.get("chosen", bar.chosen))
        if isinstance(layout := saved.get("layout"), dict):
            self.settings.take(layout)
        self.look.restore(saved.get("look"))
        self.legend.hide_box.setChecked(saved.get("hide") is True)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.making.watch()
        self.travel.place_current()
        self.travel.follow_path()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.making.watch()
        self.peek.card.hide()

    def _build(self) -> None:
        self.tools = MapTools(
            partial(view_commands, self), partial(selection_commands, self), partial(more_commands, self)
        )
        self.bar = MapBar(self.services, self.tools)
        self.waiting = Running()
        self.scatter = MapView()
        self.scatter.setAcceptDrops(False)  # the panel takes them
        self.setAcceptDrops(True)
        self.legend = Legend()
        self.painting = Painting(self)
        self.making = Making(self, self.services)
        self.settings, self.trust = Settings(self.bar.seed), Trust()
        self.quality = QualityLine()
        self.travel = Travel(self, self.services)
        self.strip, self.neighbours = self.travel.strip, self.travel.neighbours
        self.selecting = Selecting(self, self.services)
        self.peek = Peek(self, self.services)
        self.card = self.peek.card
        self.look = Look(self)
        self.clusters = Clusters(self, self.services)
        self.beside = Beside(self, self.services)
        self.likelihood = Likelihood(self, self.services)
        self.over_time = OverTime(self, self.services)
        self.pages = Pages({
            "settings": self.settings, "trust": self.trust, "clusters": self.clusters,
            "time": self.over_time,
        })  # fmt: skip
        menu = QMenu(self.bar.save)
        menu.addAction("Picture (PNG)…", partial(self.ask_and_save, ".png"))
        menu.addAction("Vector picture (SVG)…", partial(self.ask_and_save, ".svg"))
        menu.addAction("Table (CSV)…", partial(self.ask_and_save, ".csv"))
        self.bar.save.setMenu(menu)
        middle = QHBoxLayout()
        middle.addWidget(self.scatter, 1)
        middle.addWidget(self.beside, 1)
        self.side = QWidget()
        side = QVBoxLayout(self.side)
        side.setContentsMargins(0, 0, 0, 0)
        for widget, stretch in ((self.pages, 0), (self.bar.colour, 0), (self.legend, 1)):
            side.addWidget(widget, stretch)
        side.addStretch(0)
        self.side.setFixedWidth(SIDE)
        middle.addWidget(self.side)
        column = QVBoxLayout(self)
        column.addWidget(self.bar)
        column.addWidget(self.waiting)
        column.addWidget(self.selecting.saver.waiting)
        column.addLayout(middle, 1)
        column.addWidget(self.quality)
        column.addWidget(self.travel.ways)
        column.addWidget(self.strip)
        column.addWidget(self.neighbours)
        column.addWidget(self.clusters.strip)

    def _connect(self) -> None:
        self.bar.make_asked.connect(self.make)
        self.bar.colour_chosen.connect(self.painting.choose)
        self.bar.file_wanted.connect(self.ask_and_open)
        self.bar.settings.clicked.connect(lambda: self.pages.turn("settings"))
        self.bar.method.currentIndexChanged.connect(
            lambda _: self.settings.show_method(str(self.bar.method.currentData()))
        )
        self.pages.turned.connect(self._on_page)
        self.settings.changed.connect(self.making.retune)
        self.waiting.paused.connect(self.making.pause)
        self.waiting.finished.connect(self.making.finish)
        self.scatter.selected.connect(self.selecting.choose)
        self.scatter.tool_changed.connect(self.tools.show_tool)
        self.tools.tool_chosen.connect(self.scatter.set_tool)
        self.tools.searched.connect(self.search)
        self.legend.toggled.connect(self.painting.recolour)
        self.scatter.restyled.connect(self.painting.choose)  # one ink is black on light ground, white on dark
        self.quality.better_asked.connect(self.make_from)
        self.quality.go_on_asked.connect(self.making.go_on)
        self.session.model_changed.connect(self._on_model)
        self.session.code_changed.connect(self.travel.place_current)
        self.session.path_changed.connect(self.travel.follow_path)
        self.session.selection_changed.connect(self.show_selection)

    def _on_page(self) -> None:
        self.side.setFixedWidth(WIDTH if self.pages.open else SIDE)
        self.bar.settings.setChecked(self.pages.open == "settings")


def _embeddings(event: QDropEvent) -> str:
    """The file of embeddings that is dropped, if it is one."""
    files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
    return files[0] if len(files) == 1 and files[0].lower().endswith(ENDINGS) else ""


PANEL = MapPanel
