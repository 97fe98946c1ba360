"""What the pages of Inside have in common: they ask while they are seen, and show what comes."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QWidget

from backends.api import ModelInfo, Reply
from explorer.panels.base import Services
from explorer.panels.inside_source import SourceBar
from explorer.panels.quality import Quality
from explorer.widgets.sheet_view import SheetView
from explorer.widgets.waiting import Waiting
from explorer.workers.host_client import Ticket


class Page(QWidget):
    """Asks again when `key` says that something it depends on has changed. Subclasses say what and how."""

    title = ""
    needs_image = True  # whether it looks at the picture of the source bar

    def __init__(self, services: Services, source: SourceBar, hint: str) -> None:
        super().__init__()
        self.services, self.session, self.host = services, services.session, services.host
        self.source = source
        self.waiting = Waiting(f"{self.title or 'View'} is being made")
        self.sheet = SheetView(hint)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.said.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.quality = Quality(self.session, self)
        self.quality.wanted.connect(self._begin)
        self._key: object = None
        self._kept: object = None  # what the key names by its address must stay alive
        self._ticket: Ticket | None = None

    def refresh(self, moving: bool = False) -> None:
        """Ask again if something has changed; in preview while a hand moves."""
        if not self.isVisible() or self.session.model is None or self.session.code is None:
            return
        if (key := self.key()) != self._key:
            self._key = key
            self._kept = (self.session.code, self.source.own)
            self.quality.want(moving or self.session.moving)

    def key(self) -> object:
        """What the pictures depend on."""
        model, code = self.session.model, self.session.code
        follows = not self.needs_image or self.source.follows_code
        return (model and (model.path, model.checksum), id(code) if follows else id(self.source.own))

    def ask(self, quality: str) -> None:
        """Ask for the pictures in this quality."""
        raise NotImplementedError

    def show_reply(self, reply: Reply) -> None:
        """What came, whole or in part."""
        raise NotImplementedError

    @property
    def busy(self) -> bool:
        return self.waiting.busy or self.quality.due

    def stop(self) -> None:
        """Give up what is under way."""
        self.quality.forget()
        self.waiting.end()
        self._ticket = None
        self.source.stop()
        self.host.give_up(self._channel)

    def send(
        self, model: ModelInfo, verb: str, arrays: dict[str, np.ndarray], options: dict[str, Any]
    ) -> None:
        """Ask the host; what was asked before gives way."""
        self._ticket = self.host.show(
            self._channel, verb, model.path, arrays=arrays, options=options, gives_way=True,
            on_result=self._on_result, on_partial=self._on_partial, on_error=self._on_error,
            on_progress=self.waiting.tell,
        )  # fmt: skip

    @property
    def _channel(self) -> str:
        return f"inside {self.title}"

    def _begin(self, quality: str) -> None:
        if self.isVisible():
            self.waiting.begin(self.stop)
            self.ask(quality)

    def _on_partial(self, reply: Reply) -> None:
        self.waiting.tell(reply)
        self.show_reply(reply)

    def _on_result(self, reply: Reply) -> None:
        self._answered(reply)
        self.show_reply(reply)

    def _on_error(self, reply: Reply) -> None:
        self._answered(reply)
        self.said.setText(" ".join(reply.problem).strip())

    def _answered(self, reply: Reply) -> None:
        if self._ticket is not None and self._ticket.request.stamp == reply.stamp:
            self.waiting.end()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self.busy:
            self.stop()
            self._key = None
