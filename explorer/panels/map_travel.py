"""Travelling on a map: clicks, walks between points, paths drawn by hand, neighbours, where the code is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from backends.api import Array
from explorer.model.state import Path
from explorer.panels.base import Services
from explorer.panels.map_commands import selection_commands
from explorer.panels.map_made import Mapped, owner
from explorer.panels.map_parts import NeighbourStrip, PathStrip, packed
from explorer.panels.map_tools import command_menu
from explorer.panels.map_ways import Ways

if TYPE_CHECKING:
    from explorer.panels.map import MapPanel

ANCHORS, STEPS = 8, 3  # codes taken along a drawn path, and pictures from one to the next


class Travel:
    """Changes the session's code and path from the map, and shows both on it."""

    def __init__(self, panel: MapPanel, services: Services) -> None:
        self.panel, self.services, self.session = panel, services, services.session
        self.strip, self.neighbours = PathStrip(services), NeighbourStrip()
        self.ways = Ways(panel, services)
        self._picked: list[int] = []  # rows chosen with Shift
        self._clicked = -1  # the row clicked last
        scatter = panel.scatter
        scatter.clicked.connect(self.click)
        scatter.context.connect(self.open_menu)
        scatter.drawn.connect(self.draw)
        self.neighbours.chosen.connect(lambda row: self.click(row, False))
        self.neighbours.unseen.connect(self._picture_neighbours)
        self.strip.walked.connect(self._trace)

    def begin(self) -> None:
        """Another map: what was picked is no longer there."""
        self._picked, self._clicked = [], -1
        self.neighbours.hide()
        self.ways.forget()

    def hide(self) -> None:
        """No map, no strips."""
        self.begin()
        self.strip.hide()

    def click(self, row: int, shift: bool) -> None:
        made = self.panel.map
        if made is None or not self.panel.is_current:
            return
        self._clicked = row
        if made.unlike and made.twin is None:
            self.panel.selecting.choose(np.array([row]))
            return
        if not shift:
            self._picked = []
            self._go(made, row)
            return
        self._picked = [*self._picked, row] if len(self._picked) == 1 else [row]
        if len(self._picked) == 2:
            self.set_path(*self._picked)
        else:
            self.strip.hide()
            self.panel.scatter.mark_path(made.positions[[row]])
            self.services.notices.told.emit("Shift+click another point for the walk between the two")

    def _go(self, made: Mapped, row: int) -> None:
        """The code of a point becomes current, and its model where a map shows two."""
        info, vector = owner(made, row)
        if info.path == self.session.state.model:
            self.session.set_code(self.session.code_at(vector), "Point on the map")
        else:
            codes = {**self.session.state.codes, info.path: info.space.unpack(vector)}
            self.session.edit("Point on the map", model=info.path, codes=codes)

    def set_path(self, first: int, last: int) -> None:
        made = self.panel.map
        if made is not None and first != last and not made.unlike:
            ends = tuple(self.session.code_at(made.cloud.codes[row]) for row in (first, last))
            self.session.set_path(Path(made.info.path, ends))
            self.session.end_gesture()
            self.ways.look(made, first, last)

    def draw(self, places: Array) -> None:
        """A path drawn by hand: codes along it, and the film of the walk through them."""
        made, inverse = self.panel.map, self.panel.peek.inverse
        if made is None or inverse is None or not self.panel.is_current:
            self.services.notices.told.emit("Wait until the map is finished, then draw again.")
            return
        found = inverse.at(along(places, ANCHORS))
        codes = tuple(self.session.code_at(code) for code in found.codes)
        self.ways.forget()
        self.session.set_path(Path(made.info.path, codes, steps=STEPS))
        self.session.end_gesture()

    def show_neighbours(self, row: int = -1) -> None:
        """The neighbours of a point: the one given, else the first selected, else the one clicked last."""
        made, here = self.panel.map, self.panel.selecting.here
        if made is None:
            return
        row = row if row >= 0 else int(here.rows[0]) if len(here) else self._clicked
        if row < 0:
            self.services.notices.told.emit("Click a point of the map first.")
            return
        self.strip.hide()
        self.ways.forget()
        self.panel.scatter.mark_path(None)
        self.neighbours.look(made.cloud, row)

    def _picture_neighbours(self, rows: list[int]) -> None:
        made = self.panel.map
        if made is None or made.unlike:
            return

        def came(images: np.ndarray) -> None:
            if self.neighbours.rows == rows:
                self.neighbours.show_images(list(images), self.neighbours.captions)

        self.panel.peek.picture("map.neighbours", made, rows, came)

    def open_menu(self, row: int, place: QPoint) -> None:
        menu = command_menu(self.panel, partial(selection_commands, self.panel))
        menu.aboutToShow.connect(lambda: self._add_point(menu, row))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    def _add_point(self, menu: QMenu, row: int) -> None:
        """What one can do with the point under the pointer, before the rest."""
        if row < 0 or self.panel.map is None:
            return
        first = menu.actions()[0]
        for text, run in (
            ("Make current", partial(self.click, row, False)),
            ("Nearest neighbours of this point", partial(self.show_neighbours, row)),
            ("Select this point", partial(self.panel.selecting.choose, np.array([row]))),
        ):
            action = QAction(text, menu)
            action.triggered.connect(lambda _=False, do=run: do())
            menu.insertAction(first, action)
        menu.insertSeparator(first)

    def follow_path(self) -> None:
        if self.panel.map is None or self.panel.map.locator is None or not self.panel.isVisible():
            return
        self.panel.scatter.mark_path(None)
        self.neighbours.hide()
        self.strip.follow(self.panel.map.info)

    def _trace(self, codes: Array, images: np.ndarray) -> None:
        """Draw the path where its pictures belong on the map."""
        made = self.panel.map
        if made is None or made.locator is None or codes is not self.strip.codes:
            return

        def tell(places: Array, _: Array) -> None:
            if made is self.panel.map:
                self.panel.scatter.mark_path(places)

        if made.locator.by_images:
            made.locator.locate_images("map.path", images, tell)
        else:
            made.locator.locate("map.path", codes, tell)

    def place_current(self) -> None:
        made, code = self.panel.map, self.session.code
        if made is None or made.locator is None or code is None or not self.panel.isVisible():
            return
        if made.info.path != self.session.state.model:
            return

        def tell(places: Array, off: Array) -> None:
            if made is self.panel.map:
                self.panel.scatter.mark_current(places[0], float(off[0]))

        made.locator.locate("map.current", packed(made.info.space, code), tell)


def along(places: Array, count: int) -> Array:
    """`count` places at equal steps along a line `[M, 2]`: `[count, 2]`."""
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    walked = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.linspace(0.0, walked[-1], count)
    return np.stack([np.interp(at, walked, places[:, axis]) for axis in (0, 1)], axis=1).astype(np.float32)
