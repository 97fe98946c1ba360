"""Trainings seen from the window: a thread reads the run folders, so that the GUI thread never does.

Snapshots arrive by queued signals, at most four times a second and only when something changed. What
touches the disk or processes otherwise (start, delete, read a model's header) goes through `do`.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from backends.errors import ExplorerError
from explorer.model.runs import RunReader, RunsReader, RunSummary

POLL_S = 0.25
Task = tuple[Callable[[], Any], Callable[[Any], None] | None]


class Trainings(QObject):
    """Lives on the GUI thread; its signals arrive there. It reads only while `set_active(True)`."""

    runs_changed = Signal(object)  # list[RunSummary], newest first
    detail_changed = Signal(object)  # RunDetail of the watched run
    problem = Signal(str, str)  # what happened, what to do
    _done = Signal(object, object)

    def __init__(self, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs = RunsReader(folder)
        self._reader: RunReader | None = None
        self._summaries: list[RunSummary] = []
        self._watched: Path | None = None
        self._smoothing = 1
        self._active = False
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

    def _finish(self, then: Callable[[Any], None], result: Any) -> None:
        then(result)

    def _loop(self) -> None:
        try:
            while self._take_one():
                if self._active:
                    self._look()
        except RuntimeError:  # the window is gone, and this object with it
            return

    def _take_one(self) -> bool:
        """Wait for the next task or the next turn; False at the end."""
        try:
            task = self._inbox.get(timeout=POLL_S if self._active else None)
        except queue.Empty:
            return True
        if task is None:
            return False
        self._perform(*task)
        return True

    def _perform(self, action: Callable[[], Any], then: Callable[[Any], None] | None) -> None:
        try:
            result = action()
        except ExplorerError as error:
            self.problem.emit(error.what, error.advice)
        except OSError as error:
            self.problem.emit(
                f"{error.strerror or error}: {error.filename or ''}.", "Check the disk and the permissions."
            )
        except Exception as error:  # noqa: BLE001  the boundary: the thread must outlive a fault of ours
            self.problem.emit(f"This could not be done: {error!r}.", "See the log for details.")
        else:
            if then is not None:
                self._done.emit(then, result)

    def _look(self) -> None:
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


def _nothing() -> None:
    """What `look_now` has the thread do before it looks."""
