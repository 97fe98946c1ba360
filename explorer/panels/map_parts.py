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
from explorer.widgets.images import Image, ImageGrid
from explorer.workers.aside import Aside
from explorer.workers.growing import Growing

NEIGHBOURS = 12
DOUBT = (
    "This map is mostly noise: these codes have no neighbourhoods that a plane could show, as is usual "
    "for codes drawn from a prior of many dimensions."
)


class QualityLine(QWidget):
    """How far the map can be trusted; where it is mostly noise, says so and offers a better source."""

    better_asked = Signal(str)  # the source offered

    def __init__(self) -> None:
        super().__init__()
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setToolTip(
            "Trustworthiness: whether neighbours on the map are neighbours in the space. Kept: how many "
            "neighbours of the space are neighbours on the map."
        )
        self.better = QPushButton()
        self.better.setAccessibleName("Try what the map could be made from instead")
        self._source = ""
        self.better.clicked.connect(lambda: self.better_asked.emit(self._source))
        self.better.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.text, 1)
        row.addWidget(self.better)

    def say(self, text: str) -> None:
        """Something else than a quality."""
        self.text.setText(text)
        self.better.hide()

    def judge(self, quality: Quality, note: str, offer: tuple[str, str] | None) -> None:
        """Show a quality; `offer` is a source (name, text of the button) to try when it is doubtful."""
        parts = [note, quality.sentence()]
        if quality.doubtful:
            parts.insert(0, DOUBT)
        self.say(" ".join(part for part in parts if part))
        self.better.setVisible(quality.doubtful and offer is not None)
        if offer is not None:
            self._source = offer[0]
            self.better.setText(offer[1])


class Locator:
    """Puts codes on a finished map: at once by their numbers, or by the features of their images.

    Calls `tell(places [M, 2], off [M])`; see `Places.place`.
    """

    def __init__(self, services: Services, info: ModelInfo, places: Places, by_features: bool) -> None:
        self.services, self.info, self.places = services, info, places
        self.by_features = by_features

    def locate(self, channel: str, codes: Array, tell: Callable[[Array, Array], None]) -> None:
        """Where these packed codes `[M, D]` are."""
        if not self.by_features:
            tell(*self.places.place(standardised(self.info.space, codes)))
            return
        self.services.host.show(
            channel, "generate", self.info.path, arrays={"codes": codes}, priority=Priority.PREVIEW,
            options=settled_options(self.services.session.code, PREVIEW),
            gives_way=self.info.can(Capability.PARTIAL),
            on_result=lambda reply: self.locate_images(channel, reply.arrays["images"], tell),
        )  # fmt: skip

    def locate_images(self, channel: str, images: Image, tell: Callable[[Array, Array], None]) -> None:
        """Where these images `[M, H, W, C]` are, by their features."""

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
            self.services.notices.problem.emit(reply.data.get("what", ""), reply.data.get("advice", ""))

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
    if colouring.labels is None:
        return "" if colouring.values is None else f"{float(colouring.values[row]):.3g}"
    said = colouring.names[int(colouring.labels[row])]
    if cloud.confidence is not None and colouring.labels is cloud.labels:
        said += f"  {float(cloud.confidence[row]):.0%}"
    return said
