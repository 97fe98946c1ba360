"""What mixing and directions cost: a mix, the table of eight sources, SeFa, GANSpace, boundaries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from backends.api import ExplorerError, LatentSpace, ModelInfo, Part
from backends.catalog import scan
from explorer.bench.driven import Driven, window
from explorer.bench.measurement import Measurement, Plan, late, measured, middle
from explorer.latent.directions import class_means
from explorer.latent.directions.boundary import boundary
from explorer.latent.directions.closed_form import sefa
from explorer.panels.mix import MixPanel
from explorer.workers.headless import Host

HELP = "a mix on the screen, the 8 x 8 table, and directions"
MODEL, SIDE = "sprites-vae", 8
MOST_MIX_MS, MOST_TABLE_MS, MOST_SOON_MS, MOST_S = 33.0, 300.0, 100.0, 3.0
CODES, ALL_CODES = 4000, 10_000


def measure(plan: Plan) -> Iterator[Measurement]:
    info = next((m for m in scan().models if m.name == MODEL), None)
    if info is None:
        raise ExplorerError(f"{MODEL} isn't here.", "Restore assets/models.")
    with window() as driven:
        yield from on_screen(driven, info, plan)
    yield from searches(info, plan)


def on_screen(driven: Driven, info: ModelInfo, plan: Plan) -> Iterator[Measurement]:
    """From another choice, or another source, until the picture is painted."""
    panel = driven.app.window.panels["mix"]
    assert isinstance(panel, MixPanel)
    session = driven.app.window.services.session
    session.select_model(info.path)
    driven.app.window.show_panel("mix")
    panel.sources.fill()
    driven.wait(lambda: len(panel.scene.codes) == SIDE and not panel.busy(), "eight sources")
    turns = max(plan.moves * plan.rounds, 8)
    mixes = [_painted(driven, panel, panel.result.painted, panel.shuffle) for _ in range(turns)]
    p95 = late(mixes[3:])
    yield measured("mix.mix", p95, "ms", goal=f"at most {MOST_MIX_MS:g} ms", holds=p95 <= MOST_MIX_MS,
                   note="95th percentile, 64 x 64 colour")  # fmt: skip
    panel.pages.setCurrentWidget(panel.whole_table)
    driven.wait(lambda: not panel.busy(), "the table")
    panel.sources.follow.setChecked(True)
    driven.wait(lambda: not panel.busy(), "the table")
    seeds = iter(range(1, 1000))
    grid = panel.whole_table.grid

    def another() -> None:
        session.set_seed(next(seeds))

    tables = [_painted(driven, panel, grid.painted, another) for _ in range(max(turns // 4, 6))]
    found = middle(tables[1:])
    yield measured("mix.table", found, "ms", goal=f"at most {MOST_TABLE_MS:g} ms",
                   holds=found <= MOST_TABLE_MS,
                   note="8 x 8 pictures of 64 x 64 after a source has changed")  # fmt: skip


def _painted(driven: Driven, panel: MixPanel, painted: object, change: Callable[[], None]) -> float:
    """Milliseconds from a change until nothing is on its way and the picture was painted after it."""
    seen: list[float] = []

    def note() -> None:
        seen.append(time.perf_counter())

    painted.connect(note)  # type: ignore[attr-defined]
    began = time.perf_counter()
    change()
    driven.wait(lambda: bool(seen) and not panel.busy(), "the picture")
    driven.app.qt.processEvents()
    painted.disconnect(note)  # type: ignore[attr-defined]
    driven.idle(0.02)
    return (seen[-1] - began) * 1000


def searches(info: ModelInfo, plan: Plan) -> Iterator[Measurement]:
    """Directions as the host and the science give them, without the window."""
    part = info.space.main
    with Host(threads=1) as host:
        host.call("load", info.path)
        took = _timed(lambda: sefa(part, host.call("weight", info.path).arrays["weight"]), plan.rounds)
        yield measured("mix.sefa", took * 1000, "ms", goal=f"at most {MOST_SOON_MS:g} ms",
                       holds=took * 1000 <= MOST_SOON_MS, note="the weight fetched too")  # fmt: skip
        options = {"layer": 0, "samples": ALL_CODES, "count": 12}
        took = _timed(lambda: host.call("components", info.path, options=options), 1)
        yield measured("mix.ganspace", took, "s", goal=f"under {MOST_S:g} s", holds=took < MOST_S,
                       note=f"{ALL_CODES:,} codes through the first layer")  # fmt: skip
    values, inside = _two_clouds(part)
    took = _timed(lambda: class_means(part, values, inside, ~inside), plan.rounds)
    yield measured("mix.means", took * 1000, "ms", goal=f"at most {MOST_SOON_MS:g} ms",
                   holds=took * 1000 <= MOST_SOON_MS, note=f"{CODES:,} codes, with validation")  # fmt: skip
    wide = LatentSpace((Part("z", (64,)),))
    values, inside = _two_clouds(wide.main)
    boundary(wide.main, values[:200], inside[:200])  # scikit-learn is imported
    took = _timed(lambda: boundary(wide.main, values, inside, share=0.5), 1)
    yield measured("mix.svm", took, "s", goal=f"under {MOST_S:g} s", holds=took < MOST_S,
                   note=f"{CODES:,} codes of 64, all of them used")  # fmt: skip


def _two_clouds(part: Part) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    values = part.sample(rng, CODES)
    return values, values[:, 0] + rng.standard_normal(CODES) > 0


def _timed(work: Callable[[], object], turns: int) -> float:
    """The median of so many turns, in seconds."""
    times = []
    for _ in range(max(turns, 1)):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return middle(times)
