"""The colours of a map, the legend, names at the classes; large maps are coloured on a thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from backends.api import Array
from explorer.latent.cloud import Colouring
from explorer.latent.map_colours import value_colours
from explorer.latent.palette import class_palette
from explorer.panels.map_made import Mapped
from explorer.panels.map_names import middles
from explorer.workers.aside import Aside

if TYPE_CHECKING:
    from explorer.panels.map import MapPanel

AT_ONCE = 20_000  # points coloured on the GUI thread


@dataclass(frozen=True, eq=False)
class Painted:
    """Colours `[N, 3]`, which points are switched off `[N]`, and where the names of classes stand."""

    colours: NDArray[np.uint8]
    off: NDArray[np.bool_] | None
    names: list[tuple[str, Array]]


class Painting:
    """Keeps the view, the legend and the box of colours at what the map's colours are to mean."""

    def __init__(self, panel: MapPanel) -> None:
        self.panel, self.scatter, self.legend = panel, panel.scatter, panel.legend
        self.shown: Mapped | None = None  # whose points are on the screen
        self._aside = Aside("map colours", panel)

    @property
    def busy(self) -> bool:
        return self._aside.busy

    @property
    def colouring(self) -> Colouring | None:
        """What the colours mean now."""
        made, title = self.panel.map, self.panel.bar.colour.currentText()
        return next((c for c in made.colourings if c.title == title), None) if made else None

    def palette_of(self, colouring: Colouring) -> NDArray[np.uint8]:
        """The colour of each class on this ground: `[classes, 3]`."""
        return class_palette(len(colouring.names), self.scatter.dark)

    def show(self, made: Mapped) -> None:
        """Draw other points."""

        def then(painted: Painted) -> None:
            now = self.panel.map
            if now is None or now.cloud is not made.cloud:
                return
            image_of = made.image if made.cloud.images is not None else _no_image
            self.scatter.set_image_of(image_of)
            self.scatter.show_points(now.positions, painted.colours, off=painted.off, hide=self.legend.hides)
            self.shown = now
            self.panel.beside.paint(painted)
            self.panel.show_selection()
            self.scatter.show_names(painted.names)
            self.panel.look.draw_contours()

        self.shown = None
        self._paint(made, then)

    def carry_on(self, made: Mapped) -> None:
        """The same points elsewhere, be it in another layout of them."""
        if self.shown is not None and self.shown.cloud is made.cloud:
            self.shown = made
            self.scatter.move_points(made.positions)
            self.name()
        elif not self.busy:
            self.show(made)

    def recolour(self) -> None:
        """The same points in the colours of the choice and the legend."""
        made = self.panel.map
        if made is None or self.shown is not made:
            return

        def then(painted: Painted) -> None:
            if self.shown is not None and self.shown.cloud is made.cloud:
                self.scatter.recolour(painted.colours, painted.off, self.legend.hides)
                self.panel.beside.paint(painted)
                self.scatter.show_names(painted.names)
                self.panel.look.draw_contours()

        self._paint(made, then)

    def choose(self) -> None:
        """The box of colours says something else."""
        self.show_legend()
        self.recolour()

    def offer(self, title: str = "") -> None:
        """The map can be coloured in other ways now; `title` is chosen."""
        made = self.panel.map
        self.panel.bar.offer_colours(made.colourings if made is not None else [], title)
        if title:
            self.choose()

    def show_legend(self) -> None:
        """The classes, or the scale."""
        colouring = self.colouring
        self.legend.setVisible(colouring is not None)
        if colouring is None:
            return
        if colouring.labels is not None:
            self.legend.show_classes(colouring.names, self.palette_of(colouring), colouring.counts())
        else:
            shades = value_colours(np.linspace(0, 1, 128, dtype=np.float32))
            self.legend.show_scale(colouring.title, *colouring.span(), shades)

    def name(self) -> None:
        """The names of classes where they are now; a fair sample tells where."""
        made, colouring = self.panel.map, self.colouring
        if made is not None and colouring is not None and len(made.cloud) <= AT_ONCE:
            self.scatter.show_names(_names(made.positions, colouring, frozenset(self.legend.hidden)))

    def _paint(self, made: Mapped, then: Callable[[Painted], None]) -> None:
        colouring = self.colouring
        if colouring is None:
            return
        palette, hidden, positions = self.palette_of(colouring), frozenset(self.legend.hidden), made.positions

        def work() -> Painted:
            names = _names(positions, colouring, hidden)
            return Painted(colouring.colours(palette), colouring.switched_off(hidden), names)

        if len(made.cloud) <= AT_ONCE:
            then(work())
        else:
            self._aside.run(work, then)


def _names(positions: Array, colouring: Colouring, hidden: frozenset[int]) -> list[tuple[str, Array]]:
    if colouring.labels is None:
        return []
    places = middles(positions, colouring.labels, len(colouring.names))
    return [(colouring.names[n], positions[row]) for n, row in places.items() if n not in hidden]


def _no_image(_: int) -> None:
    return None
