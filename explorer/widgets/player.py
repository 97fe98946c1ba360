"""A clock over numbered frames: play, pause, speed, and what comes after the last frame."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QObject, QTimer, Signal


class Repeat(StrEnum):
    """What comes after the last frame."""

    LOOP = "loop"  # the first one
    SWING = "there and back"  # the way back
    ONCE = "once"  # nothing


class Player(QObject):
    """Emits `frame_changed(index)` at `fps` frames a second while it plays, and `playing_changed`."""

    frame_changed = Signal(int)
    playing_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.repeat = Repeat.SWING
        self.index = 0
        self.count = 0
        self._step = 1
        self._timer = QTimer(self, interval=125)
        self._timer.timeout.connect(self.advance)

    @property
    def playing(self) -> bool:
        return self._timer.isActive()

    def set_count(self, count: int) -> None:
        """There are other frames now; playing goes on where that makes sense."""
        self.count = count
        self.index = min(self.index, max(count - 1, 0))
        if count < 2:
            self.pause()

    def set_fps(self, fps: float) -> None:
        self._timer.setInterval(round(1000 / fps))

    def play(self) -> None:
        if self.count < 2 or self.playing:
            return
        if self.repeat is Repeat.ONCE and self.index == self.count - 1:
            self.index = 0
        self._step = 1
        self._timer.start()
        self.playing_changed.emit(True)
        self.frame_changed.emit(self.index)

    def pause(self) -> None:
        if self.playing:
            self._timer.stop()
            self.playing_changed.emit(False)

    def toggle(self) -> None:
        if self.playing:
            self.pause()
        else:
            self.play()

    def seek(self, index: int) -> None:
        """Go on from here."""
        self.index = index

    def advance(self) -> None:
        """Go to the next frame."""
        after = self.index + self._step
        if not 0 <= after < self.count:
            if self.repeat is Repeat.ONCE:
                self.pause()
                return
            if self.repeat is Repeat.LOOP:
                after = 0
            else:
                self._step = -self._step
                after = self.index + self._step
        self.index = after
        self.frame_changed.emit(after)
