"""Map: thousands of codes on a plane, to see how classes occupy the latent space, and to travel there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path as FilePath
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QVBoxLayout

from backends.api import Array, BadRequest, Capability, ModelInfo, Reply
from explorer.latent.cloud import Cloud, Colouring, names_for
from explorer.latent.map_colours import value_colours
from explorer.latent.mapping import METHODS, Places, quality_from
from explorer.latent.palette import class_palette
from explorer.panels.base import Command, Panel, Services
from explorer.panels.map_bar import COUNTS, SOURCES, MapBar
from explorer.panels.map_commands import map_commands, selection_commands, view_commands
from explorer.panels.map_look import Look
from explorer.panels.map_names import find_rows, middles
from explorer.panels.map_parts import (
    Locator,
    QualityLine,
    describe_point,
)
from explorer.panels.map_peek import Peek
from explorer.panels.map_selection import Selecting
from explorer.panels.map_tools import MapTools
from explorer.panels.map_travel import Travel
from explorer.widgets.map_view.legend import Legend
from explorer.widgets.map_view.view import MapView
from explorer.widgets.waiting import Waiting
from explorer.workers.collect import Collector, Wanted
from explorer.workers.jobs import Job

HINT = (
    "Press “Make map” to see thousands of codes of this model on a plane. Hover a point for its image, "
    "click it to go there, Shift+click two for the walk between them."
)
CLEAR = 8  # dimensions of which a prior still has neighbourhoods that a plane can show
NO_MODEL = "Choose a model on the left to map its latent space."
SIDE = 170  # pixels of the legend
FILTERS = {".png": "Picture (*.png)", ".csv": "Table (*.csv)"}


@dataclass(eq=False)
class Mapped:
    """A finished map, or one on its way: `places` and the line about quality come last."""

    info: ModelInfo
    wanted: Wanted
    method: str
    cloud: Cloud
    colourings: list[Colouring]
    positions: Array
    locator: Locator | None = None
    line: str = ""

    @property
    def title(self) -> str:
        """What it shows, and how it was laid out."""
        return f"{SOURCES[self.wanted.source][0].lower()}, {METHODS[self.method]}"


class MapPanel(Panel):
    """Choices, the map with its legend, the line about quality, and the strip of the path."""

    name = "map"
    title = "Map"
    order = 30
    tip = "Many codes on a plane, coloured by class"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.map: Mapped | None = None
        self._cloud: tuple[Wanted, Cloud] | None = None  # gathered last, reused by another layout
        self._job: Job | None = None
        self._wanted: Wanted | None = None
        self._after: Callable[[], None] | None = None
        self.collector = Collector(services.host, services.jobs, self)
        self._build()
        self._connect()
        self._on_model()

    @property
    def waits(self) -> bool:
        """Whether a map is on its way."""
        return self._wanted is not None

    @property
    def is_current(self) -> bool:
        """Whether the map is one of the current model."""
        return (
            self.map is not None
            and self.session.model is not None
            and _same(self.map.info, self.session.model)
        )

    # Making a map

    def make(self) -> None:
        """Make the map that the choices ask for; what is under way is given up."""
        info = self.session.model
        if info is None:
            return
        self.cancel()
        self._wanted = wanted = self.bar.wanted(info)
        self.waiting.begin(self.cancel)
        if self._cloud is not None and self._cloud[0] == wanted:
            self._on_cloud(self._cloud[1])
        else:
            self.quality.say("Gathering codes…")
            self.collector.start(info, wanted, self._classes(info))

    def cancel(self) -> None:
        """Give up what is under way; the map shown stays."""
        if self._wanted is None:
            return
        self._wanted = self._after = None
        self.collector.cancel()
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self.waiting.end()
        self.quality.say("Given up." if self.map is None or not self.map.line else self.map.line)

    def _classes(self, info: ModelInfo) -> tuple[str, ...]:
        judge = self.session.models.get(info.classifier)
        return judge.classes if judge is not None else info.classes

    def _on_cloud(self, cloud: Cloud) -> None:
        wanted, info = self._wanted, self.session.model
        if wanted is None or info is None or info.path != wanted.model:
            return
        self._cloud = (wanted, cloud)
        method = str(self.bar.method.currentData())
        arrays: dict[str, np.ndarray] = {"points": cloud.points}
        if cloud.labels is not None:
            arrays["labels"] = cloud.labels
        empty = np.full((len(cloud), 2), np.nan, np.float32)
        made = Mapped(info, wanted, method, cloud, cloud.colourings(info.space), empty)
        self.quality.say(f"{METHODS[method]} of {len(cloud):,} points…")
        self._job = self.services.jobs.run(
            "explorer.latent.mapping:project", arrays, {"method": method, "seed": wanted.seed},
            on_partial=partial(self._on_frame, made), on_result=partial(self._on_done, made),
            on_error=self._on_error, on_progress=self._on_progress,
        )  # fmt: skip

    def _on_frame(self, made: Mapped, reply: Reply) -> None:
        """The PCA is there: a map to look at while the layout goes on."""
        made.positions = reply.arrays["positions"]
        fresh = self.map is not made
        self.map = made
        if fresh:
            self.peek.prepare(None)
            self.travel.begin()
            self.bar.offer_colours(made.colourings)
            self.bar.save.setEnabled(True)
            self._show_legend()
            self._paint()
        else:
            self.scatter.move_points(made.positions)
            self._show_names()
        self.scatter.mark_current(None)
        self.scatter.mark_path(None)

    def _on_done(self, made: Mapped, reply: Reply) -> None:
        self._job = self._wanted = None
        self.waiting.end()
        self._on_frame(made, reply)
        places = Places.of(made.cloud.points, made.positions)
        made.locator = Locator(self.services, made.info, places, made.wanted.source == "features")
        quality = quality_from(reply.data["quality"])
        self.quality.judge(quality, str(reply.data["note"]), self._better(made))
        made.line = self.quality.text.text()
        self.peek.prepare(made)
        self.scatter.end_growth()
        self.travel.place_current()
        self.strip.follow(made.info)
        after, self._after = self._after, None
        if after is not None:
            after()

    def _better(self, made: Mapped) -> tuple[str, str] | None:
        """What to map instead of noise."""
        if made.wanted.source == "codes" and made.info.classifier:
            return ("features", "Map features of the images")
        if made.wanted.source != "data" and made.info.can(Capability.ENCODES):
            return ("data", "Map encoded data")
        return None

    def _on_progress(self, reply: Reply) -> None:
        # Between two steps of a layout nothing is told: the bar moves by itself.
        self.quality.say(f"{reply.data.get('text', '')}…")

    def _on_error(self, reply: Reply) -> None:
        self._on_problem(str(reply.data.get("what", "")), str(reply.data.get("advice", "")))

    def _on_problem(self, what: str, advice: str) -> None:
        self._job = self._wanted = self._after = None
        self.waiting.end()
        self.quality.say(what)
        self.services.notices.problem.emit(what, advice)

    def _make_from(self, source: str) -> None:
        self.bar.choose(self.bar.source, source)
        self.make()

    # Showing it

    @property
    def colouring(self) -> Colouring | None:
        at = self.bar.colour.currentIndex()
        return self.map.colourings[at] if self.map and 0 <= at < len(self.map.colourings) else None

    def palette_of(self, colouring: Colouring) -> np.ndarray:
        """The colour of each class on this ground: `[classes, 3]`."""
        return class_palette(len(colouring.names), self.scatter.dark)

    def describe(self, row: int) -> str:
        """What the card says of a point."""
        made, colouring = self.map, self.colouring
        return "" if made is None or colouring is None else describe_point(made.cloud, colouring, row)

    def name_of(self, row: int) -> str:
        """A short name for a point."""
        made = self.map
        if made is None or made.cloud.labels is None:
            return f"Point {row}"
        return names_for(made.cloud.labels[[row]], made.cloud.classes)[int(made.cloud.labels[row])]

    def open_search(self) -> None:
        """Put the cursor into the search."""
        self.tools.search.setFocus()
        self.tools.search.selectAll()

    def search(self, text: str) -> None:
        """Select the points that a text means, and bring them into view."""
        if self.map is None or not text.strip():
            return
        try:
            rows = np.flatnonzero(find_rows(self.map.colourings, text))
        except BadRequest as error:
            self.services.notices.problem.emit(error.what, error.advice)
            return
        self.selecting.choose(rows)
        self.scatter.show_rows(rows)
        self.services.notices.told.emit(f"Found {len(rows):,} points")

    def _show_legend(self) -> None:
        colouring = self.colouring
        self.legend.setVisible(colouring is not None)
        if colouring is None:
            return
        if colouring.labels is not None:
            self.legend.show_classes(colouring.names, self.palette_of(colouring), colouring.counts())
        elif colouring.values is not None:
            low, high = float(np.nanmin(colouring.values)), float(np.nanmax(colouring.values))
            shades = value_colours(np.linspace(0, 1, 128, dtype=np.float32))
            self.legend.show_scale(colouring.title, low, high, shades)

    def _colours(self) -> tuple[np.ndarray, np.ndarray | None]:
        """A colour for each point, and which are switched off."""
        colouring = self.colouring
        assert colouring is not None
        if colouring.labels is None:
            return colouring.colours(), None
        off = np.isin(colouring.labels, list(self.legend.hidden)) if self.legend.hidden else None
        return self.palette_of(colouring)[colouring.labels], off

    def _paint(self) -> None:
        """Other points, or other positions of them."""
        made = self.map
        if made is None or self.colouring is None:
            return
        colours, off = self._colours()
        self.scatter.set_image_of(lambda ident: made.cloud.images[ident])
        self.scatter.show_points(made.positions, colours, off=off, hide=self.legend.hides)
        self._show_selection()
        self._show_names()
        self.look.draw_contours()

    def _on_colour(self) -> None:
        self._show_legend()
        self._recolour()

    def _recolour(self) -> None:
        """The same points in the colours of the choice and the legend."""
        if self.map is not None and self.colouring is not None:
            colours, off = self._colours()
            self.scatter.recolour(colours, off, self.legend.hides)
            self._show_names()
            self.look.draw_contours()

    def _show_names(self) -> None:
        made, colouring = self.map, self.colouring
        names = []
        if made is not None and colouring is not None and colouring.labels is not None:
            places = middles(made.positions, colouring.labels, len(colouring.names))
            names = [
                (colouring.names[label], made.positions[row])
                for label, row in places.items()
                if label not in self.legend.hidden
            ]
        self.scatter.show_names(names)

    def _show_selection(self) -> None:
        here = self.selecting.here
        self.scatter.show_selection(here.ids)
        self.tools.show_count(len(here))

    def _on_model(self) -> None:
        """Another model, another map; the one shown stays while the model does."""
        info = self.session.model
        self.bar.allow(info)
        if self.map is not None and info is not None and _same(self.map.info, info):
            return
        self.cancel()
        self.map = self._cloud = None
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
        if self.map is None:
            return
        settings = self.services.settings
        folder = FilePath(str(settings.value("export/folder", str(FilePath.home()))))
        suggested = folder / f"{self.map.info.name} {METHODS[self.map.method]}{suffix}"
        chosen, _ = QFileDialog.getSaveFileName(self, "Save map", str(suggested), FILTERS[suffix])
        if chosen:
            path = FilePath(chosen)
            settings.setValue("export/folder", str(path.parent))
            self.save_map(path if path.suffix.lower() == suffix else path.with_name(path.name + suffix))

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
        self.services.jobs.run(
            "explorer.latent.map_picture:save", arrays,
            {"file": str(path), "title": title, "colour": colouring.title, "names": colouring.names,
             "line": made.line, "parts": {part.name: part.size for part in made.info.space.parts}},
            on_result=lambda _: self.services.notices.told.emit(f"Saved {path.name}"),
            on_error=self._on_error,
        )  # fmt: skip

    # The panel

    def commands(self) -> list[Command]:
        return map_commands(self)

    def busy(self) -> bool:
        return self.waits or self.strip.busy or self.scatter.preparing

    def demonstrate(self) -> None:
        """A map by class, with a walk between two classes."""

        def walk() -> None:
            made, colouring = self.map, self.colouring
            if made is None or colouring is None or colouring.labels is None:
                return
            rows = middles(made.positions, colouring.labels, len(colouring.names))
            if len(rows) > 1:
                self.travel.set_path(rows[min(rows)], rows[max(rows)])

        info = self.session.model
        if info is not None and info.classifier and info.space.main.size > CLEAR:
            self.bar.choose(self.bar.source, "features")
        # Draws from a prior of many dimensions have no neighbourhoods to show; features of their images have.
        self.bar.source.setCurrentIndex(max(self.bar.source.findData("features"), 0))
        self.make()
        self._after = walk

    def settings_to_save(self) -> dict[str, Any]:
        bar = self.bar
        return {
            "method": bar.method.currentData(), "source": bar.source.currentData(),
            "count": bar.count.currentData(), "seed": bar.seed.value(), "spec": bar.spec.currentText(),
            "look": self.look.to_json(), "hide": self.legend.hides,
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
        self.look.restore(saved.get("look"))
        self.legend.hide_box.setChecked(saved.get("hide") is True)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.travel.place_current()
        self.travel.follow_path()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.peek.card.hide()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "look"):
            self._on_colour()  # the ink is black on light ground and white on dark

    def _build(self) -> None:
        self.tools = MapTools(partial(view_commands, self), partial(selection_commands, self))
        self.bar = MapBar(self.services, self.tools)
        self.waiting = Waiting("Map")
        self.scatter = MapView()
        self.legend = Legend()
        self.quality = QualityLine()
        self.travel = Travel(self, self.services)
        self.strip, self.neighbours = self.travel.strip, self.travel.neighbours
        self.selecting = Selecting(self, self.services)
        self.peek = Peek(self, self.services)
        self.card = self.peek.card
        self.look = Look(self)
        menu = QMenu(self.bar.save)
        menu.addAction("Picture (PNG)…", partial(self.ask_and_save, ".png"))
        menu.addAction("Table (CSV)…", partial(self.ask_and_save, ".csv"))
        self.bar.save.setMenu(menu)
        middle = QHBoxLayout()
        middle.addWidget(self.scatter, 1)
        side = QVBoxLayout()
        side.addWidget(self.bar.colour)
        side.addWidget(self.legend, 1)
        side.addStretch(0)
        for widget in (self.bar.colour, self.legend):
            widget.setFixedWidth(SIDE)
        middle.addLayout(side)
        column = QVBoxLayout(self)
        column.addWidget(self.bar)
        column.addWidget(self.waiting)
        column.addWidget(self.selecting.saver.waiting)
        column.addLayout(middle, 1)
        column.addWidget(self.quality)
        column.addWidget(self.strip)
        column.addWidget(self.neighbours)

    def _connect(self) -> None:
        self.bar.make_asked.connect(self.make)
        self.bar.colour_chosen.connect(self._on_colour)
        self.bar.fit.clicked.connect(self.scatter.fit_view)
        self.collector.collected.connect(self._on_cloud)
        self.collector.progressed.connect(self._on_gathered)
        self.collector.failed.connect(self._on_problem)
        self.scatter.selected.connect(self.selecting.choose)
        self.scatter.tool_changed.connect(self.tools.show_tool)
        self.tools.tool_chosen.connect(self.scatter.set_tool)
        self.tools.searched.connect(self.search)
        self.legend.toggled.connect(self._recolour)
        self.quality.better_asked.connect(self._make_from)
        self.session.model_changed.connect(self._on_model)
        self.session.code_changed.connect(self.travel.place_current)
        self.session.path_changed.connect(self.travel.follow_path)
        self.session.selection_changed.connect(self._show_selection)

    def _on_gathered(self, fraction: float, text: str) -> None:
        self.waiting.tell(Reply(0, "progress", {"fraction": fraction}))
        self.quality.say(f"{text}…")


def _same(one: ModelInfo, other: ModelInfo) -> bool:
    return (one.path, one.checksum) == (other.path, other.checksum)


PANEL = MapPanel
