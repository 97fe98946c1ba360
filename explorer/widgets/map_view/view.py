"""A map of up to millions of points that one can hover, click, zoom, choose from and draw on.

Rows come and go with the arrays; ids stay. Every signal and every question from outside is in ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

from explorer.widgets.map_view.contours import contours
from explorer.widgets.map_view.drawn import (
    ADD,
    FROM_GRID,
    REPLACE,
    SUBTRACT,
    Drawn,
    Names,
    Points,
    random_order,
)
from explorer.widgets.map_view.layer import PointLayer
from explorer.widgets.map_view.marks import Curve, Marks
from explorer.widgets.map_view.pointer import REACH, Pointer
from explorer.widgets.map_view.ramps import density_ramp
from explorer.widgets.map_view.thumbnails import Thumbnails
from explorer.widgets.map_view.tools import Box, Tools
from explorer.workers.aside import Aside

Floats = NDArray[np.float32]
Colours = NDArray[np.uint8]
Ids = NDArray[np.int64]
Masks = NDArray[np.bool_]

AT_ONCE = 20_000  # points sorted and packed on the GUI thread; more are prepared beside it
REST_MS = 300  # after the last change of positions the grid is built and contours are drawn anew
FADE_MS = 2000  # after the last movement of the ring its trail goes
PADDING = 0.04
# pyqtgraph drops moves that follow within 10 ms, the last one too: what is hovered would be wrong at rest.
pg.setConfigOption("mouseRateLimit", -1)


class MapView(pg.PlotWidget):
    """`show_points`, then `move_points` (at 30 Hz), `blend_to` and `set_blend`, `recolour`, `show_selection`.

    Emits `hovered(id)` at once and `dwelt(id)` after a rest (−1: none), `clicked(id, shift)`,
    `context(id, global position)`, `selected(ids)`, `drawn(places [M, 2])` and `between(x, y)`: the
    place pointed at while it is over no point and `look_between` is on.
    """

    hovered = Signal(int)
    dwelt = Signal(int)
    clicked = Signal(int, bool)
    context = Signal(int, QPoint)
    selected = Signal(object)
    drawn = Signal(object)
    between = Signal(float, float)
    tool_changed = Signal(str)
    left = Signal()  # the pointer is no longer over the map
    restyled = Signal()  # on another ground
    settled = Signal()  # all that was asked for is on the screen

    def __init__(self, hint: str = "", parent: QWidget | None = None) -> None:
        self.box = Box()
        super().__init__(parent, viewBox=self.box)
        self.hint = hint  # said while there are no points
        self.look_between = False
        self._points: Points | None = None
        self._follows = True  # the view grows with the points until someone moves it
        self._groups: list[tuple[Masks | None, QColor]] = []
        self._curves: list[pg.PlotCurveItem] = []
        self._build()
        self._connect()
        self._restyle()

    # The points

    def show_points(
        self, positions: Floats, colours: Colours, *, ids: Ids | None = None, off: Masks | None = None,
        hide: bool = False, keep_view: bool = False,
    ) -> None:  # fmt: skip
        """Draw N other points at `[N, 2]` in `[N, 3]`, named `ids` `[N]`; `off` ones are pale or hidden."""
        count = len(positions)
        order = self._points.order if self._points and len(self._points) == count else random_order(count)
        ids = np.arange(count, dtype=np.int64) if ids is None else ids
        self.thumbnails.forget()
        self._follows = self._follows or not keep_view
        self._show(Points(positions, colours, Names(ids), order, off, hide), fit=not keep_view)

    def move_points(self, positions: Floats) -> None:
        """The same points elsewhere. The view grows with them unless someone has moved it."""
        assert self._points is not None
        self._show(replace(self._points, positions=positions, target=None), moved=True)

    def blend_to(self, positions: Floats | None) -> None:
        """From now on `set_blend` moves the points towards these `[N, 2]`; None ends it."""
        assert self._points is not None
        self._show(replace(self._points, target=positions), moved=True)

    def set_blend(self, share: float) -> None:
        """How far on the way to the target the points are, 0..1."""
        self.layer.blend = share
        self.layer.stir()
        self._rest.start()

    def recolour(self, colours: Colours, off: Masks | None = None, hide: bool = False) -> None:
        """The same points in other colours; `off` ones are pale, or hidden, and can't be hit."""
        assert self._points is not None
        self._show(replace(self._points, colours=colours, off=off, hide=hide))

    def show_selection(self, ids: Ids) -> None:
        """Grey all points but these; none at all when there are no such ids here."""
        if self._points is None:
            return
        chosen = np.zeros(len(self._points), bool)
        chosen[self.rows_of(ids)] = True
        self._show(replace(self._points, chosen=chosen if chosen.any() else None))

    def clear_points(self, hint: str) -> None:
        """Show the hint instead."""
        self.hint = hint
        self._aside.drop()
        self._points = None
        self.layer.show_drawn(None)
        self.thumbnails.points = None
        self.thumbnails.forget()
        self.pointer.leave(at_once=True)
        self.tools.give_up()
        self.outline_classes([])
        marks = self.marks
        marks.names, marks.path, marks.ring, marks.spot, marks.trail = [], None, None, None, []
        marks.current, marks.curves = None, []
        self.viewport().update()

    @property
    def preparing(self) -> bool:
        """Whether something asked for is not on the screen yet."""
        return self._aside.busy

    def rows_of(self, ids: Ids) -> NDArray[np.intp]:
        """The rows of those ids that are here, in the order of `ids`."""
        if self._points is None:
            return np.zeros(0, np.intp)
        return self._points.names.rows_of(np.asarray(ids, np.int64))

    def position_of(self, ident: int) -> Floats | None:
        """Where a point is now `[2]`; None when it is not here."""
        rows = self.rows_of(np.array([ident]))
        if self._points is None or not len(rows):
            return None
        place, target = self._points.positions[rows[0]], self._points.target
        return place if target is None else place + np.float32(self.layer.blend) * (target[rows[0]] - place)

    def pixel_of(self, ident: int) -> QPointF:
        """Where a point is in the widget."""
        place = self.position_of(ident)
        return QPointF() if place is None else self.pixel_at(place)

    def pixel_at(self, place: Floats) -> QPointF:
        """Where a place of the map is in the widget."""
        at = QPointF(float(place[0]), float(place[1]))
        return QPointF(self.mapFromScene(self.layer.sceneTransform().map(at)))

    # How it looks

    def fit_view(self) -> None:
        """All points in view, and from now on they stay there."""
        self._follows = True
        bounds = self.layer.bounds()
        if not bounds.isNull():
            self.box.setRange(bounds, padding=PADDING)

    def end_growth(self) -> None:
        """The layout is finished: all points in view, unless someone has moved it."""
        if self._follows:
            self.fit_view()

    def show_rows(self, ids: Ids) -> None:
        """Bring these points into view."""
        rows = self.rows_of(ids)
        if self._points is None or not len(rows):
            return
        places = self._points.positions[rows]
        places = places[np.isfinite(places).all(axis=1)]
        if len(places):
            (left, bottom), (right, top) = places.min(axis=0), places.max(axis=0)
            margin = 0.02 * max(self.layer.bounds().width(), self.layer.bounds().height())
            rect = QRectF(float(left), float(bottom), float(right - left), float(top - bottom))
            self._follows = False
            self.box.setRange(rect.adjusted(-margin, -margin, margin, margin), padding=PADDING)

    def set_mode(self, mode: str) -> None:
        """One of `layer.MODES`."""
        self.layer.mode = mode
        self.layer.refresh()

    def set_scale(self, scale: float) -> None:
        """Points so many times as large as usual, from 1 to 6 pixels."""
        self.layer.scale = scale
        self.layer.refresh()

    def set_thumbnails(self, when: str) -> None:
        """One of `thumbnails.WHEN`."""
        self.thumbnails.when = when
        self.thumbnails.update()

    def set_image_of(self, image_of: Callable[[int], NDArray[np.uint8] | None]) -> None:
        """Where thumbnails come from, by id."""
        self.thumbnails.image_of = image_of
        self.thumbnails.forget()

    def set_tool(self, tool: str) -> None:
        """One of `tools.TOOLS`."""
        self.tools.give_up()
        self.tools.tool = tool
        self.pointer.leave(at_once=True)
        self.setCursor(Qt.CursorShape.ArrowCursor if tool == "go" else Qt.CursorShape.CrossCursor)
        self.tool_changed.emit(tool)

    def outline_classes(self, groups: Sequence[tuple[Masks | None, QColor]]) -> None:
        """Lines of density around the points of each mask `[N]` (None: all of them), in its colour."""
        self._groups = list(groups)
        for curve in self._curves:
            self.removeItem(curve)
        self._curves = []
        self._draw_contours()

    # Marks

    def mark_current(self, place: Floats | None, off: float = 0.0) -> None:
        """The ring for where one is; it pales as `off`, the distance from the data, exceeds 2."""
        self.marks.move_current(place, off)
        self._fade.start()

    def mark_path(self, places: Floats | None) -> None:
        """A line through `[M, 2]`."""
        self.marks.path = places
        self.marks.update()

    def mark_curves(self, curves: list[Curve]) -> None:
        """Further lines through `[M, 2]`, each in its colour and stroke."""
        self.marks.curves = curves
        self.marks.update()

    def mark_between(self, place: Floats | None, nearest: Floats | None = None) -> None:
        """A cross between points with a line to the nearest of them."""
        self.marks.spot = None if place is None or nearest is None else (place, nearest)
        self.marks.update()

    def show_names(self, names: list[tuple[str, Floats]]) -> None:
        """Texts on the map, the most important first: of two that would cover each other it stays."""
        self.marks.names = names
        self.marks.update()

    # Events

    def sizeHint(self) -> QSize:
        """Not the scene's size, which is what it has: a panel could never shrink then."""
        return QSize(480, 320)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if (self._points is None or not len(self._points)) and self.hint:
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(24, 12, -24, -12), int(flags), self.hint)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointer.leave()
        self.mark_between(None)
        self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.tools.busy:
            self.tools.give_up()
        else:
            self.selected.emit(np.zeros(0, np.int64))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "marks"):
            self._restyle()
            self.restyled.emit()

    @property
    def dark(self) -> bool:
        """Whether the ground is dark."""
        return self.palette().color(QPalette.ColorRole.Base).lightness() < 128

    # Within

    def _build(self) -> None:
        self.setAccessibleName("Map")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for axis in ("left", "bottom"):
            self.hideAxis(axis)
        self.hideButtons()
        self.setAspectLocked(True)
        self.box.disableAutoRange()
        self.layer, self.marks = PointLayer(), Marks()
        self.thumbnails = Thumbnails(self.layer)
        for height, item in ((0, self.layer), (5, self.thumbnails), (20, self.marks)):
            item.setZValue(height)
            self.addItem(item, ignoreBounds=True)
        self.pointer = Pointer(self._hit, self)
        self.tools = Tools(self.box, self.layer, self.marks, self)
        self._aside, self._lines = Aside("map points", self), Aside("map contours", self)
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._fade = QTimer(self, singleShot=True, interval=FADE_MS)

    def _connect(self) -> None:
        self.scene().sigMouseMoved.connect(self._on_moved)
        self.scene().sigMouseClicked.connect(self._on_clicked)
        self.box.sigRangeChangedManually.connect(lambda _: setattr(self, "_follows", False))
        self.pointer.hovered.connect(self._on_hover)
        self.pointer.dwelt.connect(self.dwelt)
        self.pointer.between.connect(self._on_between)
        self.tools.chosen.connect(self._on_chosen)
        self.tools.drawn.connect(self.drawn)
        self._rest.timeout.connect(self._on_rest)
        self._fade.timeout.connect(self.marks.end_trail)

    def _show(self, points: Points, fit: bool = False, moved: bool = False) -> None:
        self._points = points
        if len(points) <= AT_ONCE:
            self._aside.drop()
            self._on_drawn(points, Drawn.of(points), fit, moved)
        else:
            self._aside.run(lambda: Drawn.of(points), lambda d: self._on_drawn(points, d, fit, moved))

    def _on_drawn(self, points: Points, drawn: Drawn, fit: bool, moved: bool) -> None:
        if points.target is None:
            self.layer.blend = 0.0
        self.thumbnails.points = points
        self.layer.show_drawn(drawn)
        self.thumbnails.update()
        if fit or (moved and self._follows and self._outgrown()):
            self.fit_view()
        if moved:
            self.layer.stir()
        self._on_hover(self.pointer.hover)
        self._rest.start()
        if not self._aside.busy:
            self.settled.emit()

    def _outgrown(self) -> bool:
        """Whether points are out of view, or fill little of it."""
        bounds, view = self.layer.bounds(), QRectF(self.layer.viewRect())
        fills = max(bounds.width() / max(view.width(), 1e-9), bounds.height() / max(view.height(), 1e-9))
        return not view.contains(bounds) or fills < 0.6

    def _on_rest(self) -> None:
        """Nothing has changed for a while: time for what is not needed at once."""
        points = self._points
        if points is None:
            return
        drawn = self.layer.drawn
        if points.target is None and len(points) >= FROM_GRID and drawn is not None and drawn.grid is None:
            self._aside.run(lambda: Drawn.of(points, with_grid=True), lambda d: self._on_grid(points, d))
        self._draw_contours()

    def _on_grid(self, points: Points, drawn: Drawn) -> None:
        if points is self._points:
            self.layer.show_drawn(drawn)
            self.settled.emit()

    def _draw_contours(self) -> None:
        points, groups = self._points, self._groups
        if points is None or not groups:
            return
        places = points.positions
        if points.target is not None:
            places = places + np.float32(self.layer.blend) * (points.target - places)

        def work() -> list[Floats]:
            return [contours(places if mask is None else places[mask]) for mask, _ in groups]

        self._lines.run(work, lambda lines: self._on_contours(groups, lines))

    def _on_contours(self, groups: list[tuple[Masks | None, QColor]], lines: list[Floats]) -> None:
        if groups is not self._groups:
            return
        while len(self._curves) < len(groups):
            curve = pg.PlotCurveItem(connect="pairs", antialias=True)
            curve.setZValue(3)
            self.addItem(curve, ignoreBounds=True)
            self._curves.append(curve)
        for curve, (_, colour), pairs in zip(self._curves, groups, lines, strict=True):
            curve.setPen(pg.mkPen(colour, width=1.5))
            flat = pairs.reshape(-1, 2)
            curve.setData(flat[:, 0], flat[:, 1], connect="pairs")

    def _hit(self, scene: QPointF) -> int:
        at = self.layer.nearest(scene, REACH)
        return -1 if at < 0 or self._points is None else self._id_at(at)

    def _id_at(self, at: int) -> int:
        assert self._points is not None
        assert self.layer.drawn is not None
        return int(self._points.ids[self.layer.drawn.rows[at]])

    def _on_moved(self, scene: QPointF) -> None:
        if not self.tools.busy:
            self.pointer.move(scene)
        elif self.pointer.hover >= 0 or self.pointer.shown >= 0:
            self.pointer.leave(at_once=True)

    def _on_hover(self, ident: int) -> None:
        place = self.position_of(ident) if ident >= 0 else None
        self.marks.ring = place
        if ident >= 0:
            self.marks.spot = None
        self.marks.update()
        if self.tools.tool == "go":
            self.setCursor(Qt.CursorShape.ArrowCursor if ident < 0 else Qt.CursorShape.PointingHandCursor)
        self.hovered.emit(ident)

    def _on_between(self, scene: QPointF) -> None:
        if self.look_between and self._points is not None and len(self._points):
            place = self.box.mapSceneToView(scene)
            self.between.emit(place.x(), place.y())

    def _on_clicked(self, event: Any) -> None:
        ident = self._hit(event.scenePos())
        if event.button() == Qt.MouseButton.RightButton:
            self.context.emit(ident, event.screenPos().toPoint())
        elif event.button() == Qt.MouseButton.LeftButton and ident >= 0:
            self.clicked.emit(ident, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def _on_chosen(self, rows: NDArray[np.int32], how: str) -> None:
        points = self._points
        if points is None:
            return
        chosen = np.zeros(len(points), bool)
        chosen[rows] = True
        before = points.chosen if points.chosen is not None else np.zeros(len(points), bool)
        now = {REPLACE: chosen, ADD: before | chosen, SUBTRACT: before & ~chosen}[how]
        self.selected.emit(points.ids[now])

    def _restyle(self) -> None:
        """Pens and grounds in the palette's colours."""
        role = QPalette.ColorRole
        base, text, accent = (self.palette().color(r) for r in (role.Base, role.Text, role.Highlight))
        self.setBackground(base)
        self.marks.text, self.marks.base, self.marks.accent = text, base, accent
        font = self.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.15)
        self.marks.font = font
        self.thumbnails.edge = text
        self.layer.ramp = density_ramp(self.dark)
        self.layer.refresh()
