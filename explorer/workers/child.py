"""A child process that speaks `backends.wire` on its standard streams, seen from the GUI thread.

Two Python threads do the blocking reads and writes; they touch bytes and queues only. What arrives
is handed to the GUI thread by a queued signal, so every slot here runs there. A small message goes
out at once where the pipe has room for it: handing it to the writing thread first would cost a
slider half a millisecond.
"""

from __future__ import annotations

import contextlib
import json
import queue
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO, cast

import numpy as np
from PySide6.QtCore import QObject, Signal

from backends.wire import StreamClosed, read_message, write_message
from explorer.workers.processes import start_process

__all__ = ["Child", "start_process"]

STDERR_TAIL = 40  # lines kept for the message about a crash
AT_ONCE = 3072  # bytes of arrays: with its head a message stays below the 4096 that a ready pipe takes whole


class Child(QObject):
    """One life of a child process, from `listen` on.

    `lost` comes once, when its stream ends; then make a new one.
    """

    arrived = Signal(object, object)  # head, arrays
    lost = Signal(str)  # the last lines it printed

    def __init__(self, process: subprocess.Popen[bytes], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.process = process
        self._outbox: queue.SimpleQueue[tuple[dict[str, Any], dict[str, np.ndarray]] | None] = (
            queue.SimpleQueue()
        )
        self._queued = self._written = 0  # messages; each is counted by one thread only
        self._tail: list[str] = []
        self._threads = [
            threading.Thread(
                target=self._read, args=(cast(BinaryIO, process.stdout),), name="child reader", daemon=True
            ),
            threading.Thread(
                target=self._write, args=(cast(BinaryIO, process.stdin),), name="child writer", daemon=True
            ),
            threading.Thread(
                target=self._keep_log, args=(cast(BinaryIO, process.stderr),), name="child log", daemon=True
            ),
        ]

    def listen(self, on_arrived: Callable[[Any, Any], object], on_lost: Callable[[str], object]) -> None:
        """Begin to read. Only then: what comes before somebody listens would be lost."""
        self.arrived.connect(on_arrived)
        self.lost.connect(on_lost)
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    def send(self, head: dict[str, Any], arrays: dict[str, np.ndarray] | None = None) -> None:
        """Send a message, or queue it; never waits."""
        arrays = arrays or {}
        if not self._send_at_once(head, arrays):
            self._queued += 1
            self._outbox.put((head, arrays))

    def _send_at_once(self, head: dict[str, Any], arrays: dict[str, np.ndarray]) -> bool:
        """Write here and now what can't block: a small message, nothing before it, a pipe with room."""
        small = len(json.dumps(head)) + sum(a.nbytes + 64 for a in arrays.values()) < AT_ONCE
        if sys.platform == "win32" or not small or self._queued != self._written:
            return False
        stream = cast(BinaryIO, self.process.stdin)
        try:
            if not select.select([], [stream], [], 0)[1]:
                return False
            write_message(stream, head, arrays)
        except (StreamClosed, OSError, ValueError):  # closed: the reading thread says so
            pass
        return True

    def stop(self, grace_s: float = 1.0) -> None:
        """End the process: close its input, then terminate, then kill. Waits at most twice `grace_s`."""
        self.arrived.disconnect()
        self.lost.disconnect()
        self._outbox.put(None)
        self.process.terminate()
        try:
            self.process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):  # it ends when the kernel lets it
                self.process.wait(grace_s)
        for thread in self._threads:
            thread.join(grace_s)

    def _read(self, stream: BinaryIO) -> None:
        try:
            with stream:
                while True:
                    self.arrived.emit(*read_message(stream))
        except StreamClosed:
            self._outbox.put(None)
            self.process.wait()
            self._threads[2].join(0.5)
            self._say_lost()
        except RuntimeError:  # the window and this object are gone
            self._outbox.put(None)

    def _say_lost(self) -> None:
        try:
            self.lost.emit("\n".join(self._tail))
        except RuntimeError:  # the window is gone, and this object with it
            return

    def _write(self, stream: BinaryIO) -> None:
        with contextlib.suppress(OSError), contextlib.closing(stream):  # what it didn't read is lost
            while (item := self._outbox.get()) is not None:
                try:
                    write_message(stream, *item)
                except StreamClosed:
                    return
                self._written += 1

    def _keep_log(self, stream: BinaryIO) -> None:
        with stream:
            for line in stream:
                self._tail.append(line.decode(errors="replace").rstrip())
                del self._tail[:-STDERR_TAIL]
