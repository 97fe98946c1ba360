"""What can be done with the selected training: each asks, then works on the thread that reads the folders."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QFile, QObject, Signal
from PySide6.QtWidgets import QInputDialog, QMessageBox, QWidget

from backends.api import ModelInfo
from explorer.model.runs import RunSummary, newest_model
from explorer.panels.base import Services
from explorer.workers.trainings import Trainings
from trainers import changes, queued
from trainers import runs as run_folders
from trainers.api import Command as Control
from trainers.api import Phase
from trainers.registry import trainer
from trainers.runs import Run

CONTROLS = {"pause": Control.PAUSE, "resume": Control.RESUME,
            "checkpoint": Control.CHECKPOINT, "sample": Control.SAMPLE}  # fmt: skip
TOLD = {"checkpoint": "A checkpoint will be written at the next step.",
        "sample": "A sample grid will be drawn at the next step."}  # fmt: skip


class RunActions(QObject):
    """Emits `begun(action)` where the phase will change and `copied(run)`; `opened(info, folder, time)` for
    a model of the run in `folder`, written at `time` (ns).
    """

    begun = Signal(str)
    opened = Signal(object, object, object)
    copied = Signal(object)

    def __init__(self, trainings: Trainings, services: Services, window: QWidget) -> None:
        super().__init__(window)
        self.trainings, self.services, self.window = trainings, services, window
        self.dialog: QMessageBox | QInputDialog | None = None
        self._other: dict[str, Callable[[RunSummary], None]] = {
            "stop": self._stop, "continue": self._continue, "open": self._open, "queue": self._queue,
            "duplicate": self.copied.emit, "delete": self._ask_delete,
        }  # fmt: skip

    def act(self, action: str, run: RunSummary) -> None:
        """Do what a button says."""
        if action not in CONTROLS:
            self._other[action](run)
            return
        control = CONTROLS[action]
        self.trainings.do(lambda: Run(run.folder).send(control))
        if action in TOLD:
            self._tell(TOLD[action])
        else:
            self.begun.emit(action)

    def change(self, run: RunSummary, name: str, text: str) -> None:
        """Change one setting, now or when the run goes on."""
        kind = trainer(run.family).INFO.settings
        when = "from the next step on" if run.phase.live else "when it goes on"
        self.trainings.do(lambda: changes.ask(Run(run.folder), kind, {name: text}),
                          lambda lines: self._tell(f"{'; '.join(lines)} {when}."))  # fmt: skip

    def keep_notes(self, folder: Path, notes: str, tags: tuple[str, ...]) -> None:
        """Write a run's notes and tags."""
        self.trainings.do(lambda: Run(folder).write_notes(notes, tags))

    def _tell(self, text: str) -> None:
        self.services.notices.told.emit(text)

    def _stop(self, run: RunSummary) -> None:
        if run.phase is Phase.QUEUED:
            self.trainings.do(lambda: queued.remove(Run(run.folder)))
        else:
            self.trainings.stop(run.folder)
        self.begun.emit("stop")

    def _queue(self, run: RunSummary) -> None:
        """To the end of the queue; one that waits already, to its front."""
        act = queued.put_first if run.phase is Phase.QUEUED else queued.add
        self.trainings.do(lambda: act(Run(run.folder)))

    def _continue(self, run: RunSummary) -> None:
        if run.phase is not Phase.FINISHED or int(run.settings.get("steps", 0)) > run.state.step:
            self._go_on(run, 0)
            return
        dialog = QInputDialog(self.window)
        dialog.setWindowTitle("Train longer")
        dialog.setLabelText(f"{run.title} has done its {run.state.steps:,} steps. How many more?")
        dialog.setInputMode(QInputDialog.InputMode.IntInput)
        dialog.setIntRange(1, 10_000_000)
        dialog.setIntValue(max(run.state.steps // 2, 1))
        dialog.intValueSelected.connect(lambda more: self._go_on(run, more))
        self.dialog = dialog
        dialog.open()

    def _go_on(self, run: RunSummary, more: int) -> None:
        def go() -> None:
            if more:
                kind = trainer(run.family).INFO.settings
                changes.ask(Run(run.folder), kind, {"steps": run.state.steps + more})
            run_folders.start(Run(run.folder))

        self.begun.emit("continue")
        self.trainings.do(go)

    def _open(self, run: RunSummary) -> None:
        def show(found: tuple[ModelInfo, int]) -> None:
            info, time = found
            self.opened.emit(info, run.folder, time)

        self.trainings.do(lambda: newest_model(run.folder), show)

    def _ask_delete(self, run: RunSummary) -> None:
        box = QMessageBox(self.window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(f"Move the training “{run.title}” to the trash?")
        box.setInformativeText("Its checkpoints, samples and model go with it.")
        trash = box.addButton("Move to trash", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        trash.clicked.connect(lambda: self._trash(run))
        self.dialog = box
        box.open()

    def _trash(self, run: RunSummary) -> None:
        self.trainings.do(
            lambda: bool(QFile.moveToTrash(str(run.folder))), lambda moved: self._on_trashed(run, moved)
        )

    def _on_trashed(self, run: RunSummary, moved: bool) -> None:
        if moved:
            self._tell(f"{run.title} is in the trash.")
            return
        box = QMessageBox(self.window)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setText(f"There is no trash for “{run.title}”. Delete it for good?")
        box.setInformativeText(f"{run.folder} will be removed and can't be brought back.")
        remove = box.addButton("Delete for good", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        remove.clicked.connect(lambda: self.trainings.do(lambda: shutil.rmtree(run.folder)))
        self.dialog = box
        box.open()
