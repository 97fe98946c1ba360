"""How the map looks: mode, size, contours, thumbnails, names, kept from start to start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtGui import QColor

from explorer.panels.map_commands import CONTOURS
from explorer.widgets.map_view.layer import MODES
from explorer.widgets.map_view.thumbnails import WHEN

if TYPE_CHECKING:
    from explorer.panels.map import MapPanel

SCALES = (0.5, 0.7, 1.0, 1.4, 2.0)


class Look:
    """What the View menu sets; every change is on the map at once."""

    def __init__(self, panel: MapPanel) -> None:
        self.panel, self.scatter = panel, panel.scatter
        self.mode, self.contours, self.thumbnails = "points", "", "few"
        self.size = SCALES.index(1.0)
        self.names, self.between = True, True
        self.scatter.look_between = True

    @property
    def can_grow(self) -> bool:
        return self.size < len(SCALES) - 1

    @property
    def can_shrink(self) -> bool:
        return self.size > 0

    def set_mode(self, mode: str) -> None:
        """One of `MODES`."""
        self.mode = mode
        self.scatter.set_mode(mode)

    def resize(self, steps: int) -> None:
        """Larger or smaller points."""
        self.size = min(max(self.size + steps, 0), len(SCALES) - 1)
        self.scatter.set_scale(SCALES[self.size])

    def set_contours(self, kind: str) -> None:
        """Around no points, all of them or each class."""
        self.contours = kind
        self.draw_contours()

    def draw_contours(self) -> None:
        """Contours in the colours of what is shown."""
        colouring = self.panel.colouring
        if not self.contours or colouring is None:
            self.scatter.outline_classes([])
        elif self.contours == "all" or colouring.labels is None:
            self.scatter.outline_classes([(None, self.scatter.marks.text)])
        else:
            labels, palette = colouring.labels, self.panel.palette_of(colouring)
            shown = [n for n in np.unique(labels) if n not in self.panel.legend.hidden]
            self.scatter.outline_classes(
                [(labels == n, QColor(*(int(c) for c in palette[n]))) for n in shown]
            )

    def set_thumbnails(self, when: str) -> None:
        """One of `WHEN`."""
        self.thumbnails = when
        self.scatter.set_thumbnails(when)

    def set_names(self, shown: bool | None) -> None:
        """Show the names of classes or not; None: the other way round."""
        self.names = not self.names if shown is None else shown
        self.scatter.marks.names_shown = self.names
        self.scatter.marks.update()

    def set_between(self, on: bool | None) -> None:
        """Show what would be between points or not; None: the other way round."""
        self.between = not self.between if on is None else on
        self.scatter.look_between = self.between
        self.panel.peek.hide_guess()

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        names = ("mode", "contours", "thumbnails", "size", "names", "between")
        return {name: getattr(self, name) for name in names}

    def restore(self, saved: Any) -> None:
        """Take back what `to_json` gave; anything else is ignored."""
        saved = saved if isinstance(saved, dict) else {}
        for key, allowed, take in (
            ("mode", MODES, self.set_mode), ("contours", CONTOURS, self.set_contours),
            ("thumbnails", WHEN, self.set_thumbnails),
        ):  # fmt: skip
            if isinstance(value := saved.get(key), str) and value in allowed:
                take(value)
        if isinstance(size := saved.get("size"), int) and 0 <= size < len(SCALES):
            self.resize(size - self.size)
        for key, switch in (("names", self.set_names), ("between", self.set_between)):
            if isinstance(on := saved.get(key), bool):
                switch(on)
