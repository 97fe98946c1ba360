"""The ssh at whose other end a model host works: its streams, its last words, its end. No Qt."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
from typing import Any, BinaryIO, cast

from backends.link import Link, NoPreamble
from backends.packing import Arrays
from backends.wire import StreamClosed
from explorer.workers.remote import Machine

TAIL = 40  # lines of its error stream that are kept
GRACE = 2.0  # seconds that it is waited for


class FarProcess:
    """One connection. What comes is put into `inbox` as (this, head, arrays), a None head at the end."""

    def __init__(
        self, machine: Machine, inbox: queue.SimpleQueue[tuple[Any, dict[str, Any] | None, Arrays]]
    ) -> None:
        self._process = subprocess.Popen(
            machine.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=1 << 16,
        )
        self._inbox = inbox
        self._tail: list[str] = []
        self.link = Link(cast(BinaryIO, self._process.stdout), cast(BinaryIO, self._process.stdin))
        self._log = threading.Thread(target=self._listen, name="far log", daemon=True)
        self._log.start()
        threading.Thread(target=self._read, name="far reader", daemon=True).start()

    @property
    def said(self) -> str:
        """Its last lines."""
        return "\n".join(self._tail)

    def end(self) -> int | None:
        """Wait a moment for its end; its exit code, None where it had to be killed."""
        self.link.close()
        try:
            code: int | None = self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            code = None
            self.kill()
        with contextlib.suppress(OSError):  # what it didn't read is lost
            cast(BinaryIO, self._process.stdin).close()
        self._log.join(GRACE)
        return code

    def kill(self) -> None:
        """End it now; the host at the other end sees its input end."""
        self._process.kill()
        self._process.wait()

    def _read(self) -> None:
        try:
            with cast(BinaryIO, self._process.stdout):
                self.link.read(lambda head, arrays: self._inbox.put((self, head, arrays)))
        except NoPreamble as error:
            if str(error):
                self._tail.append(str(error)[-1000:])
            self._inbox.put((self, None, {}))
        except StreamClosed:
            self._inbox.put((self, None, {}))

    def _listen(self) -> None:
        with cast(BinaryIO, self._process.stderr) as said:
            for line in said:
                self._tail.append(line.decode(errors="replace").rstrip())
                del self._tail[:-TAIL]
