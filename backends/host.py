"""The process that holds models on the device and answers requests: `python -m backends.host`.

It speaks `backends.wire` on its standard streams. A thread reads; the main loop takes what has
arrived before every step, and a step is the next bit of the most urgent request. So a hand on a slider
waits for one chunk of a bulk job at most. The loop outlives every request's fault. At the end of
its input it exits. `serve` runs the same on any two streams, for example in a thread. With `--far` it is
the host of another machine's window, over ssh (`backends.far`).
"""

from __future__ import annotations

import ctypes
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from backends.answers import VERBS, Replies, where
from backends.api import Reply, Request
from backends.errors import BadRequest, ExplorerError
from backends.loaded import Shelf
from backends.wire import StreamClosed, read_message, write_message

Message = tuple[dict[str, Any], dict[str, np.ndarray]] | None
PR_SET_PDEATHSIG = 1


@dataclass(eq=False)
class Task:
    """A request under way. `turn` is when it last had its turn, so that equals alternate."""

    request: Request
    replies: Replies
    turn: int

    @property
    def urgency(self) -> tuple[int, int]:
        return self.request.priority, self.turn


class Host:
    """The loop over one pair of streams."""

    def __init__(self, shelf: Shelf, sink: BinaryIO) -> None:
        self.shelf = shelf
        self._sink = sink
        self._tasks: list[Task] = []
        self._turn = 0

    def run(self, inbox: queue.SimpleQueue[Message]) -> None:
        """Answer what arrives until a None does. Raises `StreamClosed` when nobody listens any more."""
        self.say(Reply(0, "result", {"verb": "ready", **where(self.shelf)}))
        while True:
            while not self.ready() or not inbox.empty():
                message = inbox.get()
                if message is None:
                    return
                self.accept(*message)
            self.step()

    def ready(self) -> list[Task]:
        """The tasks whose replies could be taken now."""
        return self._tasks

    def accept(self, head: Mapping[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Take in one message: a request, or `cancel` of one."""
        try:
            request = _request(head, arrays)
            if request.verb == "cancel":
                self._tasks = [t for t in self._tasks if t.request.stamp != request.stamp]
                return
            if request.verb not in VERBS:
                known = ", ".join(VERBS)
                raise BadRequest(f"The model host can't {request.verb!r}.", f"It can: {known}.")
            self._turn += 1
            self._tasks.append(Task(request, VERBS[request.verb](self.shelf, request), self._turn))
        except Exception as error:  # noqa: BLE001 - boundary: any fault of a request becomes its answer
            self.say(_failure(int(head.get("stamp") or 0), str(head.get("verb")), error))

    def step(self) -> None:
        """One step of the most urgent task."""
        task = min(self.ready(), key=lambda t: t.urgency)
        self._turn += 1
        task.turn = self._turn
        try:
            reply = next(task.replies)
        except StreamClosed:
            raise
        except Exception as error:  # noqa: BLE001 - boundary: any fault of a request becomes its answer
            reply = _failure(task.request.stamp, task.request.verb, error)
        if reply.kind in ("result", "error"):
            self._tasks.remove(task)
        self.say(reply, task.request)

    def say(self, reply: Reply, request: Request | None = None) -> None:
        """Send a reply, to `request` where it is known."""
        head = {"stamp": reply.stamp, "kind": reply.kind, "data": reply.data}
        write_message(self._sink, head, reply.arrays)


def serve(source: BinaryIO, sink: BinaryIO, device: str = "auto") -> None:
    """Answer requests from `source` into `sink` until it ends."""
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(source, inbox), name="host reader", daemon=True).start()
    try:
        Host(Shelf(device), sink).run(inbox)
    except StreamClosed:
        return


def _read(source: BinaryIO, inbox: queue.SimpleQueue[Message]) -> None:
    try:
        with source:
            while True:
                inbox.put(read_message(source))
    except (StreamClosed, ValueError, KeyError, TypeError):  # ended, or no longer our protocol
        inbox.put(None)


def _request(head: Mapping[str, Any], arrays: dict[str, np.ndarray]) -> Request:
    return Request(
        verb=str(head["verb"]),
        model=str(head.get("model") or ""),
        options=dict(head.get("options") or {}),
        arrays=arrays,
        priority=int(head.get("priority") or 0),
        stamp=int(head["stamp"]),
    )


def _failure(stamp: int, verb: str, error: Exception) -> Reply:
    if isinstance(error, ExplorerError):
        return Reply(stamp, "error", {"what": error.what, "advice": error.advice})
    details = "".join(traceback.format_exception(error))
    what = f"The model host failed to {verb}: {type(error).__name__}: {error}"
    advice = "This is a fault of Latent Explorer; please report it with the details."
    return Reply(stamp, "error", {"what": what, "advice": advice, "details": details})


def main() -> None:
    """Serve the standard streams. Prints of any library go to the error stream, not into ours."""
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # Ctrl+C in a terminal is for the parent, which then closes our input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()
    if "--far" in sys.argv[1:]:
        from backends.far import serve_far

        serve_far(sys.stdin.buffer, sink)
    else:
        serve(sys.stdin.buffer, sink)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    main()
