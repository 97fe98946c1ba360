"""Drawing a map of a million points: repaints while panning and at rest, hover, the lasso."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
from PySide6.QtCore import QEventLoop, QPointF, QTimer

from explorer.app import make_qt
from explorer.bench.measurement import Measurement, Plan, late, measured, middle
from explorer.latent.palette import class_palette
from explorer.widgets.map_view.layer import MODES
from explorer.widgets.map_view.outline import Outline
from explorer.widgets.map_view.view import MapView

HELP = "repaints, hover and lasso of a map of a million points"
POINTS, QUICK_POINTS = 1_000_000, 50_000
CLASSES = 10
MOST_MS, MOST_MOVING_MS, MOST_EVER_MS = 20.0, 10.0, 60.0
MOST_HOVER_MS, MOST_LASSO_MS = 2.0, 5.0
PATIENCE_S = 20.0


def measure(plan: Plan) -> Iterator[Measurement]:
    make_qt()
    count = POINTS if plan.rounds > 1 else QUICK_POINTS
    view = shown(count)
    repeats = plan.moves
    for mode in MODES:
        view.set_mode(mode)
        yield from repaints(view, mode, repeats)
    view.set_mode("points")
    yield _judged("hover", times(lambda: view.layer.nearest(QPointF(400, 300), 14), repeats), MOST_HOVER_MS)
    yield lasso(view, repeats)
    view.close()


def shown(count: int) -> MapView:
    """A map of `count` points in classes, complete and at rest."""
    rng = np.random.default_rng(0)
    labels = rng.integers(CLASSES, size=count)
    middles = rng.normal(scale=6, size=(CLASSES, 2))
    positions = (middles[labels] + rng.normal(size=(count, 2))).astype(np.float32)
    view = MapView()
    view.resize(1000, 800)
    view.show()
    view.show_points(positions, class_palette(CLASSES)[labels])
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and (view.layer.drawn is None or view.layer.drawn.grid is None):
        _idle(50)
    _idle(300)
    return view


def repaints(view: MapView, mode: str, repeats: int) -> Iterator[Measurement]:
    """Synchronous repaints of the whole view: panning, and with all points at rest."""
    moving = times(lambda: view.viewport().repaint(), repeats, lambda: view.box.translateBy(x=0.02, y=0))

    def rest() -> None:
        view.layer.moving = False
        view.layer.refresh()

    still = times(lambda: view.viewport().repaint(), repeats, rest)
    yield _judged(f"{mode}.gesture", moving, MOST_MOVING_MS if mode == "points" else MOST_MS)
    yield _judged(f"{mode}.still", still, MOST_MS)
    longest = max([*moving, *still])
    yield measured(f"drawing.{mode}.longest", longest, "ms", goal=f"at most {MOST_EVER_MS:g} ms",
                   holds=longest <= MOST_EVER_MS)  # fmt: skip


def lasso(view: MapView, repeats: int) -> Measurement:
    """What a move of the lasso costs before the repaint: the mask and the count."""
    turn = np.linspace(0, 6, 100)
    corners = np.stack([500 + 250 * np.cos(turn), 400 + 200 * np.sin(turn)], axis=1)
    outline = Outline(view.layer)
    found = times(lambda: np.count_nonzero(outline.held(outline.mask(corners))), repeats)
    return _judged("lasso", found, MOST_LASSO_MS)


def times(
    run: Callable[[], object], repeats: int, before: Callable[[], object] = lambda: None
) -> list[float]:
    """Milliseconds of each of `repeats` runs; `before` each, untimed."""
    found = []
    for _ in range(repeats):
        before()
        began = time.perf_counter()
        run()
        found.append((time.perf_counter() - began) * 1000)
    return found


def _judged(name: str, found: list[float], most: float) -> Measurement:
    return measured(f"drawing.{name}", middle(found), "ms", goal=f"median at most {most:g} ms",
                    holds=middle(found) <= most, note=f"95th percentile {late(found):.1f} ms")  # fmt: skip


def _idle(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop, loop.quit)
    loop.exec()
