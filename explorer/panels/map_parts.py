"""Pieces of the Map panel: the line about quality, where codes lie, strips of a path and of neighbours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from backends.api import Array, Capability, Code, LatentSpace, ModelInfo, Priority, Reply
from explorer.latent.cloud import Cloud, Colouring
from explorer.latent.mapping import Places, Quality, standardised
from explorer.latent.paths import walk_through
from explorer.model.asking import PREVIEW, settled_options
from explorer.panels.base import Services
from explorer.panels.map_sources import SOURCES
from explorer.widgets.images import Image, ImageGrid
from explorer.workers.aside import Aside
from explorer.workers.collect import BY_FEATURES, Wanted, pixels_of
from explorer.workers.growing import Growing

NEIGHBOURS = 12


class QualityLine(QWidget):
    """How far the map can be trusted; where it is mostly noise, says so and offers a better source."""

    better_asked = Signal(str)  # the source offered
    go_on_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.better = QPushButton()
        self.better.setAccessibleName("Try what the map could be made from instead")
        self.better.setToolTip("Make the map from a source with neighbourhoods that a plane can show")
        self.go_on = QPushButton("Go on")
        self.go_on.setAccessibleName("Go on with the layout")
        self.go_on.setToolTip("Go on with the layout as if it had not been ended early")
        self._source = ""
        self.better.clicked.connect(lambda: self.better_asked.emit(self._source))
        self.go_on.clicked.connect(self.go_on_asked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.text, 1)
        for button in (self.go_on, self.better):
            row.addWidget(button)
            button.hide()

    def say(self, text: str) -> None:
        """Something else than a quality."""
        self.text.setText(text)
        self.text.setToolTip("")
        self.better.hide()
        self.go_on.hide()

    def judge(self, line: str, quality: Quality, source: str, stopped: bool) -> None:
        """Show a line with the figures of a quality; `source` is one to try where it is doubtful."""
        self.say(line)
        self.text.setToolTip(explained(quality))
        self.go_on.setVisible(stopped)
        self.better.setVisible(quality.doubtful and bool(source))
        self._source = source
        self.better.setText(f"Map {SOURCES[source][0].lower()}" if source else "")


def explained(quality: Quality) -> str:
    """Each figure with what it means, as rich text."""
    rows = [f"<p><b>{title}</b> {value:.2f}<br>{means}</p>" for title, value, means in quality.explained()]
    return "".join(rows)


class Locator:
    """Puts codes on a finished map: at once by their numbers, or by their images' features or pixels.

    Calls `tell(places [M, 2], off [M])`; see `Places.place`.
    """

    def __init__(self, services: Services, info: ModelInfo, places: Places, wanted: Wanted) -> None:
        self.services, self.info, self.places, self.wanted = services, info, places, wanted

    @property
    def by_images(self) -> bool:
        return self.wanted.source in BY_FEATURES or self.wanted.source == "pixels"

    def locate(self, channel: str, codes: Array, tell: Callable[[Array, Array], None]) -> None:
        """Where these packed codes `[M, D]` are."""
        if not self.by_images:
            own = (
                codes
                if self.wanted.source == "file"
                else standardised(self.info.space, codes, self.wanted.part)
            )
            tell(*self.places.place(own))
            return
        self.services.host.show(
            channel, "generate", self.info.path, arrays={"codes": codes}, priority=Priority.PREVIEW,
            options=settled_options(self.services.session.code, PREVIEW),
            gives_way=self.info.can(Capability.PARTIAL),
            on_result=lambda reply: self.locate_images(channel, reply.arrays["images"], tell),
        )  # fmt: skip

    def locate_images(self, channel: str, images: Image, tell: Callable[[Array, Array], None]) -> None:
        """Where these images `[M, H, W, C]` are, by their pixels or features."""
        if self.wanted.source == "pixels":
            tell(*self.places.place(pixels_of(images)))
            return

        def found(reply: Reply) -> None:
            tell(*self.places.place(reply.arrays["features"]))

        self.services.host.show(
            f"{channel}.features", "classify", self.info.classifier, arrays={"images": images},
            priority=Priority.PREVIEW, on_result=found,
        )  # fmt: skip


class PathStrip(ImageGrid):
    """The pictures of the session's path, in one row; `walked(codes [n, D], images)` when they are there."""

    walked = Signal(object, object)

    def __init__(self, services: Services) -> None:
        super().__init__("", columns=0)
        self.services = services
        self.codes: Array | None = None
        self.busy = False
        self.setFixedHeight(84)
        self.setAccessibleName("Pictures of the path")
        self.setToolTip("The walk between the two points; click a picture to make its code the current one")
        self.clicked.connect(self._on_clicked)
        self.hide()

    def follow(self, info: ModelInfo | None) -> None:
        """Show the session's path if it is one of this model, else nothing."""
        path = self.services.session.state.path
        if info is None or path.model != info.path or len(path.codes) < 2:
            self.codes = None
            self.hide()
            return
        self.codes = codes = walk_through(info.space, list(path.codes), path.steps, path.how)
        self.columns = len(codes)
        self.busy = True
        growing = Growing(len(codes))

        def some(reply: Reply) -> None:
            self.show_images(growing.take(reply))
            self.show()

        def came(reply: Reply) -> None:
            self.busy = False
            self.show_images(reply.arrays["images"])
            self.show()
            self.walked.emit(codes, reply.arrays["images"])

        def failed(reply: Reply) -> None:
            self.busy = False
            self.services.notices.problem.emit(*reply.problem)

        self.services.host.show(
            "map.strip", "generate", info.path, arrays={"codes": codes}, on_result=came, on_error=failed,
            priority=Priority.PREVIEW, options=settled_options(path.codes[0], PREVIEW),
            gives_way=info.can(Capability.PARTIAL), on_partial=some,
        )  # fmt: skip

    def _on_clicked(self, index: int) -> None:
        session = self.services.session
        if self.codes is not None and session.space is not None:
            session.set_code(session.code_at(self.codes[index]), "Step of the path")


