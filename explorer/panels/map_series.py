"""Several maps as one: stages of a training that a slider goes through, or two models in one picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from backends.api import Array, ModelInfo, Reply
from explorer.latent.cloud import Cloud, Colouring, Pile
from explorer.latent.maps.quality import Quality
from explorer.panels.base import Services
from explorer.panels.map_made import Mapped
from explorer.panels.map_making import classes_of
from explorer.workers.collect import Collector, Wanted
from explorer.workers.jobs import Job

if TYPE_CHECKING:
    from explorer.panels.map import MapPanel

SAME_CODES = (
    "Codes drawn from the prior are the same in every model. Map encoded data or features of samples instead."
)
TWO = "A map of two models is for looking and going: its points belong to two latent spaces."

ALIKE = "Both models' neighbours shape this picture: who lies together is alike in one of them, or in both."

Stage = tuple[ModelInfo, Cloud]


class Series:
    """Gathers the same points from several models, one after another, and lays them out together."""

    def __init__(
        self, panel: MapPanel, services: Services, told: Callable[[str], None], ready: Callable[[], None]
    ) -> None:
        self.panel, self.services = panel, services
        self.stages: list[Stage] = []
        self.positions: Array | None = None  # [T, N, 2]
        self.steady, self.pair = 0.03, False
        self.made: Mapped | None = None
        self._before = -1  # the stage from which points are on their way
        self._told, self._ready = told, ready
        self._waiting: list[ModelInfo] = []
        self._wanted: Wanted | None = None
        self._job: Job | None = None
        self.collector = Collector(services.host, services.jobs, panel)
        self.collector.collected.connect(self._on_cloud)
        self.collector.progressed.connect(lambda share, text: self._told(f"{text}…"))
        self.collector.failed.connect(self._on_failed)

    @property
    def busy(self) -> bool:
        return self._wanted is not None

    def gather(self, infos: list[ModelInfo], pair: bool) -> None:
        """Map these models together: as stages, or two of them in one picture."""
        self.cancel()
        wanted = self.panel.bar.wanted(infos[0])
        if wanted.source == "codes":
            self._told(SAME_CODES)
            return
        self.pair, self.stages, self._wanted, self._waiting = pair, [], wanted, list(infos)
        self.panel.cancel()
        self._next()

    def extend(self, info: ModelInfo) -> None:
        """The training has come further: a stage more."""
        made = self.panel.map
        if made is None or self.busy:
            return
        if not self.stages:
            self.stages = [(made.info, made.cloud)]
        self._wanted, self._waiting = made.wanted, [info]
        self._next()

    def lay_out(self) -> None:
        """Lay out the stages that are there; other steadiness costs only this."""
        if len(self.stages) < 2:
            return
        if self._job is not None:
            self._job.cancel()
        self._wanted = self._wanted or replace(self.panel.bar.wanted(self.stages[0][0]))
        arrays = {f"points {at}": cloud.points for at, (_, cloud) in enumerate(self.stages)}
        method = "pca" if self.panel.bar.method.currentData() == "pca" else "umap"
        wish = self.panel.settings.wish(method)
        kind = "pair" if self.pair else "series"
        options: dict[str, Any] = wish.to_json() | ({} if self.pair else {"steady": self.steady})
        self._job = self.services.jobs.run(
            f"explorer.latent.maps.series:{kind}", arrays, options,
            on_result=partial(self._on_laid_out, wish), on_error=self._on_error,
            on_progress=lambda reply: self._told(f"{reply.data.get('text', '')}…"),
        )  # fmt: skip

    def cancel(self) -> None:
        """Give up what is under way."""
        self.collector.cancel()
        self._wanted, self._waiting = None, []
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def show_at(self, time: float) -> None:
        """The points at a time between the first stage (0) and the last."""
        made, positions = self.made, self.positions
        if (
            made is None
            or positions is None
            or made is not self.panel.map
            or self.panel.painting.shown is None
        ):
            return
        before = min(int(time), len(positions) - 2)
        scatter = self.panel.scatter
        if before != self._before:
            self._before = before
            scatter.move_points(positions[before])
            scatter.blend_to(positions[before + 1])
        scatter.set_blend(time - before)
        made.positions = positions[round(time)]
        made.pictures = self.stages[round(time)][1].images

    # Within

    def _next(self) -> None:
        wanted = self._wanted
        if wanted is None:
            return
        if not self._waiting:
            self.lay_out()
            return
        info = self._waiting[0]
        self._told(f"Gathering points of {info.name}…")
        own = replace(wanted, model=info.path)
        self.collector.start(info, own, classes_of(self.panel.session.models, info))

    def _on_cloud(self, cloud: Cloud) -> None:
        if self._waiting:
            self.stages.append((self._waiting.pop(0), cloud))
            self._next()

    def _on_laid_out(self, wish: Any, reply: Reply) -> None:
        self._job = None
        wanted, self._wanted = self._wanted, None
        positions = reply.arrays["positions"]
        if wanted is None:
            return
        made = self._both(wanted, wish, positions) if self.pair else self._last(wanted, wish, positions)
        if qualities := reply.data.get("quality"):
            made.quality = Quality.from_json(qualities[-1])
        drift = reply.arrays.get("drift")
        steps = f" Median step of a point {float(np.median(drift)):.2f} of the map's spread." if (
            drift is not None and len(drift)
        ) else ""  # fmt: skip
        made.line = made.quality.sentence() + steps if made.quality is not None else ALIKE
        self.made, self.positions, self._before = made, None if self.pair else positions, -1
        self.panel.show_map(made)
        self.panel.finish_map(made)
        self._told("")
        self._ready()

    def _last(self, wanted: Wanted, wish: Any, positions: Array) -> Mapped:
        info, cloud = self.stages[-1]
        made = Mapped(info, replace(wanted, model=info.path), wish, cloud, cloud.colourings(info.space),
                      positions[-1])  # fmt: skip
        current = self.panel.session.model
        for other, _ in self.stages:
            if current is not None and other.path == current.path:
                made.twin = other  # the map stays while one of its models is current
        made.stages = len(self.stages)
        return made

    def _both(self, wanted: Wanted, wish: Any, positions: Array) -> Mapped:
        (one, first), (two, second) = self.stages
        made = Mapped(one, wanted, wish, joined(one, first, two, second), [], positions.reshape(-1, 2))
        made.colourings = made.cloud.colourings(one.space)
        made.twin, made.unlike = two, TWO
        return made

    def _on_failed(self, what: str, advice: str) -> None:
        self.cancel()
        self._told(f"{what} {advice}".strip())

    def _on_error(self, reply: Reply) -> None:
        if not reply.data.get("cancelled"):
            self._on_failed(*reply.problem)


def joined(one: ModelInfo, first: Cloud, two: ModelInfo, second: Cloud) -> Cloud:
    """Two clouds of the same ids as one of twice as many points, coloured by model too."""
    wide = max(first.codes.shape[1], second.codes.shape[1])
    codes = np.zeros((len(first) + len(second), wide), np.float32)
    codes[: len(first), : first.codes.shape[1]] = first.codes
    codes[len(first) :, : second.codes.shape[1]] = second.codes
    which = np.repeat(np.arange(2), (len(first), len(second)))
    same = first.labels is not None and second.labels is not None
    labels = np.concatenate([first.labels, second.labels]) if same else None
    images = Pile([pile[row][None] for pile in (first.images, second.images) if pile is not None
                   for row in range(len(pile))])  # fmt: skip
    return Cloud(
        first.source, codes, np.zeros((len(codes), 0), np.float32), images, labels, first.classes,
        known=(Colouring("Model", which, (one.name, two.name if two.name != one.name else f"{two.name} 2")),),
        owned=False,
    )  # fmt: skip
