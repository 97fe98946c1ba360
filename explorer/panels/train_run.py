"""One training in full: where it stands, its curves, samples, events, log, and what can be asked of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QDateTime, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QGridLayout,
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
from explorer.widgets.curves import CurvesView
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
    ("duplicate", "Copy to form", "Put these settings into the form of a new training"),
    ("delete", "Delete…", "Move this training's folder to the trash"),
)
UNDER_WAY = {"pause": "Pausing…", "resume": "Resuming…", "stop": "Stopping…", "continue": "Starting…"}


class RunView(QWidget):
    """Emits `asked(action)` (`ACTIONS` or `resume`), `sample_wanted(path)`, `smoothing_changed(window)`."""

    asked = Signal(str)
    sample_wanted = Signal(object)
    smoothing_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.detail: RunDetail | None = None
        self._sample: Path | None = None
        self._pending: dict[Path, tuple[str, Phase]] = {}
        self._opened: dict[Path, int] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
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
        if other or before is None or before.curves is not detail.curves:
            self.curves.show_curves(detail.curves)
        self._show_samples(detail.samples, other)
        if other or before is None or before.events is not detail.events:
            self._show_events(detail)
        if other or before is None or before.log != detail.log:
            self._show_log(detail.log)
        if other:
            self.facts.setPlainText(_facts(detail.summary))

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

    def opened(self, folder: Path, model_time: int) -> None:
        """This model of the run is in Explore; a later one can be loaded over it."""
        self._opened[folder] = model_time
        if self.detail is not None:
            self._show_buttons(self.detail.summary)

    # Building

    def _build_head(self, layout: QVBoxLayout) -> None:
        self.title = QLabel()
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.3)
        font.setBold(True)
        self.title.setFont(font)
        self.message = QLabel(wordWrap=True)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setAccessibleName("Progress of the training")
        self.numbers = QLabel()
        self.buttons = {name: QPushButton(text) for name, text, _ in ACTIONS}
        grid = QGridLayout()
        for index, (name, button) in enumerate(self.buttons.items()):
            grid.addWidget(button, index // 4, index % 4)
            button.clicked.connect(lambda _=False, name=name: self._on_button(name))
        for widget in (self.title, self.message, self.progress, self.numbers):
            layout.addWidget(widget)
        layout.addLayout(grid)

    def _build_tabs(self) -> QTabWidget:
        self.events = QListWidget()
        self.events.setAccessibleName("Events of the training")
        self.log = QPlainTextEdit(readOnly=True)
        self.log.setAccessibleName("Log of the training")
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.facts = QPlainTextEdit(readOnly=True)
        self.facts.setAccessibleName("Settings of the training")
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName("Samples, events, log and settings")
        for title, widget in (("Samples", self._build_samples()), ("Events", self.events), ("Log", self.log),
                              ("Settings", self.facts)):  # fmt: skip
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
        message = run.state.message or f"{DESCRIBE[run.phase].capitalize()}."
        if run.phase is Phase.INTERRUPTED:
            message = "Its process ended without a word; Continue goes on from the newest checkpoint."
        self.message.setText(f"{run.family} on {run.data} · {message}")
        self.progress.setValue(round(run.fraction * 1000))
        self.progress.setFormat(f"{DESCRIBE[run.phase]} · {run.fraction:.0%}")
        self.numbers.setText(_numbers(run))
        self._show_buttons(run)

    def _show_buttons(self, run: RunSummary) -> None:
        action, asked_in = self._pending.get(run.folder, ("", run.phase))
        if action and asked_in is not run.phase:
            del self._pending[run.folder]
            action = ""
        texts = {name: text for name, text, _ in ACTIONS}
        texts["pause"] = "Resume" if run.phase is Phase.PAUSED else "Pause"
        texts["stop"] = "Stopping…" if run.phase is Phase.STOPPING else "Stop"
        texts["continue"] = "Train longer…" if run.phase is Phase.FINISHED else "Continue"
        texts["open"] = self._open_text(run)
        if action in UNDER_WAY:
            texts["pause" if action == "resume" else action] = UNDER_WAY[action]
        for name, button in self.buttons.items():
            why = "A moment: it has been asked already." if action else _why_not(name, run)
            button.setText(texts[name])
            button.setEnabled(not why)
            button.setToolTip(why or next(tip for n, _, tip in ACTIONS if n == name))

    def _open_text(self, run: RunSummary) -> str:
        opened = self._opened.get(run.folder)
        return "Reload newer" if opened and opened != run.model_time else "Open in Explore"

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
            when = QDateTime.fromSecsSinceEpoch(int(event.get("time", 0))).toString("HH:mm:ss")
            words = (
                when,
                f"step {event.get('step', 0):,}",
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

    def _on_button(self, name: str) -> None:
        paused = self.detail is not None and self.detail.summary.phase is Phase.PAUSED
        self.asked.emit("resume" if name == "pause" and paused else name)


def _why_not(action: str, run: RunSummary) -> str:
    """Why an action can't be asked of a run now; empty when it can."""
    if action in ("pause", "stop", "checkpoint", "sample"):
        if run.phase is Phase.STOPPING:
            return "It is stopping."
        return "" if run.phase.live else "It is not running."
    if action == "continue":
        return "It is running." if run.phase.live else ""
    if action == "open":
        return "" if run.model_time else "There is no model yet; the first comes with the first checkpoint."
    if action == "delete":
        return "Stop it first." if run.phase.live else ""
    return ""


def _numbers(run: RunSummary) -> str:
    words = [f"{run.state.step:,} of {run.state.steps:,} steps"]
    if run.state.speed and run.phase.live:
        words.append(f"{run.state.speed:,.0f} images/s")
    words.append(f"{duration(run.state.seconds)} of training")
    if run.phase is Phase.TRAINING and run.state.seconds_left:
        words.append(f"{duration(run.state.seconds_left)} left")
    return " · ".join(words)


def _facts(run: RunSummary) -> str:
    head: dict[str, Any] = {
        "folder": run.folder,
        "family": run.family,
        "data": run.data,
        "recipe": run.recipe or "none",
    }
    return "\n".join(f"{name}: {value}" for name, value in {**head, **run.settings}.items())
