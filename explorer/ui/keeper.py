"""Nothing is lost: reads the session and the catalogue at the start, saves the session as it changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from backends.api import ModelInfo
from explorer.model.files import BadFile, Saved, read_session, set_aside, write_session
from explorer.model.session import Session

log = logging.getLogger("explorer")
AUTOSAVE_MS = 3000


@dataclass
class Found:
    """What was read from the disk: models, files that are none, a session, and what was wrong with it."""

    models: list[ModelInfo] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    saved: Saved | None = None
    problem: tuple[str, str] | None = None


class Keeper(QObject):
    """Reads and writes on a thread; `found` arrives on the GUI thread."""

    found = Signal(object)  # Found
    problem = Signal(str, str)

    def __init__(
        self, session: Session, file: Path, panels: Callable[[], dict[str, dict[str, Any]]], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session, self._file, self._panels = session, file, panels
        self._writing = threading.Lock()
        self._failed = False
        self._threads: list[threading.Thread] = []
        self._timer = QTimer(self, singleShot=True, interval=AUTOSAVE_MS)
        self._timer.timeout.connect(lambda: self._start(self._write, self.snapshot()))

    def read(self, opened: list[str], with_session: bool) -> None:
        """Read the catalogue, the files that were opened earlier and (at the start) the session."""
        self._start(self._read, opened, with_session)

    def watch(self) -> None:
        """From now on save a moment after each change."""
        self._session.history_changed.connect(self._soon)

    def snapshot(self) -> Saved:
        """The session as it is now."""
        return Saved(self._session.state, self._panels())

    def save_now(self) -> None:
        """Save and wait for it: at the end."""
        self._timer.stop()
        self._write(self.snapshot())

    def close(self) -> None:
        """Wait for what is under way."""
        self._timer.stop()
        for thread in self._threads:
            thread.join(5.0)

    def _soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        self._threads = [t for t in self._threads if t.is_alive()]
        thread = threading.Thread(target=work, args=args, name="keeper", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _write(self, saved: Saved) -> None:
        try:
            with self._writing:
                write_session(self._file, saved)
            self._failed = False
        except BadFile as error:
            if not self._failed:  # once is enough until it works again
                self.problem.emit(error.what, f"Your session isn't saved. {error.advice}")
            self._failed = True

    def _read(self, opened: list[str], with_session: bool) -> None:
        from backends import catalog
        from explorer.ui.opening import reopen_models

        found = Found()
        if with_session and self._file.exists():
            found.saved, found.problem = self._read_session()
        listing = catalog.scan()
        models, broken = reopen_models(opened)
        found.models = list({info.path: info for info in [*listing.models, *models]}.values())
        found.broken = [(str(path), reason) for path, reason in listing.broken] + broken
        self.found.emit(found)

    def _read_session(self) -> tuple[Saved | None, tuple[str, str] | None]:
        try:
            return read_session(self._file), None
        except BadFile as error:
            aside = set_aside(self._file)
            return None, (
                error.what,
                f"It was set aside as {aside.name} in {aside.parent}; this is a new one.",
            )
