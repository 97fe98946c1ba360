"""One training in full: where it stands, its curves, samples, events, log, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QDateTime, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSlider,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from explorer.model.runs import DESCRIBE, RunDetail, RunSummary, duration
from explorer.panels.train_latent import LatentPage
from explorer.panels.train_notes import NotesPage
from explorer.panels.train_settings import SettingsPage
from explorer.widgets.curves import CurvesView, Mark
from explorer.widgets.elided import ElidedLabel
from explorer.widgets.flow import flowing
from explorer.widgets.images import ImageView
from trainers.api import Phase

# Actions of the buttons: name, text, tip.
ACTIONS = (
    ("pause", "Pause", "Stop computing, but stay loaded"),
    ("stop", "Stop", "End this training and keep its model and a checkpoint to continue from"),
    ("continue", "Continue", "Go on from the newest checkpoint"),
    ("open", "Open in Explore", "Explore the newest model, while the training goes on"),
    ("checkpoint", "Checkpoint now", "Write a checkpoint and the model at the next step"),
    ("sample", "Sample now", "Draw a sample grid at the next step"),
    ("queue", "Add to queue", "Go on when there is room, after those that wait already"),
    ("duplicate", "Copy to form", "Put these settings into the form of a new training"),
    ("delete", "Delete…", "Move this training's folder to the trash"),
)
UNDER_WAY = {"pause": "Pausing…", "resume": "Resuming…", "stop": "Stopping…", "continue": "Starting…"}
OTHER_TEXTS = {  # that buttons have at times; they keep room for them, so that none ever moves
    "pause": ("Resume", UNDER_WAY["pause"], UNDER_WAY["resume"]),
    "stop": ("Leave queue", UNDER_WAY["stop"], "Terminating…", "Killing…"),
    "continue": ("Start now", "Train longer…", UNDER_WAY["continue"]),
    "open": ("Reload newer",),
    "queue": ("To the front",),
}


class RunView(QWidget):
    """Emits `asked(action)` (`ACTIONS` or `resume`), `sample_wanted(path)`, `smoothing_changed(window)`."""

    asked = Signal(str)
    sample_wanted = Signal(object)
    smoothing_changed = Signal(int)
    sweep_wanted = Signal(str)

    def __init__(self, latent: LatentPage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.latent = latent
        self.detail: RunDetail | None = None
        self._sample: Path | None = None
        self._pending: dict[Path, tuple[str, Phase]] = {}
        self._opened: dict[Path, int] = {}
        self._endings: dict[Path, str] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        self._build_head(layout)
        self.curves = CurvesView()
        self.curves.smoothing_changed.connect(self.smoothing_changed)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.curves)
        split.addWidget(self._build_tabs())
        split.setSizes([250, 330])
        split.setChildrenCollapsible(False)
        layout.addWidget(split, 1)

    def show_detail(self, detail: RunDetail) -> None:
        """Show a run, or what is new of it."""
        before, self.detail = self.detail, detail
        other = before is None or before.summary.folder != detail.summary.folder
        if other:
            self._sample = None
            self.picture.show_image(None)
        self._show_head(detail.summary)
        self.curves.set_growing(detail.summary.phase.live)
        if other or before is None or before.curves is not detail.curves:
            self.curves.show_curves(detail.curves)
        self._show_samples(detail.samples, other)
        if other or before is None or before.events is not detail.events:
            self._show_events(detail)
            self.curves.show_marks(_marks(detail))
        if other or before is None or before.log != detail.log:
            self._show_log(detail.log)
        self.settings.show_run(detail.summary)
        self.notes.show_run(detail.summary)
        self.latent.show_run(detail.summary)

    def show_sample(self, path: Path, image: NDArray[np.uint8]) -> None:
        """A sample grid that was asked for has been read."""
        if path == self._sample:
            self.picture.show_image(image)

    def pending(self, action: str) -> None:
        """An action was asked for: say so on its button until the phase changes."""
        if self.detail is not None:
            self._pending[self.detail.summary.folder] = (action, self.detail.summary.phase)
            self._show_buttons(self.detail.summary)

    def failed(self) -> None:
        """What was asked for could not be done: the buttons are as before."""
        if self.detail is not None:
            self._pending.pop(self.detail.summary.folder, None)
            self._show_buttons(self.detail.summary)

    def ending(self, folder: Path, words: str) -> None:
        """What is being done to a run that does not answer to a stop."""
        self._endings[folder] = words
        if self.detail is not None:
            self._show_buttons(self.detail.summary)

    def opened(self, folder: Path, model_time: int) -> None:
        """This model of the run is in Explore; a later one can be loaded over it."""
        self._opened[folder] = model_time
        if self.detail is not None:
            self._show_buttons(self.detail.summary)

    # Building

    def _build_head(self, layout: QVBoxLayout) -> None:
        self.title = ElidedLabel()
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.3)
        font.setBold(True)
        self.title.setFont(font)
        self.sweep = QPushButton("Results of its sweep")
        self.sweep.setFlat(True)
        self.sweep.clicked.connect(self._want_sweep)
        line = QHBoxLayout()
        line.addWidget(self.title, 1)
        line.addWidget(self.sweep)
        layout.addLayout(line)
        self.message = QLabel(wordWrap=True)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setAccessibleName("Progress of the training")
        self.numbers = QLabel(wordWrap=True)
        self.numbers.setToolTip("Steps, speed, time of training, estimated time left, memory of its process")
        self.buttons = {name: QPushButton(text) for name, text, _ in ACTIONS}
        for name, button in self.buttons.items():
            button.setMinimumWidth(_widest(button, (button.text(), *OTHER_TEXTS.get(name, ()))))
            button.clicked.connect(lambda _=False, name=name: self._on_button(name))
        buttons = flowing(*self.buttons.values(), gap=5)
        for widget in (self.message, self.progress, self.numbers, buttons):
            layout.addWidget(widget)

    def _build_tabs(self) -> QTabWidget:
        self.events = QListWidget()
        self.events.setAccessibleName("Events of the training")
        self.log = QPlainTextEdit(readOnly=True)
        self.log.setAccessibleName("Log of the training")
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.settings = SettingsPage()
        self.notes = NotesPage()
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName("Samples, your latent, events, log, settings and notes")
        pages = {"Samples": self._build_samples(), "Your latent": self.latent, "Events": self.events,
                 "Log": self.log, "Settings": self.settings, "Notes": self.notes}  # fmt: skip
        for title, widget in pages.items():
            self.tabs.addTab(widget, title)
        return self.tabs

    def _build_samples(self) -> QWidget:
        self.picture = ImageView("Sample grids appear here while it trains.")
        self.picture.setAcceptDrops(False)
        self.picture.set_smooth(
            True
        )  # a grid fills the room; whole-number scaling would leave most of it empty
        self.history = QSlider(Qt.Orientation.Horizontal)
        self.history.setAccessibleName("History of sample grids")
        self.history.setToolTip(
            "Earlier sample grids, from the same latents; at the right end it follows the newest"
        )
        self.history.valueChanged.connect(lambda _: self._want_sample())
        self.when = QLabel()
        self.when.setMinimumWidth(90)
        row = QHBoxLayout()
        row.addWidget(self.history, 1)
        row.addWidget(self.when)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.addWidget(self.picture, 1)
        layout.addLayout(row)
        return page

    # Showing

    def _show_head(self, run: RunSummary) -> None:
        self.title.setText(run.title)
        self.sweep.setVisible(bool(run.sweep))
        self.sweep.setToolTip(f"The other runs of the sweep {run.sweep}, in a table and side by side")
        message = run.state.message or f"{DESCRIBE[run.phase].capitalize()}."
        if run.phase is Phase.INTERRUPTED:
            message = f"{self._last_words()} Continue goes on from the newest checkpoint."
        if run.phase is Phase.QUEUED:
            message = f"Waits, number {run.place} in the queue. It starts when a training here ends."
        self.message.setText(f"{run.family} on {run.data} · {message}")
        self.progress.setValue(round(run.fraction * 1000))
        self.progress.setFormat(f"{DESCRIBE[run.phase]} · {run.fraction:.0%}")
        self.numbers.setText(_numbers(run))
        self._show_buttons(run)

    def _last_words(self) -> str:
        """The last line of the log of a process that could not say otherwise why it ended."""
        lines = self.detail.log.rstrip().splitlines() if self.detail is not None else []
        return (
            f"Its process ended. The log says: {lines[-1]}" if lines else "Its process ended without a word."
        )

    def _show_buttons(self, run: RunSummary) -> None:
        action, asked_in = self._pending.get(run.folder, ("", run.phase))
        if action and asked_in is not run.phase:
            del self._pending[run.folder]
            action = ""
        texts = {name: text for name, text, _ in ACTIONS}
        texts["pause"] = "Resume" if run.phase is Phase.PAUSED else "Pause"
        waits, ended = run.phase is Phase.QUEUED, run.phase is Phase.FINISHED
        texts["stop"] = "Leave queue" if waits else "Stopping…" if run.phase is Phase.STOPPING else "Stop"
        texts["continue"] = "Start now" if waits else "Train longer…" if ended else "Continue"
        texts["queue"] = "To the front" if waits else "Add to queue"
        texts["open"] = self._open_text(run)
        if action in UNDER_WAY:
            texts["pause" if action == "resume" else action] = UNDER_WAY[action]
        if run.phase.live and self._endings.get(run.folder):
            texts["stop"] = self._endings[run.folder]
        for name, button in self.buttons.items():
            why = "A moment: it has been asked already." if action else _why_not(name, run)
            button.setText(texts[name])
            button.setEnabled(not why)
            button.setToolTip(why or next(tip for n, _, tip in ACTIONS if n == name))

    def _open_text(self, run: RunSummary) -> str:
        opened = self._opened.get(run.folder)
        return "Reload newer" if opened and opened < run.model_time else "Open in Explore"

    def _show_samples(self, samples: tuple[Path, ...], other: bool) -> None:
        follows = other or self.history.value() == self.history.maximum()
        with QSignalBlocker(self.history):
            self.history.setRange(0, max(len(samples) - 1, 0))
            self.history.setEnabled(len(samples) > 1)
            if follows:
                self.history.setValue(self.history.maximum())
        self._want_sample()

    def _want_sample(self) -> None:
        samples = self.detail.samples if self.detail else ()
        if not samples:
            self.when.clear()
            return
        path = samples[min(self.history.value(), len(samples) - 1)]
        self.when.setText(f"step {int(path.stem):,}")
        if path != self._sample:
            self._sample = path
            self.sample_wanted.emit(path)

    def _show_events(self, detail: RunDetail) -> None:
        self.events.clear()
        for event in reversed(detail.events):
            when = QDateTime.fromSecsSinceEpoch(_time(event)).toString("HH:mm:ss")
            words = (
                when,
                f"step {_step(event):,.0f}",
                str(event.get("kind", "")),
                str(event.get("text", "")),
            )
            self.events.addItem("  ".join(word for word in words if word))

    def _show_log(self, text: str) -> None:
        bar = self.log.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        self.log.setPlainText(text)
        if at_end:
            bar.setValue(bar.maximum())

    def _want_sweep(self) -> None:
        if self.detail is not None:
            self.sweep_wanted.emit(self.detail.summary.sweep)

    def _on_button(self, name: str) -> None:
        paused = self.detail is not None and self.detail.summary.phase is Phase.PAUSED
        self.asked.emit("resume" if name == "pause" and paused else name)


def _widest(button: QPushButton, texts: Sequence[str]) -> int:
    """The width that a button needs for any of these."""
    first, widths = button.text(), []
    for text in texts:
        button.setText(text)
        widths.append(button.sizeHint().width())
    button.setText(first)
    return max(widths)


def _marks(detail: RunDetail) -> list[Mark]:
    """The events that are marked on the curves."""
    return [Mark(_step(e), str(e.get("kind", "")), str(e.get("text", ""))) for e in detail.events]


def _time(event: dict[str, Any]) -> int:
    time = event.get("time", 0)
    return int(time) if isinstance(time, int | float) and abs(time) < 1e11 else 0


def _step(event: dict[str, Any]) -> float:
    step = event.get("step", 0)
    return float(step) if isinstance(step, int | float) else 0.0


def _why_not(action: str, run: RunSummary) -> str:
    """Why an action can't be asked of a run now; empty when it can."""
    live = run.phase.live
    if action == "stop" and run.phase is Phase.QUEUED:
        return ""
    if action in ("pause", "stop", "checkpoint", "sample"):
        if run.phase is Phase.STOPPING:
            return "It is stopping."
        return "" if live else "It is not running."
    if action == "queue" and run.phase is Phase.FINISHED:
        return "It has done all its steps; “Train longer” adds more."
    if action == "queue" and run.place == 1:
        return "It is the next one."
    if action in ("continue", "queue"):
        return "It is running." if live else ""
    if action == "open":
        return "" if run.model_time else "There is no model yet; the first comes with the first checkpoint."
    if action == "delete":
        return "Stop it first." if live else ""
    return ""


def _numbers(run: RunSummary) -> str:
    words = [f"{run.state.step:,} of {run.state.steps:,} steps"]
    if run.state.speed and run.phase.live:
        words.append(f"{run.state.speed:,.0f} images/s")
    words.append(f"{duration(run.state.seconds)} of training")
    if run.phase is Phase.TRAINING and run.state.seconds_left:
        words.append(f"{duration(run.state.seconds_left)} left")
    if run.state.memory and run.phase.live:
        words.append(f"{run.state.memory / 1e9:.1f} GB")
    return " · ".join(words)
