"""Sweeps in the Train panel: the dialog that makes one, the page with what came of it, the list of all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from explorer.model.files import write_atomically
from explorer.model.runs import RunSummary
from explorer.model.sweep_table import SweepTable, sweeps_among
from explorer.panels.base import Services
from explorer.panels.train_form import Plan
from explorer.panels.train_results import SweepResults
from explorer.panels.train_sweep import SweepDialog
from explorer.workers.trainings import Trainings
from trainers import sweeps
from trainers.api import TrainerInfo

NONE_YET = "There is no sweep yet; “Sweep…” beside “Start training” makes one."


class Sweeps(QObject):
    """Emits `wanted(name)` for a sweep whose results shall be seen, and `made(name)` for one just made."""

    wanted = Signal(str)
    made = Signal(str)

    def __init__(self, trainings: Trainings, services: Services, window: QWidget) -> None:
        super().__init__(window)
        self.trainings, self.services, self.window = trainings, services, window
        self.dialog: SweepDialog | None = None
        self.known: dict[str, int] = {}
        self.shown = ""
        self.button = QToolButton()
        self.button.setText("Sweeps ▾")
        self.button.setAccessibleName("Sweeps and their results")
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.button)
        self.button.setMenu(self.menu)
        self.page = SweepResults(services.settings)
        self.page.written.connect(self._write)
        trainings.sweep_changed.connect(self._on_table)
        self.show_runs(())

    def ask(self, plan: Plan, info: TrainerInfo) -> None:
        """Ask which settings of a plan vary."""
        self.dialog = SweepDialog(plan, info, self.known, self.trainings, self.window)
        self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.dialog.asked.connect(self._make)
        self.dialog.open()

    def look_at(self, name: str) -> None:
        """Follow the results of a sweep (an empty name: of none)."""
        if name and name != self.page.data.name:
            self.page.show_table(SweepTable(name))
        self.shown = name
        self.trainings.look_at_sweep(name)

    def show_runs(self, runs: Sequence[RunSummary]) -> None:
        """What there is; the newest sweep first."""
        found = sweeps_among(runs)
        self.button.setEnabled(bool(found))
        self.button.setToolTip("Results of a sweep: a table and parallel coordinates" if found else NONE_YET)
        if found == self.known:
            return
        self.known = found
        self.menu.clear()
        for name, count in found.items():
            self.menu.addAction(f"{name} ({count} runs)").triggered.connect(partial(self.wanted.emit, name))

    def _make(self, plan: Plan, name: str, points: list[dict[str, Any]]) -> None:
        def told(runs: list[Any]) -> None:
            self.services.notices.told.emit(f"{len(runs)} runs of the sweep {name} are in the queue.")
            self.made.emit(name)

        self.trainings.do(lambda: sweeps.create(name, plan.family, plan.data, plan.settings, points), told)

    def _on_table(self, table: SweepTable) -> None:
        if table.name == self.shown:
            self.page.show_table(table)

    def _write(self, path: Path, text: str) -> None:
        def told(_: object) -> None:
            self.services.notices.told.emit(f"Wrote {path.name}.")

        self.trainings.do(lambda: write_atomically(path, text.encode()), told)
