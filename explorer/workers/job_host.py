"""The process that runs jobs: `python -m explorer.workers.job_host`, one job at a time."""

from __future__ import annotations

import importlib
import os
import queue
import sys
import threading
import traceback
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from backends.errors import ExplorerError
from backends.wire import StreamClosed, read_message, write_message
from explorer.latent.task import Cancelled, Task

ALLOWED = (
    "explorer.latent.", "trainers.data", "trainers.prepared.", "trainers.toys.", "trainers.directions.",
    "trainers.probing.",
)  # fmt: skip
LAST_S = 2.0  # for a job to notice that nobody waits any more


def main() -> None:
    """Serve the standard streams; stray prints go to the error stream."""
    out = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    os.dup2(2, 1)
    serve(sys.stdin.buffer, out)


def serve(source: BinaryIO, out: BinaryIO) -> None:
    """Answer requests until the stream ends; a paused job lets the next one have its turn."""
    inbox: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
    running: dict[int, Task] = {}
    reader = threading.Thread(target=_read, args=(source, out, inbox, running), name="reader", daemon=True)
    reader.start()
    threads: list[threading.Thread] = []
    while (asked := inbox.get()) is not None:
        thread = threading.Thread(target=_run, args=(asked, out, running), name="job", daemon=True)
        thread.start()
        threads = [t for t in threads if t.is_alive()] + [thread]
    for thread in threads:
        thread.join(LAST_S)


@dataclass(frozen=True, eq=False)
class _Asked:
    """A job that came in, its task, and the lock that a running job holds."""

    head: dict[str, Any]
    arrays: dict[str, np.ndarray]
    task: Task
    turn: threading.Lock


def _read(
    source: BinaryIO, out: BinaryIO, inbox: queue.SimpleQueue[_Asked | None], running: dict[int, Task]
) -> None:
    """Take in jobs, and what running ones are told."""
    turn = threading.Lock()
    try:
        while True:
            head, arrays = read_message(source)
            stamp = head["stamp"]
            if head["verb"] == "run":
                task = Task(partial(_send, out, stamp), turn=turn, taken=bool(head.get("taken")))
                running[stamp] = task
                inbox.put(_Asked(head, arrays, task, turn))
            elif (told := running.get(stamp)) is not None:
                if head["verb"] == "cancel":
                    told.cancelled = True
                told.hear(head.get("changes", {}))
    except StreamClosed:
        for task in list(running.values()):
            task.cancelled = True
        inbox.put(None)


def _send(out: BinaryIO, stamp: int, kind: str, data: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    write_message(out, {"stamp": stamp, "kind": kind, "data": data}, arrays)


def _run(asked: _Asked, out: BinaryIO, running: dict[int, Task]) -> None:
    """One job from beginning to end; nobody else sends while it has its turn."""
    with asked.turn:
        try:
            _answer(asked, out)
        except StreamClosed:
            pass
        finally:
            del running[asked.head["stamp"]]


def _answer(asked: _Asked, out: BinaryIO) -> None:
    send, head = partial(_send, out, asked.head["stamp"]), asked.head
    try:
        result = _function(head["function"])(asked.task, asked.arrays, head["options"])
        data = result.pop("data", {}) if isinstance(result, dict) else {}
        send("result", data, result)
    except Cancelled:
        send("error", {"what": "Cancelled.", "advice": "", "cancelled": True}, {})
    except ExplorerError as error:
        send("error", {"what": error.what, "advice": error.advice}, {})
    except StreamClosed:
        raise
    except Exception as error:  # noqa: BLE001  the boundary that turns errors into messages
        details = traceback.format_exc()
        send("error", {"what": f"The analysis failed: {error}.", "advice": "", "details": details}, {})


def _function(name: str) -> Any:
    module, _, function = name.partition(":")
    if not module.startswith(ALLOWED):
        raise ExplorerError(f"{name} is not an analysis of Latent Explorer.")
    return getattr(importlib.import_module(module), function)


if __name__ == "__main__":
    main()
