"""The process that runs jobs: `python -m explorer.workers.job_host`, one job at a time."""

from __future__ import annotations

import importlib
import os
import queue
import sys
import threading
import traceback
from typing import Any, BinaryIO

import numpy as np

from backends.errors import ExplorerError
from backends.wire import StreamClosed, read_message, write_message
from explorer.latent.task import Cancelled, Task

ALLOWED = ("explorer.latent.", "trainers.data")


def main() -> None:
    """Serve the standard streams; stray prints go to the error stream."""
    out = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    os.dup2(2, 1)
    serve(sys.stdin.buffer, out)


def serve(source: BinaryIO, out: BinaryIO) -> None:
    """Answer requests until the stream ends."""
    inbox: queue.SimpleQueue[tuple[dict[str, Any], dict[str, np.ndarray]] | None] = queue.SimpleQueue()
    running: dict[int, Task] = {}

    def read() -> None:
        try:
            while True:
                head, arrays = read_message(source)
                if head["verb"] == "cancel":
                    if task := running.get(head["stamp"]):
                        task.cancelled = True
                else:
                    inbox.put((head, arrays))
        except StreamClosed:
            for task in list(running.values()):
                task.cancelled = True
            inbox.put(None)

    threading.Thread(target=read, name="reader", daemon=True).start()
    while (item := inbox.get()) is not None:
        try:
            _run(item[0], item[1], out, running)
        except StreamClosed:
            return


def _run(
    head: dict[str, Any], arrays: dict[str, np.ndarray], out: BinaryIO, running: dict[int, Task]
) -> None:
    stamp = head["stamp"]

    def send(kind: str, data: dict[str, Any], results: dict[str, np.ndarray]) -> None:
        write_message(out, {"stamp": stamp, "kind": kind, "data": data}, results)

    task = running[stamp] = Task(send)
    try:
        result = _function(head["function"])(task, arrays, head["options"])
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
    finally:
        del running[stamp]


def _function(name: str) -> Any:
    module, _, function = name.partition(":")
    if not module.startswith(ALLOWED):
        raise ExplorerError(f"{name} is not an analysis of Latent Explorer.")
    return getattr(importlib.import_module(module), function)


if __name__ == "__main__":
    main()
