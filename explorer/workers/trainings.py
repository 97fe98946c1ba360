"""Trainings seen from the window: a thread reads the run folders, so that the GUI thread never does.

Snapshots arrive by queued signals, at most four times a second and only when something changed. What
touches the disk or processes otherwise (start, delete, read a model's header) goes through `do`.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from backends.errors import ExplorerError
from explorer.model.runs import RunDetail, RunReader, RunsReader, RunSummary
from explorer.model.sweep_table import SweepReader
from trainers import queued
from trainers.runs import Run
from trainers.stopping import Ending

POLL_S = 0.25
PUSH_S = 2.0  # between two looks at the queue
Task = tuple[Callable[[], Any], Callable[[Any], None] | None]


class Trainings(QObject):
    """Lives on the GUI thread; its signals arrive there. It reads only while `set_active(True)`."""

    runs_changed = Signal(object)  # list[RunSummary], newest first
    detail_changed = Signal(object)  # RunDetail of the watched run
    details_changed = Signal(object)  # list[RunDetail] of the compared runs
    sweep_changed = Signal(object)  # SweepTable of the sweep that is looked at
    at_once_changed = Signal(int)  # how many trainings of the queue run at once; another window may set it
    ending_changed = Signal(object, str)  # folder of a run that is being ended, what is being done to it
    problem = Signal(str, str)  # what happened, what to do
    _done = Signal(object, object)

    def __init__(self, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs = RunsReader(folder)
        self._reader: RunReader | None = None
        self._summaries: list[RunSummary] = []
        self._watched: Path | None = None
        self._smoothing = 1
        self._compared: dict[Path, RunReader] = {}
        self._details: dict[Path, RunDetail] = {}
        self._sweep: SweepReader | None = None
        self._endings: dict[Path, Ending] = {}
        self._new_comparison = False
        self._pushed = 0.0
        self._at_once = -1
        self._active = False
        self._trouble = ("", "")
        self._inbox: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._done.connect(self._finish)
        self._thread = threading.Thread(target=self._loop, name="trainings", daemon=True)
        self._thread.start()
        inbox = self._inbox  # the thread must end when the panel is deleted without a word
        self.destroyed.connect(lambda: inbox.put(None))

    def set_active(self, active: bool) -> None:
        """Begin or stop looking at the folders; actions work either way."""
        self._active = active
        self.look_now()

    def watch(self, folder: Path | None, smoothing: int = 1) -> None:
        """Whose detail is wanted, its curves averaged over `smoothing` measurements."""
        self._watched, self._smoothing = folder, smoothing
        self.look_now()

    def compare(self, folders: Sequence[Path], smoothing: int = 1) -> None:
        """Whose details are wanted side by side; none ends it."""
        wanted, self._smoothing = tuple(folders), smoothing

        def choose() -> None:
            self._compared = {folder: self._compared.get(folder) or RunReader(folder) for folder in wanted}
            self._details = {folder: old for folder, old in self._details.items() if folder in wanted}
            self._new_comparison = True

        self.do(choose)

    def look_at_sweep(self, name: str) -> None:
        """Whose results are wanted; an empty name ends it."""

        def choose() -> None:
            self._sweep = SweepReader(name) if name else None

        self.do(choose)

    def stop(self, folder: Path) -> None:
        """Ask a run to stop, and see to it that it does, if need be by force; `ending_changed` tells."""

        def begin() -> None:
            self._endings[folder] = Ending.begin(Run(folder))

        self.do(begin)

    def look_now(self) -> None:
        """Read at once instead of at the next turn."""
        self._inbox.put((_nothing, None))

    def do(self, action: Callable[[], Any], then: Callable[[Any], None] | None = None) -> None:
        """Run `action` on the thread and `then(result)` on the GUI thread; what fails is a `problem`."""
        self._inbox.put((action, then))

    def close(self) -> None:
        """End the thread; trainings go on."""
        self._inbox.put(None)
        self._thread.join(2.0)
        self._runs.close()

    def _finish(self, then: Callable[[Any], None], result: Any) -> None:
        then(result)

    def _loop(self) -> None:
        try:
            while self._take_one():
                self._carry_on_endings()
                if self._active:
                    self._look_once()
        except RuntimeError:  # the window is gone, and this object with it
            return

    def _take_one(self) -> bool:
        """Wait for the next task or the next turn; False at the end."""
        try:
            task = self._inbox.get(timeout=POLL_S if self._active or self._endings else None)
        except queue.Empty:
            return True
        if task is None:
            return False
        self._perform(*task)
        return True

    def _perform(self, action: Callable[[], Any], then: Callable[[Any], None] | None) -> None:
        try:
            result = action()
        except Exception as error:  # noqa: BLE001  the boundary: the thread must outlive a fault of ours
            self.problem.emit(*_words(error))
        else:
            if then is not None:
                self._done.emit(then, result)

    def _look_once(self) -> None:
        """Look, and tell of a fault when it is a new one: the next turn may go well, or find it again."""
        trouble = ("", "")
        try:
            self._look()
        except Exception as error:
            if not isValid(self):  # the window is gone, and this object with it
                raise
            trouble = _words(error)
            if trouble != self._trouble:
                self.problem.emit(*trouble)
        self._trouble = trouble

    def _carry_on_endings(self) -> None:
        for folder, ending in list(self._endings.items()):
            words = ending.words
            if ending.look():
                del self._endings[folder]
                self.ending_changed.emit(folder, "")
            elif ending.words != words:
                self.ending_changed.emit(folder, ending.words)

    def _push_the_queue(self) -> None:
        """Start what waits and fits; a training that was killed could not do it at its end."""
        if time.monotonic() - self._pushed < PUSH_S:
            return
        self._pushed = time.monotonic()
        if (count := queued.at_once(self._runs.folder)) != self._at_once:
            self._at_once = count
            self.at_once_changed.emit(count)
        try:
            queued.start_next(self._runs.folder)
        except ExplorerError as error:
            self.problem.emit(error.what, error.advice)

    def _look(self) -> None:
        self._push_the_queue()
        summaries = self._runs.read()
        if summaries != self._summaries:
            self._summaries = summaries
            self.runs_changed.emit(summaries)
        wanted = self._watched
        if self._reader is None or self._reader.run.folder != wanted:
            self._reader = RunReader(wanted) if wanted else None
        summary = next((s for s in summaries if s.folder == wanted), None)
        if self._reader is not None and summary is not None:
            detail = self._reader.read(summary, self._smoothing)
            if detail is not None:
                self.detail_changed.emit(detail)
        self._look_at_compared(summaries)
        if self._sweep is not None and (table := self._sweep.read(summaries)) is not None:
            self.sweep_changed.emit(table)

    def _look_at_compared(self, summaries: list[RunSummary]) -> None:
        known = {summary.folder: summary for summary in summaries}
        changed, self._new_comparison = self._new_comparison, False
        for folder, reader in self._compared.items():
            new = reader.read(known[folder], self._smoothing) if folder in known else None
            if new is not None:
                self._details[folder], changed = new, True
        if changed:
            self.details_changed.emit([self._details[f] for f in self._compared if f in self._details])


def _words(error: Exception) -> tuple[str, str]:
    """What happened, what to do."""
    if isinstance(error, ExplorerError):
        return error.what, error.advice
    if isinstance(error, OSError):
        what = f"{error.strerror or error}: {error.filename or ''}."
        return what, "Check the disk and the permissions."
    return f"This could not be done: {error!r}.", "See the log for details."


def _nothing() -> None:
    """What `look_now` has the thread do before it looks."""
