"""Map: thousands of codes on a plane, to see how classes occupy the latent space, and to travel there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path as FilePath
from typing import Any

import numpy as np
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QVBoxLayout

from backends.api import Array, Capability, ModelInfo, Reply
from explorer.latent.cloud import Cloud, Colouring
from explorer.latent.map_colours import value_colours
from explorer.latent.map_picture import medoids
from explorer.latent.mapping import METHODS, Places, quality_from
from explorer.model.state import Path
from explorer.panels.base import Command, Panel, Services
from explorer.panels.map_bar import COUNTS, SOURCES, MapBar
from explorer.panels.map_parts import HoverCard, Locator, PathStrip, QualityLine, describe_point, packed
from explorer.widgets.scatter import ScatterView
from explorer.widgets.scatter_legend import Legend
from explorer.widgets.waiting import Waiting
from explorer.workers.collect import Collector, Wanted
from explorer.workers.jobs import Job

HINT = (
    "Press “Make map” to see thousands of codes of this model on a plane. Hover a point for its image, "
    "click it to go there, Shift+click two for the walk between them."
)
CLEAR = 8  # dimensions of which a prior still has neighbourhoods that a plane can show
NO_MODEL = "Choose a model on the left to map its latent space."
FILTERS = {".png": "Picture (*.png)", ".csv": "Table (*.csv)"}


@dataclass(eq=False)
class _Map:
    """A finished map, or one on its way: `places` and the line about quality come last."""

    info: ModelInfo
    wanted: Wanted
    method: str
    cloud: Cloud
    colourings: list[Colouring]
    positions: Array
    locator: Locator | None = None
    line: str = ""


class MapPanel(Panel):
    """Choices, the map with its legend, the line about quality, and the strip of the path."""

    name = "map"
    title = "Map"
    order = 30
    tip = "Many codes on a plane, coloured by class"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.map: _Map | None = None
        self._cloud: tuple[Wanted, Cloud] | None = None  # gathered last, reused by another layout
        self._job: Job | None = None
        self._wanted: Wanted | None = None
        self._picked: list[int] = []  # rows chosen with Shift
        self._after: Callable[[], None] | None = None
        self.collector = Collector(services.host, services.jobs, self)
        self._build()
        self._connect()
        self._on_model()

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
        made = _Map(info, wanted, method, cloud, cloud.colourings(info.space), empty)
        self.quality.say(f"{METHODS[method]} of {len(cloud):,} points…")
        self._job = self.services.jobs.run(
            "explorer.latent.mapping:project", arrays, {"method": method, "seed": wanted.seed},
            on_partial=partial(self._on_frame, made), on_result=partial(self._on_done, made),
            on_error=self._on_error, on_progress=self._on_progress,
        )  # fmt: skip

    def _on_frame(self, made: _Map, reply: Reply) -> None:
        """The PCA is there: a map to look at while the layout goes on."""
        made.positions = reply.arrays["positions"]
        fresh = self.map is not made
        self.map = made
        if fresh:
            self._picked = []
            self.bar.offer_colours(made.colourings)
            self.bar.save.setEnabled(True)
            self._show_legend()
        self._paint()
        self.scatter.mark_current(None)
        self.scatter.mark_path(None)

    def _on_done(self, made: _Map, reply: Reply) -> None:
        self._job = self._wanted = None
        self.waiting.end()
        self._on_frame(made, reply)
        places = Places.of(made.cloud.points, made.positions)
        made.locator = Locator(self.services, made.info, places, made.wanted.source == "features")
        quality = quality_from(reply.data["quality"])
        self.quality.judge(quality, str(reply.data["note"]), self._better(made))
        made.line = self.quality.text.text()
        self._place_current()
        self.strip.follow(made.info)
        after, self._after = self._after, None
        if after is not None:
            after()

    def _better(self, made: _Map) -> tuple[str, str] | None:
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

    def _recolour(self) -> None:
        self._show_legend()
        self._paint(keep_view=True)

    def _show_legend(self) -> None:
        colouring = self.colouring
        self.legend.setVisible(colouring is not None)
        if colouring is None:
            return
        if colouring.labels is not None:
            self.legend.show_classes(colouring.names, colouring.palette(), colouring.counts())
        elif colouring.values is not None:
            low, high = float(np.nanmin(colouring.values)), float(np.nanmax(colouring.values))
            shades = value_colours(np.linspace(0, 1, 128, dtype=np.float32))
            self.legend.show_scale(colouring.title, low, high, shades)

    def _paint(self, keep_view: bool = False) -> None:
        made, colouring = self.map, self.colouring
        if made is None or colouring is None:
            return
        shown = None
        names = []
        if colouring.labels is not None:
            shown = ~np.isin(colouring.labels, list(self.legend.hidden))
            middles = medoids(made.positions, colouring.labels, len(colouring.names))
            names = [
                (colouring.names[label], made.positions[row])
                for label, row in middles.items()
                if label not in self.legend.hidden
            ]
        self.scatter.show_points(made.positions, colouring.colours(), shown, keep_view)
        self.scatter.show_names(names)

    def _on_hover(self, row: int) -> None:
        made, colouring = self.map, self.colouring
        if row < 0 or made is None or colouring is None:
            self.card.hide()
            return
        text = describe_point(made.cloud, colouring, row)
        self.card.show_at(self.scatter.pixel_of(row), made.cloud.images[row], text)

    # Travelling

    def _on_click(self, row: int, shift: bool) -> None:
        made = self.map
        if made is None or self.session.model is None or not _same(made.info, self.session.model):
            return
        code = self.session.code_at(made.cloud.codes[row])
        if not shift:
            self._picked = []
            self.session.set_code(code, "Point on the map")
            return
        self._picked = [*self._picked, row] if len(self._picked) == 1 else [row]
        if len(self._picked) == 2:
            self._set_path(*self._picked)
        else:
            self.strip.hide()
            self.scatter.mark_path(made.positions[[row]])
            self.services.notices.told.emit("Shift+click another point for the walk between the two")

    def _set_path(self, first: int, last: int) -> None:
        made = self.map
        if made is not None and first != last:
            ends = tuple(self.session.code_at(made.cloud.codes[row]) for row in (first, last))
            self.session.set_path(Path(made.info.path, ends))
            self.session.end_gesture()

    def _on_path(self) -> None:
        if self.map is None or self.map.locator is None or not self.isVisible():
            return
        self.scatter.mark_path(None)
        self.strip.follow(self.map.info)

    def _on_walked(self, codes: Array, images: np.ndarray) -> None:
        """Draw the path where its pictures belong on the map."""
        made = self.map
        if made is None or made.locator is None or codes is not self.strip.codes:
            return

        def tell(places: Array, _: Array) -> None:
            if made is self.map:
                self.scatter.mark_path(places)

        if made.locator.by_features:
            made.locator.locate_images("map.path", images, tell)
        else:
            made.locator.locate("map.path", codes, tell)

    def _place_current(self) -> None:
        made, code = self.map, self.session.code
        if made is None or made.locator is None or code is None or not self.isVisible():
            return

        def tell(places: Array, off: Array) -> None:
            if made is self.map:
                self.scatter.mark_current(places[0], float(off[0]))

        made.locator.locate("map.current", packed(made.info.space, code), tell)

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
        self.legend.hide()
        self.strip.hide()
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
        title = f"{made.info.name}: {SOURCES[made.wanted.source][0].lower()}, {METHODS[made.method]}"
        self.services.jobs.run(
            "explorer.latent.map_picture:save", arrays,
            {"file": str(path), "title": title, "colour": colouring.title, "names": colouring.names,
             "line": made.line, "parts": {part.name: part.size for part in made.info.space.parts}},
            on_result=lambda _: self.services.notices.told.emit(f"Saved {path.name}"),
            on_error=self._on_error,
        )  # fmt: skip

    # The panel

    def commands(self) -> list[Command]:
        def has_map() -> bool | str:
            return True if self.map is not None else "Make a map first."

        def can_make() -> bool | str:
            return True if self.bar.make.isEnabled() else self.bar.make.toolTip()

        return [
            Command("map.make", "Make map", self.make, "Map", "Ctrl+M", HINT, can_make),
            Command("map.cancel", "Give up the map", self.cancel, "Map", "",
                    "Stop what is being computed", lambda: self._wanted is not None or "No map is due."),
            Command("map.fit", "Fit map in view", self.scatter.fit_view, "Map", "",
                    self.bar.fit.toolTip(), has_map),
            Command("map.save_picture", "Save map as picture…", partial(self.ask_and_save, ".png"), "Map", "",
                    "The map with its legend as PNG", has_map),
            Command("map.save_table", "Save map as table…", partial(self.ask_and_save, ".csv"), "Map", "",
                    "Positions, classes and codes as CSV", has_map),
        ]  # fmt: skip

    def busy(self) -> bool:
        return self._wanted is not None or self.strip.busy

    def demonstrate(self) -> None:
        """A map by class, with a walk between two classes."""

        def walk() -> None:
            made, colouring = self.map, self.colouring
            if made is None or colouring is None or colouring.labels is None:
                return
            middles = list(medoids(made.positions, colouring.labels, len(colouring.names)).values())
            if len(middles) > 1:
                self._set_path(middles[0], middles[-1])

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

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._place_current()
        self._on_path()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.card.hide()

    def _build(self) -> None:
        self.bar = MapBar(self.services)
        self.waiting = Waiting("Map")
        self.scatter = ScatterView()
        self.legend = Legend()
        self.legend.setFixedWidth(170)
        self.card = HoverCard(self.scatter)
        self.quality = QualityLine()
        self.strip = PathStrip(self.services)
        menu = QMenu(self.bar.save)
        menu.addAction("Picture (PNG)…", partial(self.ask_and_save, ".png"))
        menu.addAction("Table (CSV)…", partial(self.ask_and_save, ".csv"))
        self.bar.save.setMenu(menu)
        middle = QHBoxLayout()
        middle.addWidget(self.scatter, 1)
        middle.addWidget(self.legend)
        column = QVBoxLayout(self)
        column.addWidget(self.bar)
        column.addWidget(self.waiting)
        column.addLayout(middle, 1)
        column.addWidget(self.quality)
        column.addWidget(self.strip)

    def _connect(self) -> None:
        self.bar.make_asked.connect(self.make)
        self.bar.colour_chosen.connect(self._recolour)
        self.bar.fit.clicked.connect(self.scatter.fit_view)
        self.collector.collected.connect(self._on_cloud)
        self.collector.progressed.connect(self._on_gathered)
        self.collector.failed.connect(self._on_problem)
        self.scatter.hovered.connect(self._on_hover)
        self.scatter.clicked.connect(self._on_click)
        self.legend.toggled.connect(lambda: self._paint(keep_view=True))
        self.quality.better_asked.connect(self._make_from)
        self.strip.walked.connect(self._on_walked)
        self.session.model_changed.connect(self._on_model)
        self.session.code_changed.connect(self._place_current)
        self.session.path_changed.connect(self._on_path)

    def _on_gathered(self, fraction: float, text: str) -> None:
        self.waiting.tell(Reply(0, "progress", {"fraction": fraction}))
        self.quality.say(f"{text}…")


def _same(one: ModelInfo, other: ModelInfo) -> bool:
    return (one.path, one.checksum) == (other.path, other.checksum)


PANEL = MapPanel
