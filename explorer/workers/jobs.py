"""Long analysis in a process of its own: a plain function of `explorer.latent`, with progress and cancel.

A job is a function `f(task, arrays, options) -> dict of arrays` named `"explorer.latent.x:f"`;
`task` is a `Task` (see `explorer.latent.task`). One job runs at a time; the rest wait in order, and a
paused one lets them pass. A running job can be told things (`Job.tell`) that it looks up with `Task.told`.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from backends.api import Reply
from explorer.workers.child import Child

Handler = Callable[[Reply], None]
CANCEL_GRACE_MS = 800  # after this a job that doesn't look up is ended with its process


@dataclass(eq=False)
class Job:
    """A job that waits, runs or is paused. `cancel` answers at once and always works."""

    function: str
    arrays: dict[str, np.ndarray]
    options: dict[str, Any]
    on_result: Handler
    on_error: Handler
    on_partial: Handler | None = None
    on_progress: Handler | None = None
    stamp: int = 0
    done: bool = False
    paused: bool = False
    told: dict[str, Any] = field(default_factory=dict)  # before it began
    _cancel: Callable[[Job], None] | None = field(default=None, repr=False)
    _tell: Callable[[Job, dict[str, Any]], None] | None = field(default=None, repr=False)

    def cancel(self) -> None:
        if not self.done and self._cancel is not None:
            self._cancel(self)

    def tell(self, **changes: Any) -> None:
        """Tell the job what is wanted now: `pause` (true, false), and whatever its function reads.

        A job that still waits is told when it begins; one that is done hears nothing.
        """
        if not self.done and self._tell is not None:
            self._tell(self, changes)


class JobClient(QObject):
    """Runs jobs one after the other in a child process that is started at the first one."""

    problem = Signal(str, str)

    def __init__(self, launcher: Callable[[], Child], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._launcher = launcher
        self._stamps = itertools.count(1)
        self._child: Child | None = None
        self._waiting: deque[Job] = deque()
        self._sent: dict[int, Job] = {}  # running or paused, by stamp

    def run(
        self,
        function: str,
        arrays: dict[str, np.ndarray],
        options: dict[str, Any],
        *,
        on_result: Handler,
        on_error: Handler | None = None,
        on_partial: Handler | None = None,
        on_progress: Handler | None = None,
    ) -> Job:
        job = Job(
            function,
            arrays,
            options,
            on_result,
            on_error or self._report,
            on_partial,
            on_progress,
            next(self._stamps),
            _cancel=self._cancel,
            _tell=self._tell,
        )
        self._waiting.append(job)
        self._next()
        return job

    def warm_up(self) -> None:
        """Start the process now, so that the first job does not wait for its imports."""
        if self._child is None:
            self._child = self._start()

    @property
    def busy(self) -> bool:
        return bool(self._sent or self._waiting)

    def close(self) -> None:
        self._waiting.clear()
        self._sent.clear()
        if self._child is not None:
            self._child.stop()
            self._child = None

    def _start(self) -> Child:
        child = self._launcher()
        child.listen(self._on_arrived, self._on_lost)
        return child

    def _next(self) -> None:
        if not self._waiting or any(not job.paused for job in self._sent.values()):
            return
        self.warm_up()
        assert self._child is not None
        job = self._waiting.popleft()
        self._sent[job.stamp] = job
        head = {
            "verb": "run",
            "function": job.function,
            "options": job.options,
            "stamp": job.stamp,
            "taken": True,
        }
        self._child.send(head, job.arrays)
        if job.told:
            self._tell(job, job.told)

    def _tell(self, job: Job, changes: dict[str, Any]) -> None:
        if job in self._waiting:
            job.told.update(changes)
        elif job.stamp in self._sent and self._child is not None:
            self._child.send({"verb": "tell", "stamp": job.stamp, "changes": changes})
            job.paused = bool(changes.get("pause", job.paused))
            self._next()

    def _cancel(self, job: Job) -> None:
        job.done = True
        if job in self._waiting:
            self._waiting.remove(job)
        elif job.stamp in self._sent and self._child is not None:
            self._child.send({"verb": "cancel", "stamp": job.stamp})
            QTimer.singleShot(CANCEL_GRACE_MS, self, lambda: self._end(job))

    def _end(self, job: Job) -> None:
        """A cancelled job that is still running loses its process; a paused one only waits for its turn."""
        if job.stamp in self._sent and not job.paused and self._child is not None:
            self._child.stop()
            self._child = None
            del self._sent[job.stamp]
            self._fail_all("The analysis process was ended with another analysis that was given up.", "")
            self._next()

    def _on_arrived(self, head: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        job = self._sent.get(head["stamp"])
        if job is None:
            return
        reply = Reply(job.stamp, str(head["kind"]), head["data"], arrays)
        if reply.kind not in ("partial", "progress"):
            self._finish(job, reply)
            return
        handler = job.on_partial if reply.kind == "partial" else job.on_progress
        if handler and not job.done:
            handler(reply)
        if reply.data.get("frame") and self._child is not None:
            self._child.send({"verb": "tell", "stamp": job.stamp, "changes": {"taken": True}})

    def _finish(self, job: Job, reply: Reply) -> None:
        del self._sent[job.stamp]
        was_cancelled, job.done = job.done, True
        self._next()
        if not was_cancelled:
            (job.on_error if reply.kind == "error" else job.on_result)(reply)

    def _on_lost(self, tail: str) -> None:
        self._child = None
        self._fail_all("The analysis process ended unexpectedly.", tail)

    def _fail_all(self, what: str, details: str) -> None:
        for job in list(self._sent.values()):
            data = {"what": what, "advice": "Try again with fewer points.", "details": details}
            self._finish(job, Reply(job.stamp, "error", data))

    def _report(self, reply: Reply) -> None:
        self.problem.emit(*reply.problem)
