"""The model host as a thread of the window's process, for debugging (`--in-process`).

It looks like a child process to `Child`: three pipes and an end. Breakpoints and prints then work as
in any program; a crash of a model takes the window with it.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import threading
from typing import BinaryIO, cast


class ThreadProcess:
    """What `Child` needs of a `subprocess.Popen`, with a thread behind it."""

    def __init__(self) -> None:
        read_request, write_request = os.pipe()
        read_reply, write_reply = os.pipe()
        read_log, write_log = os.pipe()
        os.close(write_log)  # the log goes to the terminal
        self.pid = os.getpid()
        self.returncode: int | None = None
        self.stdin: BinaryIO = os.fdopen(write_request, "wb", buffering=1 << 16)
        self.stdout: BinaryIO = os.fdopen(read_reply, "rb", buffering=1 << 16)
        self.stderr: BinaryIO = os.fdopen(read_log, "rb")
        self._source: BinaryIO = os.fdopen(read_request, "rb", buffering=1 << 16)
        self._sink: BinaryIO = os.fdopen(write_reply, "wb", buffering=1 << 16)
        self._thread = threading.Thread(target=self._serve, name="model host", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        # By name: this package never imports torch but for this one purpose.
        host = importlib.import_module("backends.host")
        try:
            host.serve(self._source, self._sink)
        finally:
            self.returncode = 0
            self._sink.close()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise subprocess.TimeoutExpired("model host", timeout or 0.0)
        return 0

    def terminate(self) -> None:
        """Its input is closed by the one who stops it; a thread can't be ended otherwise."""

    def kill(self) -> None:
        """Close its output: its next reply finds nobody and it ends."""
        self.stdout.close()


def start_thread() -> subprocess.Popen[bytes]:
    """A model host in this process."""
    return cast("subprocess.Popen[bytes]", ThreadProcess())
