"""A thread that writes, one thing at a time, so that training does not wait for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable

Work = Callable[[], object]


class Writer:
    """`again` does once more what the disk refused, in the caller's thread; `beat` is called meanwhile."""

    def __init__(self, again: Callable[[Work], object], beat: Callable[[], None]) -> None:
        self._again, self._beat = again, beat
        self._thread: threading.Thread | None = None
        self._failed: tuple[Work, Exception] | None = None

    def submit(self, work: Work) -> None:
        """Do `work` soon; first waits for, and reports, what was submitted before."""
        self.finish()
        self._thread = threading.Thread(target=self._run, args=(work,), name="checkpoint writer")
        self._thread.start()

    def finish(self) -> None:
        """Wait until all is on the disk. Raises what the work raised, if trying again doesn't help."""
        while self._thread and self._thread.is_alive():
            self._thread.join(0.2)
            self._beat()
        self._thread = None
        if self._failed:
            (work, error), self._failed = self._failed, None
            if not isinstance(error, OSError):
                raise error
            self._again(work)

    def _run(self, work: Work) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - boundary of the thread: raised again in `finish`
            self._failed = work, error
