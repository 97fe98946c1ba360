"""Train: choose what to learn and how, watch it learn, and explore it while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from backends.api import ModelInfo
from explorer.model.runs import RunDetail, RunSummary, found
from explorer.panels.base import Command, Panel, Services
from explorer.panels.train_actions import RunActions
from explorer.panels.train_compare import CompareRuns
from explorer.panels.train_form import Choices, NewTraining, Plan, read_choices
from explorer.panels.train_latent import LatentPage
from explorer.panels.train_list import RunList
from explorer.panels.train_prepare import PrepareDialog
from explorer.panels.train_queue import QueueLine
from explorer.panels.train_run import RunView
from explorer.panels.train_sweeps import NONE_YET, Sweeps
from explorer.workers.trainings import Trainings
from trainers import queued
from trainers import runs as run_folders
from trainers.api import Phase, Settings
from trainers.cluster import places
from trainers.registry import trainers_by_family
from trainers.runs import Run

DEMONSTRATION = {"steps": 3000, "batch": 64, "latent": 8, "width": 16, "sample_every": 200}


class TrainPanel(Panel):
    """A list of trainings beside the form of a new one, or the training selected."""

    name = "train"
    title = "Train"
    order = 70
    tip = "Train models of your own, and watch them learn"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.trainings = Trainings(parent=self)
        self.trainings.runs_changed.connect(self._on_runs)
        self.trainings.detail_changed.connect(self._on_detail)
        self.trainings.problem.connect(self._on_problem)
        self.trainings.details_changed.connect(self._on_details)
        self.doings = RunActions(self.trainings, services, self)
        self.doings.begun.connect(self._on_begun)
        self.doings.opened.connect(self._on_opened)
        self.doings.copied.connect(self._duplicate)
        self.sweeps = Sweeps(self.trainings, services, self)
        self.sweeps.wanted.connect(self.show_sweep)
        self.sweeps.made.connect(self.show_sweep)
        self.view: RunView | None = None
        self.comparison: CompareRuns | None = None
        self._runs: list[RunSummary] = []
        self._compared: list[Path] = []
        self._selected: Path | None = None
        self._early: RunDetail | None = None  # the newest; it may arrive before there is a view
        self._wanted: Path | None = None  # a run that was just made and is not listed yet
        self._started = self._demonstrating = False
        self._saved: dict[str, Any] = {}
        self._build()

    def commands(self) -> list[Command]:
        def ask(action: str) -> Callable[[], bool | str]:
            return lambda: self._can(action)

        return [
            Command("train.new", "New training", self.show_form, "Train", "Ctrl+Shift+T"),
            Command("train.prepare", "Prepare data…", self.prepare_data, "Train"),
            Command("train.sweep", "Sweep of the form's settings…", self.ask_sweep, "Train",
                    enabled=lambda: self.form.sweep.isEnabled() or self.form.reason.text() or "A moment."),
            Command("train.results", "Results of the newest sweep",
                    lambda: self.show_sweep(next(iter(self.sweeps.known))), "Train",
                    enabled=lambda: bool(self.sweeps.known) or NONE_YET),
            Command("train.pause", "Pause or resume", self._pause_or_resume, "Train", enabled=ask("pause")),
            Command("train.stop", "Stop", lambda: self.act("stop"), "Train", enabled=ask("stop")),
            Command("train.continue", "Continue", lambda: self.act("continue"), "Train",
                    enabled=ask("continue")),
            Command("train.open", "Open in Explore", lambda: self.act("open"), "Train", enabled=ask("open")),
            Command("train.checkpoint", "Checkpoint now", lambda: self.act("checkpoint"), "Train",
                    enabled=ask("checkpoint")),
            Command("train.sample", "Sample now", lambda: self.act("sample"), "Train", enabled=ask("sample")),
            Command("train.queue", "Add to queue or to its front", lambda: self.act("queue"), "Train",
                    enabled=ask("queue")),
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
        self.trainings.set_active(self.view is not None and self.latent.follows())

    # What one can do

    def show_form(self) -> None:
        """Fill in a new training."""
        self._selected, self._compared = None, []
        self.list.choose(None)
        self.trainings.watch(None)
        self.trainings.compare(())
        self.sweeps.look_at("")
        self.pages.setCurrentWidget(self.form)

    def select(self, folder: Path) -> None:
        """Look at a training."""
        self._selected, self._compared = folder, []
        self._make_views()
        self.trainings.compare(())
        self.sweeps.look_at("")
        self._watch(folder)
        self.pages.setCurrentWidget(self.view or self.waiting)

    def compare(self, folders: list[Path]) -> None:
        """Look at several trainings side by side."""
        self._selected, self._compared = None, folders
        self._make_views()
        self.trainings.watch(None)
        self.sweeps.look_at("")
        self.trainings.compare(folders, self.comparison.smoothing if self.comparison else 1)
        self.pages.setCurrentWidget(self.comparison or self.waiting)

    def ask_sweep(self) -> None:
        """Open the dialog that makes a sweep of the form's settings."""
        plan, choices = self.form.plan(), self.form.choices
        if choices is not None and plan.family in choices.families:
            self.sweeps.ask(plan, choices.families[plan.family])

    def show_sweep(self, name: str) -> None:
        """Look at what came of a sweep."""
        self._selected, self._compared = None, []
        self.list.choose(None)
        self.trainings.watch(None)
        self.trainings.compare(())
        self.sweeps.look_at(name)
        self.pages.setCurrentWidget(self.sweeps.page)

    def prepare_data(self, inputs: Sequence[Path] = ()) -> None:
        """Open the dialog that makes a data set of pictures; the form then has it."""
        self.preparing = PrepareDialog(self.services.jobs, inputs, self)
        self.preparing.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.preparing.prepared.connect(self.form.take_path)
        self.preparing.open()

    def act(self, action: str) -> None:
        """Do what a button of the selected training says."""
        run = self._current()
        if run is not None and self.view is not None:
            self.doings.act(action, run)

    def start(self, family: str, data: str, settings: Settings, name: str, recipe: str) -> None:
        """Make the folder of a training and start its process."""
        self._make(run_folders.start, family, data, settings, name, recipe)

    def queue(self, family: str, data: str, settings: Settings, name: str, recipe: str) -> None:
        """Make the folder of a training and put it into the queue."""
        self._make(queued.add, family, data, settings, name, recipe)

    def _make(self, begin: Callable[[Run], object], *asked: Any) -> None:
        wish = self.form.where.wish()

        def make() -> Run:
            run = run_folders.create(*asked)
            if wish is not None:
                places.assign(run, wish)
            begin(run)
            return run

        self.form.set_ready(False)  # until the run is there: two clicks are one training
        self.trainings.do(make, self._on_started)

    # Building

    def _build(self) -> None:
        self.new = QPushButton("New training")
        self.new.setToolTip("Fill in a new training (Ctrl+Shift+T)")
        self.new.clicked.connect(self.show_form)
        self.list = RunList()
        self.list.chosen.connect(self._on_chosen)
        self.list.itemClicked.connect(lambda _: self._on_clicked())
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search the trainings")
        self.search.setToolTip("Words of names, families, data, settings (latent=8), tags, notes or phases")
        self.search.textChanged.connect(lambda _: self._show_list())
        self.line = QueueLine()
        self.trainings.at_once_changed.connect(self.line.show_at_once)
        self.line.at_once_changed.connect(lambda n: self.trainings.do(lambda: queued.set_at_once(n)))
        self.form = NewTraining()
        self.form.where.remember_in(self.services.settings)
        self.form.start_asked.connect(self.start)
        self.form.queue_asked.connect(self.queue)
        self.form.prepare_asked.connect(self.prepare_data)
        self.form.sweep_asked.connect(self.ask_sweep)
        self.sweeps.page.chosen.connect(self._select_beside)
        self.sweeps.page.opened.connect(self._open_run)
        self.waiting = QLabel("Reading the training…", alignment=Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.form)
        self.pages.addWidget(self.waiting)
        self.pages.addWidget(self.sweeps.page)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        top = QHBoxLayout()
        top.addWidget(self.new, 1)
        top.addWidget(self.sweeps.button)
        column.addLayout(top)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        column.addWidget(self.line)
        split = QSplitter()
        split.addWidget(left)
        split.addWidget(self.pages)
        split.setStretchFactor(1, 1)
        split.setSizes([210, 560])
        split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(split)

    def _make_views(self) -> None:
        """pyqtgraph takes half a second to import; the thread does it, so that the window doesn't wait."""
        if self.view is None:
            self.trainings.do(_import_curves, lambda _: self._build_views())

    def _build_views(self) -> None:
        if self.view is not None:
            return
        self.latent = LatentPage(self.services, self.trainings.do)
        self.latent.followed.connect(self._show_newer)
        self.view, self.comparison = RunView(self.latent), CompareRuns()
        self.view.asked.connect(self.act)
        self.view.sample_wanted.connect(self._read_sample)
        self.view.smoothing_changed.connect(lambda window: self.trainings.watch(self._selected, window))
        self.view.settings.change_asked.connect(self._change)
        self.view.notes.edited.connect(self.doings.keep_notes)
        self.view.sweep_wanted.connect(self.show_sweep)
        self.trainings.ending_changed.connect(self.view.ending)
        self.comparison.smoothing_changed.connect(lambda n: self.trainings.compare(self._compared, n))
        self.pages.addWidget(self.view)
        self.pages.addWidget(self.comparison)
        if self.pages.currentWidget() is not self.waiting:
            self._watch(self._selected)
        elif self._selected is not None:
            self.select(self._selected)
        elif self._compared:
            self.compare(self._compared)
        if self._early is not None:
            self._on_detail(self._early)

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

    def _on_chosen(self, folders: list[Path]) -> None:
        if len(folders) > 1:
            self.compare(folders)
        elif folders and folders != [self._selected]:
            self.select(folders[0])

    def _on_clicked(self) -> None:
        """A click on the run that is selected already leaves the results of a sweep for it."""
        if self.pages.currentWidget() is self.sweeps.page and len(self.list.selected()) == 1:
            self.select(self.list.selected()[0])

    def _watch(self, folder: Path | None) -> None:
        self.trainings.watch(folder, self.view.curves.smoothing if self.view else 1)

    def _select_beside(self, folder: Path) -> None:
        """Select a run, and stay at the results of its sweep."""
        self._selected = folder
        with QSignalBlocker(self.list):
            self.list.choose(folder)
        self._make_views()
        self._watch(folder)

    def _open_run(self, folder: Path) -> None:
        with QSignalBlocker(self.list):
            self.list.choose(folder)
        self.select(folder)

    def _show_list(self) -> None:
        self.list.show_runs(found(self._runs, self.search.text()))

    def _on_runs(self, runs: list[RunSummary]) -> None:
        self._runs = runs
        self.line.show_runs(runs)
        self.sweeps.show_runs(runs)
        self._show_list()
        folders = [run.folder for run in runs]
        if self._wanted in folders:
            wanted, self._wanted = self._wanted, None
            self.search.clear()
            self.list.choose(wanted)
        elif self._selected is not None and self._selected not in folders:
            self.show_form()

    def _on_detail(self, detail: RunDetail) -> None:
        if detail.summary.folder == self._selected:
            self._early = detail
            if self.view is not None:
                self.view.show_detail(detail)
                if not self.isVisible() and not self.latent.follows():
                    self.trainings.set_active(False)  # what Explore followed has ended

    def _on_details(self, details: list[RunDetail]) -> None:
        if self.comparison is not None and [d.summary.folder for d in details] == self._compared:
            self.comparison.show_details(details)

    def _on_begun(self, action: str) -> None:
        if self.view is not None:
            self.view.pending(action)

    def _on_started(self, run: Run) -> None:
        self._wanted = run.folder
        self.form.set_ready(True)
        self.services.notices.told.emit(f"The training {run.name} is in the list.")

    def _on_problem(self, what: str, advice: str) -> None:
        self.form.set_ready(True)
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
        return next((run for run in self._runs if run.folder == self._selected), None)

    def _can(self, action: str) -> bool | str:
        if self._current() is None or self.view is None:
            return "Select a training first."
        button = self.view.buttons[action]
        return button.isEnabled() or button.toolTip()

    def _pause_or_resume(self) -> None:
        run = self._current()
        self.act("resume" if run is not None and run.phase is Phase.PAUSED else "pause")

    def _change(self, name: str, text: str) -> None:
        if (run := self._current()) is not None:
            self.doings.change(run, name, text)

    def _on_opened(self, info: ModelInfo, folder: Path, time: int) -> None:
        known = self.session.models.get(info.path)
        self._show_newer(info, folder, time)
        self.session.select_model(info.path)
        if known == info and self.session.state.model == info.path:  # everyone draws anew all the same
            self.session.model_changed.emit()
            self.session.code_changed.emit()
        self.services.notices.told.emit(f"{info.name} of step {info.step:,} is the current model.")
        self._show_explore()

    def _show_newer(self, info: ModelInfo, folder: Path, time: int) -> None:
        """Other weights under the same path: where it is the current model, everyone draws anew."""
        self.session.add_model(info)
        if self.view is not None:
            self.view.opened(folder, time)

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


def _import_curves() -> None:
    import pyqtgraph  # noqa: F401


def _read_picture(path: Path) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


PANEL = TrainPanel
