"""Clusters of what is mapped: watched as they are found, compared with labels, sampled from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout

from backends.api import Array, Priority, Reply
from explorer.latent.cloud import Colouring
from explorer.latent.maps.cluster_names import METHODS
from explorer.latent.maps.units import restored
from explorer.latent.palette import class_palette
from explorer.model.asking import PREVIEW, settled_options
from explorer.panels.base import Services
from explorer.panels.map_made import Mapped
from explorer.panels.map_pages import Page
from explorer.widgets.controls import beside
from explorer.widgets.images import ImageGrid
from explorer.widgets.waiting import Waiting
from explorer.workers.jobs import Job

if TYPE_CHECKING:
    from explorer.panels.map import MapPanel

TITLE = "Cluster"
SAMPLES = 12
TURN = np.linspace(0, 2 * np.pi, 49)
CIRCLE = np.stack([np.cos(TURN), np.sin(TURN)], axis=1)
REACH = 2.0  # standard deviations of an ellipse
NO_MIXTURE = "Find a Gaussian mixture first: it is what can be sampled."
NO_CODES = "Clusters of images' features can't be made into codes: map codes or encoded data."
ABOUT = {
    "kmeans": "Each point goes to the nearest of so many means, which move until nothing changes.",
    "mixture": "EM fits so many Gaussians; its ellipses move on the map, and each can be sampled.",
    "hdbscan": "Finds dense groups by itself; what lies between them belongs to none.",
}


class Clusters(Page):
    """A page to find clusters; `strip` shows samples of one component of a mixture."""

    title = "Clusters"
    tip = "k-means, Gaussian mixture, HDBSCAN; how they agree with labels; samples of a component"

    def __init__(self, panel: MapPanel, services: Services) -> None:
        super().__init__()
        self.panel, self.services, self.session = panel, services, services.session
        self.job: Job | None = None
        self.mixture: dict[str, np.ndarray] = {}
        self.sampled: Array | None = None  # the codes on the strip
        self._placed: Array | None = None  # the layout on which the ellipses lie
        self._drawn = 0  # how often samples were drawn: each time others
        self._build()
        self.method.currentIndexChanged.connect(self._on_method)
        self.search.clicked.connect(self.start)
        self.sample.clicked.connect(self.draw)
        self.strip.clicked.connect(self._go)
        self._on_method()

    def follow(self, made: Mapped | None) -> None:
        """Another map has other clusters; another layout of the same points keeps them."""
        if made is None or TITLE not in [colouring.title for colouring in made.colourings]:
            self._forget()
        elif made.positions is not self._placed:
            self.panel.scatter.mark_curves([])  # the ellipses lay on another layout
        self.search.setEnabled(made is not None)

    def start(self) -> None:
        """Find clusters; a search under way is given up."""
        made = self.panel.map
        if made is None or self.panel.waits:
            return
        self.cancel()
        self._forget()
        arrays: dict[str, np.ndarray] = {"points": made.cloud.points, "positions": made.positions}
        if made.cloud.labels is not None:
            arrays["labels"] = made.cloud.labels
        options = {
            "method": self.method.currentData(), "count": self.count.value(),
            "seed": self.panel.settings.boxes["seed"].value(), "smallest": self.smallest.value(),
        }  # fmt: skip
        self.waiting.begin(self.cancel)
        self.job = self.services.jobs.run(
            "explorer.latent.maps.clusters:cluster", arrays, options,
            on_partial=partial(self._on_step, made), on_result=partial(self._on_done, made),
            on_error=self._on_error, on_progress=self.waiting.tell,
        )  # fmt: skip

    def cancel(self) -> None:
        """Give up what is under way."""
        if self.job is not None:
            self.job.cancel()
            self.job = None
        self.waiting.end()

    def draw(self) -> None:
        """Samples from the chosen component of the mixture, made into images."""
        made = self.panel.map
        if made is None or not self.mixture:
            return
        self._drawn += 1
        options = {"component": self.component.value() - 1, "count": SAMPLES, "seed": self._drawn}
        self.services.jobs.run(
            "explorer.latent.maps.clusters:draw", self.mixture, options,
            on_result=partial(self._on_drawn, made), on_error=self._on_error,
        )  # fmt: skip

    def _on_step(self, made: Mapped, reply: Reply) -> None:
        if made.cloud is not self._cloud():
            return
        clusters = reply.arrays["clusters"]
        count = self.count.value()
        fresh = TITLE not in [colouring.title for colouring in made.colourings]
        self._colour(made, clusters, tuple(str(n + 1) for n in range(count)), fresh)
        if "centres" in reply.arrays:
            self._placed = made.positions
            self._draw_ellipses(reply.arrays["centres"], reply.arrays["spreads"])
        said = f"Step {reply.data['step']}"
        if "likelihood" in reply.data:
            said += f": {reply.data['likelihood']:.3f} nats a point"
        self.said.setText(said)

    def _on_done(self, made: Mapped, reply: Reply) -> None:
        self.job = None
        self.waiting.end()
        if made.cloud is not self._cloud():
            return
        data, classes = reply.data, made.cloud.classes
        names = {int(k): int(v) for k, v in data.get("agreement", {}).get("names", {}).items()}
        titles = [cluster_name(n, names, classes) for n in range(data["count"])]
        self._colour(made, reply.arrays["clusters"], tuple(titles), True)
        self.said.setText(data["sentence"])
        if "weights" in reply.arrays:
            self.mixture = {name: reply.arrays[name] for name in ("weights", "means", "covariances")}
            self.component.setMaximum(len(reply.arrays["weights"]))
        self._allow()

    def _colour(self, made: Mapped, clusters: np.ndarray, names: tuple[str, ...], choose: bool) -> None:
        """Points in the colours of their clusters."""
        now = self.panel.map
        assert now is not None
        now.add(Colouring(TITLE, clusters, names))
        if now is not made:
            made.add(now.colourings[-1])
        if choose:
            self.panel.painting.offer(TITLE)
        else:
            self.panel.painting.recolour()

    def _draw_ellipses(self, centres: Array, spreads: Array) -> None:
        palette = class_palette(len(centres), self.panel.scatter.dark)
        curves = []
        for centre, spread, colour in zip(centres, spreads, palette, strict=True):
            size, axes = np.linalg.eigh(spread)
            places = centre + REACH * (CIRCLE * np.sqrt(np.maximum(size, 0))) @ axes.T
            style = Qt.PenStyle.SolidLine
            curves.append((places.astype(np.float32), QColor(*(int(c) for c in colour)), style))
        self.panel.scatter.mark_curves(curves)

    def _on_drawn(self, made: Mapped, reply: Reply) -> None:
        code = self.session.code
        if made.cloud is not self._cloud() or code is None:
            return
        points = reply.arrays["points"]
        is_file = made.wanted.source == "file"
        codes = points if is_file else restored(made.info.space, points, code, made.wanted.part)
        self.sampled = codes

        def came(reply: Reply) -> None:
            if self.sampled is codes:
                self.panel.travel.neighbours.hide()
                self.strip.columns = len(codes)
                self.strip.show_images(list(reply.arrays["images"]))
                self.strip.show()

        self.services.host.show(
            "map.component", "generate", made.info.path, arrays={"codes": codes}, on_result=came,
            priority=Priority.PREVIEW, options=settled_options(code, PREVIEW),
        )  # fmt: skip

    def _go(self, index: int) -> None:
        if self.sampled is not None and self.session.space is not None and self.panel.is_current:
            self.session.set_code(self.session.code_at(self.sampled[index]), "Sample of a component")

    def _on_error(self, reply: Reply) -> None:
        self.job = None
        self.waiting.end()
        if not reply.data.get("cancelled"):
            self.said.setText(" ".join(reply.problem).strip())

    def _cloud(self) -> object:
        return self.panel.map.cloud if self.panel.map is not None else None

    def _forget(self) -> None:
        self.mixture, self.sampled = {}, None
        self.said.setText("")
        self.strip.hide()
        self.panel.scatter.mark_curves([])
        self._allow()

    def _allow(self) -> None:
        """Sampling needs a mixture of codes."""
        made = self.panel.map
        decodes = made is not None and not made.unlike and made.wanted.source in ("codes", "data", "file")
        why = "" if self.mixture and decodes else NO_CODES if self.mixture else NO_MIXTURE
        for widget, tip in (
            (self.component, "Which component to sample from"),
            (self.sample, "Draw codes from this component and show their images; a click makes one current"),
        ):
            widget.setEnabled(not why)
            widget.setToolTip(why or tip)

    def _on_method(self) -> None:
        method = str(self.method.currentData())
        self.about.setText(ABOUT[method])
        self._form.setRowVisible(self.count, method != "hdbscan")
        self._form.setRowVisible(self.smallest, method == "hdbscan")

    def _build(self) -> None:
        self.about, self.said = beside(), QLabel()
        self.said.setWordWrap(True)
        self.method = QComboBox()
        self.method.setAccessibleName("Kind of clusters")
        self.method.setToolTip("How clusters are found")
        for name, title in METHODS.items():
            self.method.addItem(title, name)
        self.count = _number("Number of clusters", 1, 60, 10, "How many clusters there are to be")
        self.smallest = _number("Smallest cluster", 0, 10_000, 0, "Points that a cluster needs; 0: by size")
        self.component = _number("Component", 1, 60, 1, NO_MIXTURE)
        self.search, self.sample = QPushButton("Find clusters"), QPushButton("Sample")
        self.search.setToolTip("Find clusters of the points that are mapped, in their own space")
        self.search.setEnabled(False)
        self.sample.setAccessibleName("Sample from the component")
        self.waiting = Waiting("Clusters")
        self._form = QFormLayout()
        for title, widget in (
            ("Kind", self.method), ("Clusters", self.count), ("Smallest", self.smallest),
        ):  # fmt: skip
            self._form.addRow(title, widget)
        last = QFormLayout()
        last.addRow("Component", self.component)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.about)
        column.addLayout(self._form)
        for each in (self.search, self.waiting, self.said):
            column.addWidget(each)
        column.addLayout(last)
        column.addWidget(self.sample)
        self.strip = ImageGrid("", columns=SAMPLES)
        self.strip.setFixedHeight(84)
        self.strip.setAccessibleName("Samples of a component")
        self.strip.setToolTip("Codes drawn from one component; click one to make it current")
        self.strip.hide()
        self._allow()


def cluster_name(cluster: int, labels: dict[int, int], classes: tuple[str, ...]) -> str:
    """A cluster's number, and the class that fits it best."""
    label = labels.get(cluster, -1)
    if label < 0:
        return str(cluster + 1)
    named = classes[label] if label < len(classes) else str(label)
    return f"{cluster + 1} ({named})"


def _number(name: str, low: int, high: int, value: int, tip: str) -> QSpinBox:
    box = QSpinBox(minimum=low, maximum=high, value=value)
    box.setAccessibleName(name)
    box.setToolTip(tip)
    return box
