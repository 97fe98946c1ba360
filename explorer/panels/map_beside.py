"""A second map beside the first: the same points by their images, linked in hover, selection and colours."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from backends.api import Array, Priority, Reply
from explorer.latent.maps.methods import METHODS
from explorer.latent.maps.quality import Quality
from explorer.panels.base import Services
from explorer.panels.map_made import Mapped
from explorer.panels.map_painting import Painted
from explorer.panels.map_parts import explained
from explorer.widgets.map_view.view import MapView
from explorer.workers.collect import pixels_of
from explorer.workers.host_client import Ticket
from explorer.workers.jobs import Job

if TYPE_CHECKING:
    from explorer.panels.map import MapPanel

FEWEST, MOST, USUAL = 1000, 10_000, 2000  # codes of the exercise
NO_IMAGES = "The images of this map are made only when they are looked at."


class Beside(QWidget):
    """The second map with its title and a button that closes it; `start`, or `exercise` for both maps."""

    def __init__(self, panel: MapPanel, services: Services) -> None:
        super().__init__()
        self.panel, self.services = panel, services
        self.positions: Array | None = None
        self.line, self.how = "", ""
        self._made: Mapped | None = None
        self._painted: Painted | None = None
        self._work: Job | Ticket | None = None
        self._build()
        self.scatter.hovered.connect(self._on_hover)
        self.scatter.dwelt.connect(panel.peek.show_point)
        self.scatter.clicked.connect(panel.travel.click)
        self.scatter.selected.connect(panel.selecting.choose)
        panel.scatter.hovered.connect(self._mark)
        panel.scatter.tool_changed.connect(self.scatter.set_tool)

    @property
    def busy(self) -> bool:
        return self._work is not None

    def exercise(self) -> None:
        """Sample, generate, classify, lay out by the codes; and beside it the same by their images."""
        panel, bar = self.panel, self.panel.bar
        bar.chosen = True
        bar.choose(bar.source, "codes")
        bar.part.setCurrentIndex(0)
        if not FEWEST <= int(bar.count.currentData()) <= MOST:
            bar.choose(bar.count, USUAL)
        panel.making.start(self.start)

    def start(self) -> None:
        """The points of the map once more, by the features of their images or their pixels."""
        made = self.panel.map
        if made is None or made.cloud.images is None:
            return
        self.close_map()
        self._made = made
        images = np.asarray(made.cloud.images[:])
        if not made.info.classifier:
            self._lay_out(made, "pixels", pixels_of(images))
            return
        self.panel.quality.say("Looking at the images…")
        self._work = self.services.host.ask(
            "classify", made.info.classifier, arrays={"images": images}, priority=Priority.BULK,
            on_result=lambda reply: self._lay_out(made, "features", reply.arrays["features"]),
            on_error=self._on_error,
        )  # fmt: skip

    def close_map(self) -> None:
        """The first map alone."""
        if self._work is not None:
            self._work.cancel()
            self._work = None
        self._made, self.positions = None, None
        self.hide()

    def follow(self, made: Mapped | None) -> None:
        """Another map: this one is no longer beside it."""
        if self._made is not None and (made is None or made.cloud is not self._made.cloud):
            self.close_map()

    def paint(self, painted: Painted) -> None:
        """The points have these colours now."""
        self._painted = painted
        if self.positions is not None:
            self.scatter.recolour(painted.colours, painted.off, self.panel.legend.hides)

    def select(self, ids: np.ndarray) -> None:
        """What is selected on the one is on the other."""
        if self.positions is not None:
            self.scatter.show_selection(ids)

    def saved(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """What the job that writes a map needs to write this one too; nothing where there is none."""
        if self.positions is None or self._made is None:
            return {}, {}
        title = f"{self._made.info.name}: {self.title.text()}"
        return {"positions 2": self.positions}, {"title 2": title, "line 2": self.line}

    def _lay_out(self, made: Mapped, how: str, points: Array) -> None:
        self._work = None
        if made is not self._made:
            return
        self.how = how
        arrays: dict[str, np.ndarray] = {"points": points}
        if made.cloud.labels is not None:
            arrays["labels"] = made.cloud.labels
        self.title.setText(f"{how} of the same images, {METHODS[made.method]}")
        self._work = self.services.jobs.run(
            "explorer.latent.mapping:project", arrays, made.wish.to_json(),
            on_partial=partial(self._on_frame, made), on_result=partial(self._on_done, made),
            on_error=self._on_error,
        )  # fmt: skip

    def _on_frame(self, made: Mapped, reply: Reply) -> None:
        if made is not self._made or self._painted is None:
            return
        fresh, self.positions = self.positions is None, reply.arrays["positions"]
        if fresh:
            self.show()
            colours, off = self._painted.colours, self._painted.off
            self.scatter.set_image_of(made.image)
            self.scatter.show_points(self.positions, colours, off=off, hide=self.panel.legend.hides)
            self.scatter.show_selection(self.panel.selecting.here.ids)
        else:
            self.scatter.move_points(self.positions)

    def _on_done(self, made: Mapped, reply: Reply) -> None:
        self._work = None
        self._on_frame(made, reply)
        quality = Quality.from_json(reply.data["quality"])
        self.line = quality.sentence()
        self.title.setToolTip(explained(quality))
        self.scatter.end_growth()
        first = made.quality
        if made is self._made and first is not None:
            said = f"{made.line}  Beside it, by {self.how}: {self.line}"
            self.panel.quality.judge(said, first, "", stopped=False)

    def _on_error(self, reply: Reply) -> None:
        self._work = None
        if not reply.data.get("cancelled"):
            self.services.notices.problem.emit(*reply.problem)

    def _on_hover(self, ident: int) -> None:
        """The ring of a point of this map on the other one."""
        marks = self.panel.scatter.marks
        marks.ring = self.panel.scatter.position_of(ident) if ident >= 0 else None
        marks.update()

    def _mark(self, ident: int) -> None:
        if self.positions is not None:
            self.scatter.marks.ring = self.scatter.position_of(ident) if ident >= 0 else None
            self.scatter.marks.update()

    def _build(self) -> None:
        self.title = QLabel()
        self.close_button = QToolButton()
        self.close_button.setText("×")
        self.close_button.setAutoRaise(True)
        self.close_button.setToolTip("Close the second map")
        self.close_button.setAccessibleName("Close the second map")
        self.close_button.clicked.connect(self.close_map)
        self.scatter = MapView()
        self.scatter.setAccessibleName("Second map")
        self.scatter.setAcceptDrops(False)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(head)
        column.addWidget(self.scatter, 1)
        self.hide()
