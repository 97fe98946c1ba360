"""Steps: watch a small generative model learn points in a plane, one step at a time."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from backends.api import Reply
from backends.errors import BadSettings
from explorer.panels.base import Command, Panel, Services
from explorer.panels.steps_choices import StepsChoices
from explorer.panels.steps_look import plane_of, real_of
from explorer.panels.steps_trace import Trace
from explorer.panels.steps_watch import ToyWatch
from explorer.widgets.curves import CurvesView
from explorer.widgets.flow import flowing
from explorer.widgets.plane_view import PlaneView
from explorer.workers.aside import Aside
from trainers.toys.presets import PRESETS, ToyPreset
from trainers.toys.sentences import sentence
from trainers.toys.settings import ToySettings

HINT = "Press Play, or choose what to show on the left. Space plays and pauses, → takes one step."
NO_GAME = "Only a game has two players: choose “Game (GAN)”."
SPEEDS = {"fastest": 0.0, "30 a second": 30.0, "10 a second": 10.0, "3 a second": 3.0, "1 a second": 1.0}
CURVES_S = 0.1  # between two drawings of the curves


class StepsPanel(Panel):
    """Choices on the left; the plane, one sentence, buttons and curves beside them."""

    name = "steps"
    title = "Steps"
    order = 80
    tip = "Watch a small generative model learn points in a plane, one step at a time"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.watch = ToyWatch(self)
        self.trace = Trace()
        self.curves: CurvesView | None = None  # once the panel was seen
        self.aside = Aside("curves", self)
        self.numbers: dict[str, Any] = {}  # measured at the step shown
        self.step = 0
        self._begun = ToySettings()  # what the toy shown began with, and what was changed since
        self._drawn_at = 0.0
        self._build()
        self._connect()
        self._show_nothing()

    # What one can do

    @property
    def settings(self) -> ToySettings:
        return self.choices.settings

    def restart(self) -> None:
        """A new toy with the same settings, before its first step."""
        self._show_nothing()
        if not self.watch.started:
            self.say("Starting…")  # torch takes seconds to load
        self.watch.begin(self.settings)

    def act(self, what: str, count: int = 1) -> None:
        """`step`, `critic` or `generator`, so many times; playing stops for it."""
        self._ensure()
        self.play(False)
        self.watch.act(what, count)

    def play(self, playing: bool) -> None:
        if playing:
            self._ensure()
        self.watch.play(playing)
        self.playing.setChecked(playing)
        self.playing.setText("Pause" if playing else "Play")

    def show_preset(self, preset: ToyPreset) -> None:
        """Begin anew with its settings, do what it does first, then play."""
        self._take(preset.settings)
        self.restart()
        for what, count in preset.acts:
            self.watch.act(what, count)
        self.play(True)
        self.say(preset.help)

    # What the window asks of a panel

    def commands(self) -> list[Command]:
        def game() -> bool | str:
            return self.settings.kind == "gan" or NO_GAME

        def command(name: str, text: str, run: Any, tip: str, enabled: Any = lambda: True) -> Command:
            return Command(f"steps.{name}", text, run, "Train/Steps", "", tip, enabled)

        return [
            command("play", "Play or pause the steps", lambda: self.play(not self.watch.playing),
                    "Let the small model learn, or hold it (Space in the panel)"),
            command("step", "One step", partial(self.act, "step"), "One whole step of both players (→)"),
            command("ten", "Ten steps", partial(self.act, "step", 10), "Ten whole steps"),
            command("critic", "A step of the critic alone", partial(self.act, "critic"),
                    "The generator stays as it is", game),
            command("generator", "A step of the generator alone", partial(self.act, "generator"),
                    "The critic stays as it is", game),
            command("restart", "Begin the steps anew", self.restart, "Same settings, same course"),
            *(command(f"show-{preset.name}", f"Show: {preset.title}", partial(self.show_preset, preset),
                      preset.help) for preset in PRESETS.values()),
        ]  # fmt: skip

    def busy(self) -> bool:
        return self.watch.busy or self.aside.busy

    def demonstrate(self) -> None:
        self._take(PRESETS["r1"].settings)
        self.restart()
        self.act("step", 500)

    def settings_to_save(self) -> dict[str, Any]:
        return {"settings": self.settings.to_json(), "speed": self.speed.currentData()}

    def restore_settings(self, saved: dict[str, Any]) -> None:
        try:
            self._take(ToySettings.from_mapping(saved.get("settings", {})))
        except (BadSettings, AttributeError, TypeError):
            return
        if (index := self.speed.findData(saved.get("speed"))) >= 0:
            self.speed.setCurrentIndex(index)
        if not self.watch.started:
            self._show_nothing()

    def shut_down(self) -> None:
        self.watch.close()

    # Within

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.play(not self.watch.playing)
        elif event.key() == Qt.Key.Key_Right:
            self.act("step")
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.aside.run(import_curves, lambda _: self._add_curves())
        self.watch.rest(False)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.watch.rest(True)

    def sizeHint(self) -> QSize:
        return QSize(760, 640)

    def say(self, text: str, warning: bool = False) -> None:
        """The sentence below the plane."""
        self.sentence.setText(f"⚠ {text}" if warning else text)

    def _ensure(self) -> None:
        if not self.watch.started:
            self.restart()

    def _take(self, settings: ToySettings) -> None:
        self.choices.show_settings(settings)
        self._allow()

    def _allow(self) -> None:
        """The two players are there in a game only."""
        game = self.settings.kind == "gan"
        for button, tip in (
            (self.critic, "The critic takes one step; the generator stays as it is"),
            (self.generator, "The generator takes one step; the critic stays as it is"),
        ):
            button.setEnabled(game)
            button.setToolTip(tip if game else NO_GAME)

    def _on_changed(self, settings: ToySettings) -> None:
        """Rates and weights take effect at once, everything else with a new toy."""
        self._allow()
        same = settings.shaped_like(self._begun)
        self._begun = settings
        if same and self.watch.started:
            self.watch.change(settings)
        elif self.watch.started:
            self.restart()
        else:
            self._show_nothing()

    def _on_frame(self, reply: Reply) -> None:
        arrays, data = reply.arrays, reply.data
        self.numbers, self.step = data["numbers"], int(data["step"])
        self.trace.add(data["curves"], arrays["rows"], time.monotonic() - self._since)
        self.plane.show_plane(plane_of(self.settings, arrays, self._real))
        self.steps.setText(f"step {self.step:,}")
        if self.step or not self.watch.playing:
            said = sentence(self.settings, self.step, self.numbers)
            self.say(said.text, said.warning)
        if not self.watch.playing or time.monotonic() - self._drawn_at >= CURVES_S:
            self._draw_curves()

    def _on_failed(self, what: str, advice: str) -> None:
        self.play(False)
        self.say(what, True)
        self.services.notices.problem.emit(what, advice)

    def _draw_curves(self) -> None:
        self._drawn_at = time.monotonic()
        if self.curves is not None:
            self.curves.show_curves(self.trace.lines(self.curves.smoothing))

    def _show_nothing(self) -> None:
        """The data alone."""
        self._begun = self.settings
        self._since = time.monotonic()
        self._real = real_of(self.settings)
        self.numbers, self.step = {}, 0
        self.trace.clear()
        self.plane.show_plane(plane_of(self.settings, {}, self._real))
        self.steps.setText("")
        self._draw_curves()
        self.say(HINT)

    def _connect(self) -> None:
        self.watch.framed.connect(self._on_frame)
        self.watch.failed.connect(self._on_failed)
        self.choices.changed.connect(self._on_changed)
        self.choices.preset_chosen.connect(self.show_preset)
        self.one.clicked.connect(lambda: self.act("step"))
        self.ten.clicked.connect(lambda: self.act("step", 10))
        self.critic.clicked.connect(lambda: self.act("critic"))
        self.generator.clicked.connect(lambda: self.act("generator"))
        self.playing.clicked.connect(self.play)
        self.again.clicked.connect(self.restart)
        self.speed.currentIndexChanged.connect(lambda _: self.watch.set_speed(self.speed.currentData()))

    def _build(self) -> None:
        self.choices = StepsChoices()
        self.plane = PlaneView("Real points, generated points, arrows and values")
        self.setFocusProxy(self.plane)
        self.sentence = QLabel(HINT)
        self.sentence.setWordWrap(True)
        self.sentence.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop)
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._build_buttons())
        column.addWidget(self.plane, 1)
        column.addWidget(self._build_legend())
        column.addWidget(self.sentence)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(upper)
        self.splitter.setChildrenCollapsible(False)
        row = QHBoxLayout(self)
        row.addWidget(self.choices)
        row.addWidget(self.splitter, 1)
        self._allow()

    def _add_curves(self) -> None:
        if self.curves is not None:
            return
        self.curves = CurvesView(everything=True)
        self.curves.events.hide()  # there are none
        self.curves.smoothing_changed.connect(lambda _: self._draw_curves())
        self.splitter.addWidget(self.curves)
        self.splitter.setSizes([460, 190])
        self.splitter.setStretchFactor(0, 1)
        self._draw_curves()

    def _build_buttons(self) -> QWidget:
        self.playing, self.again = QPushButton("Play"), QPushButton("Restart")
        self.playing.setCheckable(True)
        self.one, self.ten = QPushButton("Step"), QPushButton("10 steps")
        self.critic, self.generator = QPushButton("Critic only"), QPushButton("Generator only")
        tips = (
            (self.playing, "Play", "Learn step by step until told to pause (Space)"),
            (self.one, "One step", "One whole step: the critic's, then the generator's (→)"),
            (self.ten, "Ten steps", "Ten whole steps"),
            (self.critic, "Critic only", ""),
            (self.generator, "Generator only", ""),
            (self.again, "Restart", "Begin anew with the same settings: the same course again"),
        )
        for widget, name, tip in tips:
            widget.setAccessibleName(name)
            widget.setToolTip(tip)
            widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space and → to the plane
        return flowing(*(widget for widget, _, _ in tips), gap=4)

    def _build_legend(self) -> QWidget:
        parts = (
            ("values", "Values", "The critic's value or the density, as a soft ground"),
            ("real", "Real", "Points of the data, grey"),
            ("made", "Generated", "Points of the model, orange"),
            (
                "arrows",
                "Arrows",
                "What pulls at generated points; reconstructions; or the slope of the density",
            ),
        )
        self.parts: dict[str, QCheckBox] = {}
        for part, text, tip in parts:
            box = self.parts[part] = QCheckBox(text)
            box.setChecked(True)
            box.setAccessibleName(f"Show: {text}")
            box.setToolTip(tip)
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            box.toggled.connect(partial(self.plane.show_part, part))
        self.steps = QLabel("")
        self.speed = QComboBox()
        for text, value in SPEEDS.items():
            self.speed.addItem(text, value)
        self.speed.setAccessibleName("Speed")
        self.speed.setToolTip("How many steps a second while it plays")
        self.speed.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return flowing(*self.parts.values(), self.speed, self.steps, gap=10)


def import_curves() -> bool:
    """Half a second, on a thread, so that the window does not wait."""
    import pyqtgraph  # noqa: F401

    return True


PANEL = StepsPanel