class NeighbourStrip(ImageGrid):
    """The points nearest to one in the space that was laid out, with their distances; a click goes there."""

    chosen = Signal(int)  # the row of the point
    unseen = Signal(object)  # rows whose images aren't made yet

    def __init__(self) -> None:
        super().__init__("", columns=0)
        self.rows: list[int] = []
        self._aside = Aside("map neighbours", self)
        self.setFixedHeight(96)
        self.setAccessibleName("Nearest neighbours")
        self.setToolTip("The nearest points with their distances; click one to go there")
        self.clicked.connect(lambda index: self.chosen.emit(self.rows[index]))
        self.hide()

    def look(self, cloud: Cloud, row: int) -> None:
        """Find the neighbours of a point, itself the first."""

        def show(found: tuple[NDArray[np.intp], Array]) -> None:
            rows, away = found
            self.rows = [int(n) for n in rows]
            self.columns = len(self.rows)
            captions = ["this one", *(f"{d:.3g}" for d in away[1:])]
            if cloud.images is None:
                self.show_images([None] * len(self.rows), captions)
                self.unseen.emit(self.rows)
            else:
                self.show_images([cloud.images[n] for n in self.rows], captions)
            self.select(0)
            self.show()

        self._aside.run(lambda: neighbours(cloud.points, row), show)


def neighbours(points: Array, row: int, count: int = NEIGHBOURS) -> tuple[NDArray[np.intp], Array]:
    """The rows of the points nearest to that of a row, itself first, and their distances: `[count]` each."""
    away = np.linalg.norm(points - points[row], axis=1)
    away[row] = -1.0
    away[~np.isfinite(away)] = np.inf
    rows = np.argsort(away, kind="stable")[: min(count, len(points))]
    return rows, np.maximum(away[rows], 0.0)


def packed(space: LatentSpace, code: Code) -> Array:
    """A code as it generates, truncation applied: `[1, D]`."""
    return space.truncate(space.pack(code)[None], code.truncation)


def describe_point(cloud: Cloud, colouring: Colouring, row: int) -> str:
    """The card's caption: the class and how sure the classifier is of it, or the number."""
    if cloud.texts:
        return "\n".join(str(words[row])[:60] for words in list(cloud.texts.values())[:3])
    if colouring.labels is None:
        return "" if colouring.values is None else f"{float(colouring.values[row]):.3g}"
    if (label := int(colouring.labels[row])) < 0:
        return "unknown"
    said = colouring.names[label]
    if cloud.confidence is not None and colouring.labels is cloud.labels:
        said += f"  {float(cloud.confidence[row]):.0%}"
    return said
