"""The real window, offscreen, with a home of its own, driven by real events and watched by the clock."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from backends.api import Capability, ExplorerError, ModelInfo
from explorer.app import App, Options, build, make_qt
from explorer.panels.explore import ExplorePanel
from explorer.panels.latent_rows import Sliders
from explorer.widgets.float_slider import FloatSlider
from explorer.widgets.images import ImageView

PATIENCE_S = 120.0
LOST_MS = 5000  # a picture that takes longer never came


@dataclass
class Driven:
    """A window one can time."""

    app: App

    @property
    def explore(self) -> ExplorePanel:
        panel = self.app.window.panels["explore"]
        assert isinstance(panel, ExplorePanel)
        return panel

    @property
    def picture(self) -> ImageView:
        return self.explore.picture

    def generators(self) -> list[ModelInfo]:
        """The models whose picture follows a slider in one step, by name."""
        models = self.app.window.services.session.models.values()
        found = [m for m in models if m.can_generate and not m.can(Capability.PARTIAL)]
        return sorted(
            (m for m in found if any(not p.seeded for p in Sliders(m.space).steered)), key=lambda m: m.name
        )

    def choose(self, model: ModelInfo) -> FloatSlider:
        """Make a model current, wait for its picture, and return its first slider."""
        self.app.window.show_panel("explore")
        self.app.window.services.session.select_model(model.path)
        self.settle()
        latent = self.app.window.panels["latent"]

        def sliders() -> list[FloatSlider]:
            found = latent.findChildren(FloatSlider)
            return [s for s in found if s.isVisible() and s.accessibleName() != "Truncation"]

        # A large latent space first finds its principal directions.
        self.wait(lambda: not latent.busy() and bool(sliders()), f"a slider of {model.name}")
        self.settle()
        return sliders()[0]

    def move(self, slider: FloatSlider) -> float:
        """Press an arrow key on a slider and wait until the new picture is painted: milliseconds."""
        key = Qt.Key.Key_Right if slider.number < slider.high - 0.5 else Qt.Key.Key_Home  # not at its end
        loop = QEventLoop()
        self.picture.painted.connect(loop.quit)
        QTimer.singleShot(LOST_MS, loop, loop.quit)
        began = time.perf_counter()
        QTest.keyClick(slider, key)
        loop.exec()
        took = (time.perf_counter() - began) * 1000
        self.picture.painted.disconnect(loop.quit)
        return took

    def drag(self, slider: FloatSlider, seconds: float) -> None:
        """Drag a slider to and fro at 60 Hz with the mouse."""
        width, y = slider.width(), slider.height() // 2
        QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=slider.rect().center())
        began = time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds:
            part = abs((elapsed % 2.0) - 1.0)  # there and back in two seconds
            QTest.mouseMove(slider, QPoint(round(part * (width - 1)), y))
            self.idle(1 / 60)
        QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=slider.rect().center())

    def idle(self, seconds: float) -> None:
        """Let the window do what it does."""
        loop = QEventLoop()
        QTimer.singleShot(round(seconds * 1000), loop, loop.quit)
        loop.exec()

    def settle(self) -> None:
        """Wait until nothing is on its way."""
        services = self.app.window.services
        self.wait(lambda: not (self.explore.busy() or services.host.busy), "the picture")
        self.idle(0.1)

    def wait(self, done: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
        end = time.monotonic() + patience_s
        while not done():
            self.idle(0.005)
            if time.monotonic() > end:
                raise ExplorerError(
                    f"{what} did not come within {patience_s:.0f} s.", "Try a quieter machine."
                )


@contextmanager
def window(runs: Path | None = None) -> Iterator[Driven]:
    """The window, shown and complete; `runs` is the folder of its trainings."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory(prefix="latent-explorer-bench-") as home:
        kept = os.environ.get("LATENT_EXPLORER_RUNS")
        os.environ["LATENT_EXPLORER_RUNS"] = str(runs or Path(home) / "runs")
        app = build(make_qt(), Options(home=Path(home)))
        driven = Driven(app)
        app.window.services.settings.setValue("told/trainings", "yes")  # nobody answers a question here
        try:
            app.window.resize(1280, 800)
            app.window.show()
            driven.wait(lambda: app.window.ready and app.window.services.host.state == "ready", "the window")
            driven.settle()
            yield driven
        finally:
            app.close()
            QApplication.processEvents()
            _put_back("LATENT_EXPLORER_RUNS", kept)


def _put_back(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
