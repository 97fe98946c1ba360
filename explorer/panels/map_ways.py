"""The dense way between two points beside the straight and the spherical one, each in its own stroke."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from backends.api import Array, Reply
from explorer.latent.maps.placing import Places
from explorer.model.state import Path
from explorer.panels.base import Services
from explorer.panels.map_made import Mapped
from explorer.workers.jobs import Job

if TYPE_CHECKING:
    from explorer.panels.map import MapPanel

WAYS = {
    "spherical": ("Spherical", Qt.PenStyle.DashLine, "- - -", "#56b4e9"),
    "linear": ("Straight", Qt.PenStyle.DotLine, "· · ·", "#d55e00"),
    "dense": ("Through dense regions", Qt.PenStyle.SolidLine, "——", "#009e73"),
}
MOST = 11  # pictures of a dense way


class Ways(QWidget):
    """Above the strip: which way its pictures take, and how far each is off the data."""

    def __init__(self, panel: MapPanel, services: Services) -> None:
        super().__init__()
        self.panel, self.services, self.session = panel, services, services.session
        self.ends: tuple[int, int] | None = None
        self.found: dict[str, np.ndarray] = {}
        self._job: Job | None = None
        self.box = QComboBox()
        self.box.setAccessibleName("Way between the two points")
        self.box.setToolTip("Which way the pictures take; all three are drawn on the map")
        for name, (title, _, stroke, _) in WAYS.items():
            self.box.addItem(f"{stroke}  {title}", name)
        self.said = QLabel()
        self.said.setWordWrap(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.box)
        row.addWidget(self.said, 1)
        self.box.activated.connect(lambda _: self._take())
        self.hide()

    def forget(self) -> None:
        """The two points are no longer there."""
        self.ends, self.found = None, {}
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self.panel.scatter.mark_curves([])
        self.hide()

    def look(self, made: Mapped, first: int, last: int) -> None:
        """Find the ways between two points of a map."""
        self.forget()
        self.ends = (first, last)
        self.box.setCurrentIndex(max(self.box.findData(self.session.state.path.how), 0))
        self.said.setText("Looking for the way through dense regions…")
        self.show()
        arrays = {"points": made.cloud.points, "codes": made.cloud.codes}
        self._job = self.services.jobs.run(
            "explorer.latent.maps.dense_path:between", arrays, {"start": first, "end": last},
            on_result=partial(self._on_found, made), on_error=self._on_error,
        )  # fmt: skip

    def _on_found(self, made: Mapped, reply: Reply) -> None:
        self._job = None
        if made.cloud is not (self.panel.map.cloud if self.panel.map else None) or made.locator is None:
            return
        self.found = reply.arrays
        self.said.setText(str(reply.data["sentence"]))
        self._draw(made, made.locator.places)

    def _draw(self, made: Mapped, places: Places) -> None:
        curves = []
        for name, (_, style, _, colour) in WAYS.items():
            at = made.positions[self.found["rows"]] if name == "dense" else places.place(self.found[name])[0]
            curves.append((np.asarray(at, np.float32), QColor(colour), style))
        self.panel.scatter.mark_curves(curves)

    def _on_error(self, reply: Reply) -> None:
        self._job = None
        if not reply.data.get("cancelled"):
            self.said.setText(" ".join(reply.problem).strip())

    def _take(self) -> None:
        """The strip goes the chosen way."""
        made, how = self.panel.map, str(self.box.currentData())
        if made is None or self.ends is None or not self.panel.is_current:
            return
        if how == "dense" and "codes" not in self.found:
            self.services.notices.told.emit("The way through dense regions isn't known.")
            return
        ends, ways = made.cloud.codes[list(self.ends)], self.ends
        vectors = thinned(self.found["codes"], MOST) if how == "dense" else ends
        codes = tuple(self.session.code_at(vector) for vector in vectors)
        steps = {"steps": 2, "how": "linear"} if how == "dense" else {"how": how}
        self.session.set_path(Path(made.info.path, codes, **steps))
        self.session.end_gesture()
        self.ends = ways


def thinned(codes: Array, most: int) -> Array:
    """At most `most` of codes `[n, D]` at even steps, both ends among them."""
    if len(codes) <= most:
        return codes
    return codes[np.linspace(0, len(codes) - 1, most).round().astype(int)]
