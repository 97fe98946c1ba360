"""How long the GUI thread is held while things happen."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from explorer.bench.driven import Driven, window
from explorer.bench.load import training
from explorer.bench.measurement import Measurement, Plan, measured
from explorer.ui.watchdog import Watchdog

HELP = "the longest stall of the window during drags, a map and a training"
MOST_MS = 8.0


def measure(plan: Plan) -> Iterator[Measurement]:
    with tempfile.TemporaryDirectory(prefix="latent-explorer-bench-runs-") as folder:
        runs = Path(folder)
        with window(runs) as driven:
            watchdog = Watchdog()
            yield _idle(driven, watchdog, plan)
            yield _drag(driven, watchdog, plan, "drag")
            if "map" in driven.app.window.panels:
                yield _map(driven, watchdog)
            with training(runs):
                yield _train(driven, watchdog, plan)
                yield _drag(driven, watchdog, plan, "drag with a training")


def _idle(driven: Driven, watchdog: Watchdog, plan: Plan) -> Measurement:
    """The machine's own share: a window in which nothing happens."""
    watchdog.start()
    driven.idle(plan.seconds)
    return measured("stall.idle", watchdog.stop(), "ms", note="nothing happens: what the machine itself adds")


def _drag(driven: Driven, watchdog: Watchdog, plan: Plan, name: str) -> Measurement:
    slider = driven.choose(driven.generators()[0])
    watchdog.start()
    driven.drag(slider, plan.seconds)
    driven.idle(0.2)
    return _judged(name, watchdog)


def _map(driven: Driven, watchdog: Watchdog) -> Measurement:
    panel = driven.app.window.panels["map"]
    driven.app.window.show_panel("map")
    driven.wait(lambda: not panel.busy(), "the map panel")
    watchdog.start()
    panel.demonstrate()
    driven.wait(lambda: not panel.busy() and not driven.app.window.services.jobs.busy, "the map", 300)
    return _judged("map", watchdog)


def _train(driven: Driven, watchdog: Watchdog, plan: Plan) -> Measurement:
    panel = driven.app.window.panels["train"]
    driven.app.window.show_panel("train")
    panel.demonstrate()
    driven.wait(lambda: not panel.busy(), "the training")
    driven.idle(1.0)
    watchdog.start()
    driven.idle(plan.seconds)
    return _judged("training shown live", watchdog)


def _judged(name: str, watchdog: Watchdog) -> Measurement:
    longest = watchdog.stop()
    goal = f"at most {MOST_MS:g} ms"
    note = f"{len(watchdog.stalls)} stalls over 8 ms"
    return measured(f"stall.{name}", longest, "ms", goal=goal, holds=longest <= MOST_MS, note=note)
