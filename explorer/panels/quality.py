"""In which quality to ask for a picture: preview while a hand moves, full when it rests."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.model.asking import FULL, PREVIEW
from explorer.model.session import Session

REST_MS = 150  # a hand that stays so long without letting go rests too


class Quality(QObject):
    """`want` says that another picture is wanted; `wanted(quality)` says when, at once and again at rest."""

    wanted = Signal(str)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self.due = False  # whether the full quality is still to come
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self.finish)
        session.rested.connect(self.finish)

    def want(self, moving: bool) -> None:
        """Another picture is wanted, while a hand moves or not."""
        self.due = moving
        self._rest.stop()
        if moving:
            self._rest.start()
        self.wanted.emit(PREVIEW if moving else FULL)

    def finish(self) -> None:
        """The hand rests."""
        self._rest.stop()
        if self.due:
            self.due = False
            self.wanted.emit(FULL)

    def forget(self) -> None:
        """Nobody wants it any more."""
        self._rest.stop()
        self.due = False
