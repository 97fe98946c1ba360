"""The other side of a toy that learns: a process of its own, so that maps needn't wait for it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from backends.api import Reply
from explorer.workers.jobs import Job, JobClient
from explorer.workers.launch import launch_jobs
from trainers.toys.settings import ToySettings

REMEMBERED = 64  # commands that are told again with each new one: what was told in between replaces nothing


class ToyWatch(QObject):
    """Starts the process at the first wish. `framed(reply)` comes for every frame."""

    framed = Signal(object)
    failed = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs = JobClient(launch_jobs, self)
        self.playing, self.speed = False, 0.0
        self._job: Job | None = None
        self._begun = self._asked = self._done = 0
        self._acts: list[tuple[int, str, int, int]] = []
        self._fresh = False

    @property
    def started(self) -> bool:
        """Whether there is a toy."""
        return self._job is not None

    @property
    def busy(self) -> bool:
        """Whether something that was asked for is not seen yet."""
        return self._job is not None and (not self._fresh or self._done < self._asked)

    def begin(self, settings: ToySettings) -> None:
        """A new toy, before its first step."""
        self._begun += 1
        self._fresh = False
        wish = settings.to_json()
        if self._job is None:
            self._asked = self._done = 0
            self._acts = []
            self._job = self.jobs.run(
                "trainers.toys.session:run", {}, {"wish": wish, "begin": self._begun},
                on_result=lambda _: None, on_error=self._on_error, on_partial=self._on_frame,
            )  # fmt: skip
            self._tell(play=self.playing, speed=self.speed)
        else:
            self._tell(begin=self._begun, wish=wish)

    def change(self, settings: ToySettings) -> None:
        """Other rates and weights for the toy there is."""
        self._tell(wish=settings.to_json(), begin=self._begun)

    def act(self, what: str, count: int = 1) -> None:
        """`step`, `critic` or `generator`, so many times."""
        self._asked += 1
        self._acts = [*self._acts, (self._asked, what, count, self._begun)][-REMEMBERED:]
        self._tell(acts=self._acts)

    def play(self, playing: bool) -> None:
        self.playing = playing
        self._tell(play=playing)

    def set_speed(self, speed: float) -> None:
        """Steps a second; 0: as many as there is time for."""
        self.speed = speed
        self._tell(speed=speed)

    def rest(self, hidden: bool) -> None:
        """Nothing learns while nobody looks."""
        self._tell(pause=hidden)

    def close(self) -> None:
        """End the process."""
        self._job = None
        self.jobs.close()

    def _tell(self, **changes: Any) -> None:
        if self._job is not None:
            self._job.tell(**changes)

    def _on_frame(self, reply: Reply) -> None:
        if reply.data.get("begin") == self._begun:  # else of a toy that is gone
            self._fresh, self._done = True, int(reply.data["act"])
            self.framed.emit(reply)

    def _on_error(self, reply: Reply) -> None:
        self._job, self.playing = None, False
        self.failed.emit(reply.what, "Press Restart to begin again.")
