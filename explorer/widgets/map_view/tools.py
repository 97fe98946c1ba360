"""What a drag with the left button does: move the map, choose by lasso or rectangle, draw a path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPointF, Qt, Signal

from explorer.widgets.map_view.drawn import ADD, REPLACE, SUBTRACT
from explorer.widgets.map_view.layer import PointLayer
from explorer.widgets.map_view.marks import Marks
from explorer.widgets.map_view.outline import NEAR, Outline, rectangle
from explorer.workers.aside import Aside

AT_ONCE = 200_000  # points tested on the GUI thread; more are tested beside it
TOOLS = {
    "go": "Move and zoom: drag moves the map, the wheel zooms",
    "lasso": "Lasso: draw around points to select them; Shift adds, Alt takes away, Esc selects none",
    "rectangle": "Rectangle: drag a rectangle over points to select them; Shift adds, Alt takes away",
    "draw": "Draw a path: drag a line over the map and see the pictures along it",
}


class Box(pg.ViewBox):
    """A view whose left drags go to `dragged` when that wants them."""

    def __init__(self) -> None:
        super().__init__(enableMenu=False, defaultPadding=0.04)
        self.dragged: Callable[[Any], bool] = lambda _: False

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        if ev.button() == Qt.MouseButton.LeftButton and self.dragged(ev):
            ev.accept()
            return
        super().mouseDragEvent(ev, axis)


class Tools(QObject):
    """`chosen(rows, how)` when an outline is closed, `drawn(places [M, 2])` when a path has been drawn."""

    chosen = Signal(object, str)
    drawn = Signal(object)

    def __init__(self, box: Box, layer: PointLayer, marks: Marks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tool = "go"
        self.busy = False  # a drag of ours is under way
        self._box, self._layer, self._marks = box, layer, marks
        self._outline: Outline | None = None
        self._corners: list[tuple[float, float]] = []
        self._start = QPointF()
        self._aside = Aside("map outline", self)
        box.dragged = self._on_drag

    def give_up(self) -> None:
        """Forget the outline that is being drawn."""
        self.busy = False
        self._end()

    def _on_drag(self, event: Any) -> bool:
        if self.tool == "go" or self._layer.drawn is None:
            return False
        if event.isStart():
            self._begin(self._pixel(event.buttonDownScenePos()))
        if self.busy:
            self._go_on(self._pixel(event.scenePos()), how(event.modifiers()))
            if event.isFinish():
                self._finish(event)
        return True

    def _pixel(self, scene: QPointF) -> QPointF:
        """A pixel of the view, held inside it: what can't be seen can't be chosen."""
        room = self._box.sceneBoundingRect()
        x = min(max(scene.x(), room.left()), room.right()) - room.left()
        y = min(max(scene.y(), room.top()), room.bottom()) - room.top()
        return QPointF(x, y)

    def _begin(self, place: QPointF) -> None:
        self.busy, self._start = True, place
        self._corners = [(place.x(), place.y())]
        self._outline = None if self.tool == "draw" else Outline(self._layer)
        self._marks.open_outline = self.tool == "draw"

    def _go_on(self, place: QPointF, keys: str) -> None:
        last = self._corners[-1]
        if abs(place.x() - last[0]) + abs(place.y() - last[1]) >= NEAR:
            self._corners.append((place.x(), place.y()))
        corners = rectangle(self._start, place) if self.tool == "rectangle" else np.array(self._corners)
        self._marks.outline = corners
        if self._outline is not None and len(corners) > 2:
            self._preview(self._outline, corners, keys)
        self._marks.update()

    def _preview(self, outline: Outline, corners: NDArray[np.float64], keys: str) -> None:
        mask = outline.mask(corners)
        self._marks.count = f"{np.count_nonzero(outline.held(mask)):,}"
        self._layer.show_preview(mask > 0, keys)

    def _finish(self, event: Any) -> None:
        tool, outline, corners = self.tool, self._outline, self._marks.outline
        self.busy = False
        if tool == "draw" and corners is not None and len(corners) > 1:
            self.drawn.emit(self._places(corners))
        elif outline is not None and corners is not None and len(corners) > 2:
            keys = how(event.modifiers())
            if len(outline) <= AT_ONCE:
                self.chosen.emit(outline.rows(corners), keys)
            else:
                self._aside.run(lambda: outline.rows(corners), lambda rows: self.chosen.emit(rows, keys))
        self._end()

    def _places(self, corners: NDArray[np.float64]) -> NDArray[np.float32]:
        frame = self._layer.frame(1.0)
        x, y = (corners[:, 0] - frame.dx) / frame.sx, (corners[:, 1] - frame.dy) / frame.sy
        return np.stack([x, y], axis=1).astype(np.float32)

    def _end(self) -> None:
        self._outline = None
        self._marks.outline, self._marks.count = None, ""
        if self._layer.preview is not None:
            self._layer.show_preview(None)
        self._marks.update()


def how(keys: Qt.KeyboardModifier) -> str:
    """What the keys held make of a choice: Shift adds, Alt subtracts."""
    if keys & Qt.KeyboardModifier.ShiftModifier:
        return ADD
    return SUBTRACT if keys & Qt.KeyboardModifier.AltModifier else REPLACE
