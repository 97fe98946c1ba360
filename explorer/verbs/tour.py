"""Drive the real window through every panel and keep a picture of each: README's pictures, and a test.

Nothing is faked: the window starts as for a person, with a home folder of its own, each panel shows
what its `demonstrate` brings up, and a picture is taken when nothing is on its way any more.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from backends.api import Capability
from backends.errors import ExplorerError
from trainers.runs import list_runs

if TYPE_CHECKING:
    from explorer.app import App
    from explorer.panels.base import Panel

HELP = "drive the window through every panel without a screen and save a picture of each"
QUIET_S = 0.4  # nothing on its way for so long means that a picture is complete
PATIENCE_S = 300.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path("tour"), help="folder for the pictures")
    parser.add_argument("--size", default="1440x900", help="width and height of the window")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--model", default="", help="name or file of the model to show (else the first one)")
    parser.add_argument("--only", default="", help="one panel, by its name")
    parser.add_argument(
        "--families", action="store_true", help="one model of each family in Explore and Inside instead"
    )


def run(args: argparse.Namespace) -> int:
    width, height = _size(args.size)
    args.out.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory(prefix="latent-explorer-tour-") as home:
        os.environ["LATENT_EXPLORER_RUNS"] = str(Path(home) / "runs")  # nobody's trainings are touched
        app = _open(Path(home), args.model)
        try:
            app.window.choose_theme(args.theme)
            app.window.resize(width, height)
            app.window.show()
            _wait(app, lambda: app.window.ready and app.window.services.host.state == "ready", "the window")
            for name, panel in _families(app) if args.families else _stops(app, args.only):
                shown = args.out / f"{name}.png"
                print(_photograph(app, panel, shown, demonstrate=not args.families), flush=True)
        finally:
            app.window.services.settings.setValue("told/trainings", "yes")  # nobody is there to read it
            app.close()
            _end_trainings()
    return 0


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    sane = width.isdigit() and height.isdigit() and 640 <= int(width) <= 7680 and 480 <= int(height) <= 4320
    if not sane:
        raise ExplorerError(f"{text!r} is no size for a window.", "Write it like 1440x900.")
    return int(width), int(height)


def _open(home: Path, model: str) -> App:
    from backends.catalog import find
    from explorer.app import Options, build, make_qt

    path = find(model).path if model else ""
    return build(make_qt(), Options(home=home, model=path))


def _families(app: App) -> Iterator[tuple[str, Panel]]:
    """Explore, and Inside where there is something to see, with the first model of each family."""
    session, seen = app.window.services.session, set()
    for info in list(session.models.values()):
        if info.family not in seen and info.can_generate:
            seen.add(info.family)
            session.select_model(info.path)
            yield f"explore-{info.family}", app.window.panels["explore"]
            if info.views or Capability.COMPLETES in info.capabilities:
                yield f"inside-{info.family}", app.window.panels["inside"]


def _stops(app: App, only: str) -> list[tuple[str, Panel]]:
    panels = [panel for panel in app.window.panels.values() if panel.area == "centre"]
    panels.sort(key=lambda panel: panel.order)
    chosen = [panel for panel in panels if only in ("", panel.name)]
    if not chosen:
        names = ", ".join(panel.name for panel in panels)
        raise ExplorerError(f"There is no panel named {only!r}.", f"The panels are: {names}.")
    return [(panel.name, panel) for panel in chosen]


def _end_trainings() -> None:
    """The training that the tour began must not outlive its folder."""
    trainings = [run.state() for run in list_runs()]
    processes = [psutil.Process(t.pid) for t in trainings if t.phase.live]
    for process in processes:
        process.kill()
    psutil.wait_procs(processes, timeout=10)


def _photograph(app: App, panel: Panel, path: Path, *, demonstrate: bool) -> Path:
    session = app.window.services.session
    model = session.state.model
    app.window.show_panel(panel.name)
    _settle(app, panel)
    if demonstrate:
        panel.demonstrate()
        _settle(app, panel)
    if not app.window.grab().save(str(path)):
        raise ExplorerError(f"{path} can't be written.", "Choose another folder with --out.")
    session.select_model(model)  # a panel may have shown another one
    return path


def _settle(app: App, panel: Panel) -> None:
    """Wait until nothing has been on its way for a while."""
    services = app.window.services
    quiet_since = time.monotonic()

    def still() -> bool:
        nonlocal quiet_since
        if panel.busy() or services.host.busy or services.jobs.busy:
            quiet_since = time.monotonic()
        return time.monotonic() - quiet_since > QUIET_S

    _wait(app, still, f"the panel {panel.title}")


def _wait(app: App, done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not done():
        app.qt.processEvents()
        time.sleep(0.005)
        if time.monotonic() > end:
            raise ExplorerError(
                f"{what} is still busy after {PATIENCE_S:.0f} s.", "Try again on a quieter machine."
            )
