"""Making a map: its points are gathered once, then laid out; every change goes on from the picture shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from backends.api import ModelInfo, Reply
from explorer.latent.cloud import Cloud, Colouring
from explorer.latent.maps.methods import METHODS, Wish
from explorer.latent.maps.placing import Places
from explorer.latent.maps.quality import Quality, better_source, warning
from explorer.panels.base import Services
from explorer.panels.map_made import Mapped
from explorer.panels.map_painting import AT_ONCE
from explorer.panels.map_parts import Locator
from explorer.panels.map_sources import SOURCES
from explorer.workers.aside import Aside
from explorer.workers.collect import Collector, Wanted
from explorer.workers.jobs import Job

if TYPE_CHECKING:
    from explorer.panels.map import MapPanel

TOLD = ("neighbours", "min_dist", "spread", "epochs", "seed", "supervised", "metric")
DENSE = 15  # neighbours by which density is told
PRESERVED = "Neighbours kept"
DENSITY = "Density, doublings of the usual"


class Making:
    """What is under way for the Map panel; `start`, then `pause`, `finish`, `retune` or `cancel`."""

    def __init__(self, panel: MapPanel, services: Services) -> None:
        self.panel, self.services, self.session = panel, services, services.session
        self.collector = Collector(services.host, services.jobs, panel)
        self.job: Job | None = None
        self.made: Mapped | None = None  # on its way
        self.held = False  # paused by a person
        self._wanted: Wanted | None = None
        self._cloud: tuple[Wanted, Cloud] | None = None  # gathered last, reused by another layout
        self._after: Callable[[], None] | None = None
        self._aside = Aside("map places", panel)
        self.collector.collected.connect(self._on_cloud)
        self.collector.progressed.connect(self._on_gathered)
        self.collector.failed.connect(self._on_gathering_failed)

    @property
    def waits(self) -> bool:
        """Whether a map is on its way."""
        return self._wanted is not None

    def start(self, after: Callable[[], None] | None = None) -> None:
        """Make the map that the choices ask for; what is under way is given up."""
        info = self.session.model
        if info is None:
            return
        self.cancel()
        self._after = after
        self._wanted = wanted = self.panel.bar.wanted(info)
        self.panel.waiting.begin(self.cancel)
        if self._cloud is not None and self._cloud[0] == wanted:
            self._on_cloud(self._cloud[1])
        else:
            self.panel.quality.say("Gathering points…")
            self.collector.start(info, wanted, classes_of(self.session.models, info))

    def cancel(self) -> None:
        """Give up what is under way; the map shown stays."""
        if self._wanted is None:
            return
        self._end()
        made = self.panel.map
        self.panel.quality.say("Given up." if made is None or not made.line else made.line)

    def pause(self, held: bool) -> None:
        """Let the layout wait, or go on."""
        self.held = held
        self._tell_pause()

    def _tell_pause(self) -> None:
        """It waits while a person wants it to, and while nobody can see it."""
        if self.job is not None:
            self.job.tell(pause=self.held or not self.panel.isVisible())

    def watch(self) -> None:
        """The panel has been shown or hidden."""
        self._tell_pause()

    def finish(self) -> None:
        """End the layout now and judge what is there."""
        if self.job is not None:
            self.panel.waiting.press_pause(False)
            self.job.tell(finish=True, pause=False)

    def go_on(self) -> None:
        """Go on with a layout that was finished early, as if it had not been."""
        made = self.panel.map
        if made is not None and made.stopped is not None and not self.waits:
            epoch, epochs = made.stopped
            self._again(made, made.wish, {"epoch": epoch, "epochs": epochs}, made.positions)

    def retune(self) -> None:
        """Parameters changed: a layout under way hears of them, a finished one goes on."""
        shown = self.panel.map
        if self.job is not None and self.made is not None:
            wish = self.panel.settings.wish(self.made.method)
            if self.made.method == "umap":
                before, now = self.made.wish.to_json(), wish.to_json()
                self.made.wish = wish
                self.job.tell(pause=self.held, **{k: now[k] for k in TOLD if now[k] != before[k]})
            else:
                self._again(self.made, wish, {}, self._start_of(self.made))
        elif shown is not None and shown is self.panel.over_time.series.made:
            self.panel.over_time.series.lay_out()
        elif shown is not None and not self.waits:
            self._again(shown, self.panel.settings.wish(shown.method), {}, self._start_of(shown))

    @staticmethod
    def _start_of(made: Mapped) -> np.ndarray | None:
        return made.positions if made.method in ("umap", "tsne") else None

    def forget(self) -> None:
        """Another model: what was gathered is of no use."""
        self.cancel()
        self._cloud = None

    # Gathering

    def _on_gathered(self, fraction: float, text: str) -> None:
        self.panel.waiting.tell(Reply(0, "progress", {"fraction": fraction}))
        self.panel.quality.say(f"{text}…")

    def _on_gathering_failed(self, what: str, advice: str) -> None:
        """A source that nobody chose gives way to one that is there."""
        info, bar, after = self.session.model, self.panel.bar, self._after
        if info is not None and not bar.chosen and bar.fall_back(info):
            self._end()
            self.start(after)
            self.services.notices.told.emit(f"{what} Mapped instead: {bar.source.currentText().lower()}.")
        else:
            self._on_problem(what, advice)

    def _on_cloud(self, cloud: Cloud) -> None:
        wanted, info = self._wanted, self.session.model
        if wanted is None or info is None or info.path != wanted.model:
            return
        before, self._cloud = self._cloud, (wanted, cloud)
        if len(cloud) <= AT_ONCE:
            self._on_coloured(info, wanted, cloud, cloud.colourings(info.space), before)
        else:
            space = info.space
            self._aside.run(
                lambda: cloud.colourings(space),
                lambda found: self._on_coloured(info, wanted, cloud, found, before),
            )

    def _on_coloured(
        self, info: ModelInfo, wanted: Wanted, cloud: Cloud, colourings: list[Colouring],
        before: tuple[Wanted, Cloud] | None,
    ) -> None:  # fmt: skip
        if wanted is not self._wanted:
            return
        wish = self.panel.settings.wish(str(self.panel.bar.method.currentData()))
        made = Mapped(info, wanted, wish, cloud, colourings, np.full((len(cloud), 2), np.nan, np.float32))
        if not cloud.owned:
            made.unlike = "These rows are no codes of this model."
        shown = self.panel.map
        same = shown is not None and shown.cloud is cloud and before is not None
        start = shown.positions if shown is not None and same and wish.method == "tsne" else None
        self._lay_out(made, {}, start)

    # Laying out

    def _again(self, made: Mapped, wish: Wish, options: dict[str, Any], start: np.ndarray | None) -> None:
        """The same points anew; only the layout is paid for."""
        if self.waits:
            self._end()
        self._wanted = made.wanted
        self.panel.waiting.begin(self.cancel)
        fresh = Mapped(made.info, made.wanted, wish, made.cloud, list(made.colourings), made.positions)
        fresh.unlike = made.unlike
        self._lay_out(fresh, options, start)

    def _lay_out(self, made: Mapped, options: dict[str, Any], start: np.ndarray | None) -> None:
        arrays: dict[str, np.ndarray] = {"points": made.cloud.points}
        if made.cloud.labels is not None:
            arrays["labels"] = made.cloud.labels
        if start is not None:
            arrays["start"] = start
        self.made = made
        self.panel.quality.say(f"{METHODS[made.method]} of {len(made.cloud):,} points…")
        self.panel.waiting.offer_control(made.method in ("umap", "tsne"))
        if start is not None and options:
            made.wish = made.wish.changed({"epochs": options["epochs"]})
        self.job = self.services.jobs.run(
            "explorer.latent.mapping:project", arrays,
            {**made.wish.to_json(), **options, "neighbours_wanted": DENSE},
            on_partial=partial(self._on_frame, made, start is not None),
            on_result=partial(self._on_done, made), on_error=self._on_error, on_progress=self._on_progress,
        )  # fmt: skip
        self._tell_pause()

    def _on_frame(self, made: Mapped, grows: bool, reply: Reply) -> None:
        """A map to look at while the layout goes on, the PCA first; what grows on has a picture already."""
        if made is not self.made or (grows and not reply.data.get("frame")):
            return
        made.positions = reply.arrays["positions"]
        self.panel.show_map(made)

    def _on_progress(self, reply: Reply) -> None:
        self.panel.waiting.tell(reply)
        self.panel.quality.say(f"{reply.data.get('text', '')}…")

    def _on_done(self, made: Mapped, reply: Reply) -> None:
        if made is not self.made:
            return
        made.positions = reply.arrays["positions"]
        data = reply.data
        made.quality = Quality.from_json(data["quality"])
        made.stopped = (data["epoch"], data["epochs"]) if data["epoch"] else None
        places, made.line = made.cloud.points, self._line(made, str(data["note"]))
        after, self._after = self._after, None
        self._end()
        if "preserved" in reply.arrays:
            made.add(Colouring(PRESERVED, values=reply.arrays["preserved"]))
        if "distances" in reply.arrays:
            made.add(Colouring(DENSITY, values=density(reply.arrays["distances"])))
        if len(places) <= AT_ONCE:
            self._finished(made, Places.of(places, made.positions), after)
        else:
            self._aside.run(
                lambda: Places.of(places, made.positions), lambda p: self._finished(made, p, after)
            )

    def _finished(self, made: Mapped, places: Places, after: Callable[[], None] | None) -> None:
        if not made.unlike:
            made.locator = Locator(self.services, made.info, places, made.wanted)
        self.panel.finish_map(made)
        if after is not None:
            after()

    def _line(self, made: Mapped, note: str) -> str:
        quality = made.quality
        assert quality is not None
        noise = warning(quality, self.better(made))
        return " ".join(part for part in (noise, made.cloud.said, note, quality.sentence()) if part)

    def better(self, made: Mapped) -> str:
        """What to map instead of noise: a source of `SOURCES`, or nothing known."""
        can = {source for source in SOURCES if self.panel.bar.reason(made.info, source) == ""}
        if made.wanted.source == "file" or made.twin is not None:
            return ""
        return better_source(made.wanted.source, "features" in can, "data" in can)

    # Ending

    def _on_error(self, reply: Reply) -> None:
        if not reply.data.get("cancelled"):
            self._on_problem(*reply.problem)

    def _on_problem(self, what: str, advice: str) -> None:
        self._end()
        self.panel.quality.say(what)
        self.services.notices.problem.emit(what, advice)

    def _end(self) -> None:
        self._wanted = self._after = self.made = None
        self.held = False
        self.collector.cancel()
        if self.job is not None:
            self.job.cancel()
            self.job = None
        self.panel.waiting.end()


def classes_of(models: dict[str, ModelInfo], info: ModelInfo) -> tuple[str, ...]:
    """The names of what a model's classifier says, else of its own classes."""
    judge = models.get(info.classifier)
    return judge.classes if judge is not None else info.classes


def density(distances: np.ndarray) -> np.ndarray:
    """How dense points lie, by distances `[N, k]` to their neighbours: doublings beyond the usual, `[N]`."""
    mean = np.maximum(distances.mean(axis=1), 1e-12)
    usual = np.nanmedian(mean) if np.isfinite(mean).any() else 1.0
    return np.asarray(np.log2(usual / mean), np.float32)
