"""Train: choose what to learn and how, watch it learn, and explore it while it goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QFile, Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QInputDialog,
    QLabel,
    QMessageBox,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from backends import catalog
from backends.api import ModelInfo
from explorer.model.runs import RunDetail, RunSummary
from explorer.panels.base import Command, Panel, Services
from explorer.panels.train_form import Choices, NewTraining, Plan, read_choices
from explorer.panels.train_list import RunList
from explorer.panels.train_run import RunView
from explorer.workers.trainings import Trainings
from trainers import runs as run_folders
from trainers.api import Command as Control
from trainers.api import Phase, Settings
from trainers.registry import trainers_by_family
from trainers.runs import Run

CONTROLS = {"pause": Control.PAUSE, "resume": Control.RESUME, "stop": Control.STOP,
            "checkpoint": Control.CHECKPOINT, "sample": Control.SAMPLE}  # fmt: skip
TOLD = {"checkpoint": "A checkpoint will be written at the next step.",
        "sample": "A sample grid will be drawn at the next step."}  # fmt: skip
DEMONSTRATION = {"steps": 3000, "batch": 64, "latent": 8, "width": 16, "sample_every": 200}


class TrainPanel(Panel):
    """A list of trainings beside the form of a new one, or the training selected."""

    name = "train"
    title = "Train"
    order = 50
    tip = "Train models of your own, and watch them learn"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.trainings = Trainings(parent=self)
        self.trainings.runs_changed.connect(self._on_runs)
        self.trainings.detail_changed.connect(self._on_detail)
        self.trainings.problem.connect(self._on_problem)
        self.view: RunView | None = None
        self._selected: Path | None = None
        self._wanted: Path | None = None  # a run that was just made and is not listed yet
        self._started = self._demonstrating = False
        self._dialog: QMessageBox | QInputDialog | None = None
        self._saved: dict[str, Any] = {}
        self._build()

    def commands(self) -> list[Command]:
        def ask(action: str) -> Callable[[], bool | str]:
            return lambda: self._can(action)

        return [
            Command("train.new", "New training", self.show_form, "Train", "Ctrl+Shift+T"),
            Command("train.pause", "Pause or resume", self._pause_or_resume, "Train", enabled=ask("pause")),
            Command("train.stop", "Stop", lambda: self.act("stop"), "Train", enabled=ask("stop")),
            Command("train.continue", "Continue", lambda: self.act("continue"), "Train",
                    enabled=ask("continue")),
            Command("train.open", "Open in Explore", lambda: self.act("open"), "Train", enabled=ask("open")),
            Command("train.checkpoint", "Checkpoint now", lambda: self.act("checkpoint"), "Train",
                    enabled=ask("checkpoint")),
            Command("train.sample", "Sample now", lambda: self.act("sample"), "Train", enabled=ask("sample")),
            Command("train.duplicate", "Copy settings to form", lambda: self.act("duplicate"), "Train",
                    enabled=ask("duplicate")),
            Command("train.delete", "Delete training…", lambda: self.act("delete"), "Train",
                    enabled=ask("delete")),
        ]  # fmt: skip

    def busy(self) -> bool:
        """Whether the form or the selected training is still being read."""
        reading = self._selected is not None and (self.view is None or self.view.detail is None)
        return self._started and (self.form.choices is None or reading or self._demonstration_begins())

    def demonstrate(self) -> None:
        """The first training of the list; where there is none, a short one that is watched as it learns."""
        if self.list.count():
            self.list.setCurrentRow(0)
            return
        self._demonstrating = True
        settings = trainers_by_family()["vae"].settings.from_mapping(DEMONSTRATION)
        self.start("vae", "digits", settings, "digits-vae", "")

    def _demonstration_begins(self) -> bool:
        """Whether a demonstration has too little to see yet."""
        detail = self.view.detail if self.view is not None else None
        enough = detail is not None and (len(detail.samples) >= 3 or not detail.summary.phase.live)
        return self._demonstrating and not enough

    def settings_to_save(self) -> dict[str, Any]:
        plan = self.form.plan()
        form = {"family": plan.family, "data": plan.data, "settings": dict(plan.settings), "name": plan.name}
        saved = {"form": form if self.form.choices else self._saved.get("form", {})}
        return {**saved, "run": str(self._selected) if self._selected else ""}

    def restore_settings(self, saved: dict[str, Any]) -> None:
        self._saved = saved
        if self.form.choices is not None:
            self._restore_form()
        run = saved.get("run")
        self._wanted = Path(run) if isinstance(run, str) and run else None

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._started:
            self._started = True
            self.trainings.do(read_choices, self._on_choices)
        self.trainings.set_active(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.trainings.set_active(False)

    # What one can do

    def show_form(self) -> None:
        """Fill in a new training."""
        self._selected = None
        self.list.choose(None)
        self.trainings.watch(None)
        self.pages.setCurrentWidget(self.form)

    def select(self, folder: Path) -> None:
        """Look at a training."""
        self._selected = folder
        if self.view is None:
            # pyqtgraph takes half a second to import; the thread does it, so that the window doesn't wait.
            self.trainings.do(_import_curves, lambda _: self._make_view())
        smoothing = self.view.curves.smoothing if self.view else 1
        self.trainings.watch(folder, smoothing)
        self.pages.setCurrentWidget(self.view or self.waiting)

    def act(self, action: str) -> None:
        """Do what a button of the selected training says."""
        run = self._current()
        if run is None or self.view is None:
            return
        if action in CONTROLS:
            control = CONTROLS[action]
            self.trainings.do(lambda: Run(run.folder).send(control))
            if action in TOLD:
                self.services.notices.told.emit(TOLD[action])
            else:
                self.view.pending(action)
        else:
            {
                "continue": self._continue,
                "open": self._open,
                "duplicate": self._duplicate,
                "delete": self._ask_delete,
            }[action](run)

    def start(self, family: str, data: str, settings: Settings, name: str, recipe: str) -> None:
        """Make the folder of a training and start its process."""

        def make() -> Run:
            run = run_folders.create(family, data, settings, name, recipe)
            run_folders.start(run)
            return run

        self.form.start.setEnabled(False)  # until the run is there: two clicks are one training
        self.trainings.do(make, self._on_started)

    # Building

    def _build(self) -> None:
        self.new = QPushButton("New training")
        self.new.setToolTip("Fill in a new training (Ctrl+Shift+T)")
        self.new.clicked.connect(self.show_form)
        self.list = RunList()
        self.list.chosen.connect(self.select)
        self.form = NewTraining()
        self.form.start_asked.connect(self.start)
        self.waiting = QLabel("Reading the training…", alignment=Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.form)
        self.pages.addWidget(self.waiting)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.new)
        column.addWidget(self.list, 1)
        split = QSplitter()
        split.addWidget(left)
        split.addWidget(self.pages)
        split.setStretchFactor(1, 1)
        split.setSizes([210, 560])
        split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(split)

    def _make_view(self) -> None:
        if self.view is not None:
            return
        self.view = RunView()
        self.view.asked.connect(self.act)
        self.view.sample_wanted.connect(self._read_sample)
        self.view.smoothing_changed.connect(lambda window: self.trainings.watch(self._selected, window))
        self.pages.addWidget(self.view)
        if self._selected is not None:
            self.select(self._selected)

    # What arrives

    def _on_choices(self, choices: Choices) -> None:
        self.form.offer(choices)
        self._restore_form()

    def _restore_form(self) -> None:
        saved = self._saved.get("form")
        if isinstance(saved, dict) and saved.get("family"):
            settings = saved.get("settings")
            known = settings if isinstance(settings, dict) else {}
            family, data, name = (str(saved.get(key, "")) for key in ("family", "data", "name"))
            self.form.show_plan(Plan(family, data, known, name))

    def _on_runs(self, runs: list[RunSummary]) -> None:
        self.list.show_runs(runs)
        folders = [run.folder for run in runs]
        if self._wanted in folders:
            wanted, self._wanted = self._wanted, None
            self.list.choose(wanted)
        elif self._selected is not None and self._selected not in folders:
            self.show_form()

    def _on_detail(self, detail: RunDetail) -> None:
        if self.view is not None and detail.summary.folder == self._selected:
            self.view.show_detail(detail)

    def _on_started(self, run: Run) -> None:
        self._wanted = run.folder
        self.form.start.setEnabled(True)
        self.services.notices.told.emit(f"The training {run.name} has started.")

    def _on_problem(self, what: str, advice: str) -> None:
        self.form.start.setEnabled(not self.form.reason.text())
        if self.view is not None:
            self.view.failed()
        self.services.notices.problem.emit(what, advice)

    def _read_sample(self, path: Path) -> None:
        def show(image: NDArray[np.uint8]) -> None:
            if self.view is not None:
                self.view.show_sample(path, image)

        self.trainings.do(lambda: _read_picture(path), show)

    # The actions

    def _current(self) -> RunSummary | None:
        return self.list.summaries.get(self._selected) if self._selected else None

    def _can(self, action: str) -> bool | str:
        if self._current() is None or self.view is None:
            return "Select a training first."
        button = self.view.buttons[action]
        return button.isEnabled() or button.toolTip()

    def _pause_or_resume(self) -> None:
        run = self._current()
        self.act("resume" if run is not None and run.phase is Phase.PAUSED else "pause")

    def _continue(self, run: RunSummary) -> None:
        if run.phase is not Phase.FINISHED:
            self._go_on(run, 0)
            return
        dialog = QInputDialog(self)
        dialog.setWindowTitle("Train longer")
        dialog.setLabelText(f"{run.title} has done its {run.state.steps:,} steps. How many more?")
        dialog.setInputMode(QInputDialog.InputMode.IntInput)
        dialog.setIntRange(1, 10_000_000)
        dialog.setIntValue(max(run.state.steps // 2, 1))
        dialog.intValueSelected.connect(lambda more: self._go_on(run, more))
        self._dialog = dialog
        dialog.open()

    def _go_on(self, run: RunSummary, more: int) -> None:
        def go() -> None:
            if more:
                Run(run.folder).extend(run.state.steps + more)
            run_folders.start(Run(run.folder))

        if self.view is not None:
            self.view.pending("continue")
        self.trainings.do(go)

    def _open(self, run: RunSummary) -> None:
        def show(info: ModelInfo) -> None:
            again = info.path == self.session.state.model
            self.session.add_model(info)
            self.session.select_model(info.path)
            if again:  # other weights under the same path: everyone draws anew
                self.session.model_changed.emit()
                self.session.code_changed.emit()
            if self.view is not None:
                self.view.opened(run.folder, run.model_time)
            self.services.notices.told.emit(f"{info.name} of step {info.step:,} is the current model.")
            self._show_explore()

        self.trainings.do(lambda: catalog.read(Run(run.folder).model), show)

    def _show_explore(self) -> None:
        """Bring the tab to the front where the model is seen (there is none when this panel stands alone)."""
        tabs = self.parentWidget()
        while tabs is not None and not isinstance(tabs, QTabWidget):
            tabs = tabs.parentWidget()
        if tabs is None:
            return
        for page in (tabs.widget(i) for i in range(tabs.count())):
            if page is not None and page.objectName() == "explore":
                tabs.setCurrentWidget(page)

    def _duplicate(self, run: RunSummary) -> None:
        self.show_form()
        self.form.show_plan(Plan(run.family, run.data, run.settings, "", run.recipe))

    def _ask_delete(self, run: RunSummary) -> None:
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(f"Move the training “{run.title}” to the trash?")
        box.setInformativeText("Its checkpoints, samples and model go with it.")
        trash = box.addButton("Move to trash", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        trash.clicked.connect(lambda: self._trash(run))
        self._dialog = box
        box.open()

    def _trash(self, run: RunSummary) -> None:
        self.trainings.do(
            lambda: bool(QFile.moveToTrash(str(run.folder))), lambda moved: self._on_trashed(run, moved)
        )

    def _on_trashed(self, run: RunSummary, moved: bool) -> None:
        if moved:
            self.services.notices.told.emit(f"{run.title} is in the trash.")
            return
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setText(f"There is no trash for “{run.title}”. Delete it for good?")
        box.setInformativeText(f"{run.folder} will be removed and can't be brought back.")
        remove = box.addButton("Delete for good", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        remove.clicked.connect(lambda: self.trainings.do(lambda: shutil.rmtree(run.folder)))
        self._dialog = box
        box.open()


def _import_curves() -> None:
    import pyqtgraph  # noqa: F401


def _read_picture(path: Path) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


PANEL = TrainPanel
