"""A toy as a job: it waits for what it is told, and sends what there is to see.

Told are (`Job.tell`)

    wish    all settings
    begin   a number that grows when the toy shall begin anew with them; else they hold while it goes on
    acts    the newest commands as `[number, what, count, begin]`, numbers rising from 1, so that none is lost
            or done twice, and none meant for an earlier toy is done
    play    whether it goes on by itself
    speed   steps a second (0: as many as there is time for)

and the options hold the first `wish` and `begin`. A frame holds the arrays of a `Snapshot`, `rows`
`[k, 1 + m]` (step and curves of every step since the last frame), and in its data `curves` (their names),
`numbers`, `step`, `act` (the last command done), `begin` and `playing`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import torch

from trainers.toys.build import build
from trainers.toys.settings import ToySettings
from trainers.toys.toy import Toy

ACTS = {
    "step": Toy.step.__name__,
    "critic": Toy.step_critic.__name__,
    "generator": Toy.step_generator.__name__,
}
REST_S = 0.5
FRAME_S = 1 / 60  # between two looks whether a frame may go
MOST_ROWS = 20_000  # that wait for a window which takes none


class Task(Protocol):
    """What is used of `explorer.latent.task.Task`."""

    wants_frame: Any

    def told(self) -> dict[str, Any]: ...
    def wait(self, seconds: float) -> None: ...
    def frame(self, arrays: dict[str, np.ndarray], text: str = "", **data: Any) -> bool: ...


def run(task: Task, _arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Until the job is cancelled; `options["wish"]` are the first settings."""
    torch.set_num_threads(1)
    session = Session(ToySettings.from_mapping(options["wish"]), int(options.get("begin", 0)))
    while True:
        session.hear(task.told())
        worked = session.work(time.monotonic())
        if session.news and task.wants_frame:
            session.send(task)
        elif not worked:
            task.wait(session.rest(time.monotonic()))


class Session:
    """The toy, what is still to be done with it, and what was not sent yet."""

    def __init__(self, settings: ToySettings, begin: int = 0) -> None:
        self.playing, self.speed, self.news = False, 0.0, True
        self.act, self.begin = 0, begin  # numbers of the last command done, and of the toy
        self._heard = 0
        self._due: deque[tuple[int, str, int]] = deque()
        self._next = 0.0  # when the next step is due
        self._start(settings)

    def hear(self, told: dict[str, Any]) -> None:
        """Take what was told since the last time."""
        if "wish" in told:
            self._wish(ToySettings.from_mapping(told["wish"]), int(told.get("begin", self.begin)))
        for number, what, count, begin in told.get("acts", ()):
            if number > self._heard:
                self._heard = number
                self._due.append((number, what, count if begin == self.begin else 0))
        if "speed" in told or "play" in told:
            self.playing, self.speed = (
                bool(told.get("play", self.playing)),
                float(told.get("speed", self.speed)),
            )
            self._next = 0.0
        self.news = self.news or bool(told)

    def work(self, now: float) -> bool:
        """One step, if one is due; whether there was."""
        if self._due:
            self._obey()
        elif self.playing and now >= self._next:
            self._next = self._due_after(now)
            self._do("step")
        else:
            return False
        return True

    def _due_after(self, now: float) -> float:
        """On the beat; one that was missed is not made up for."""
        beat = 1 / self.speed if self.speed else 0.0
        return (self._next if now - self._next < beat else now) + beat

    def rest(self, now: float) -> float:
        """How long there is nothing to do."""
        due = self._next - now if self.playing else REST_S
        return max(0.001, min(due, FRAME_S if self.news else REST_S))

    def send(self, task: Task) -> None:
        """A frame with all that happened since the last one."""
        shown, names = self.toy.snapshot(), list(self._names)
        lines = [[row.get(name, np.nan) for name in names] for _, row in self._rows]
        steps = np.array([[step] for step, _ in self._rows], np.float32).reshape(-1, 1)
        rows = np.concatenate([steps, np.array(lines, np.float32).reshape(len(lines), len(names))], 1)
        sent = task.frame(
            {**shown.arrays(), "rows": rows}, curves=names, numbers=_told(shown.numbers), step=shown.step,
            act=self.act, begin=self.begin, playing=self.playing,
        )  # fmt: skip
        if sent:
            self._rows.clear()
            self.news = False

    def _wish(self, settings: ToySettings, begin: int) -> None:
        if begin > self.begin:
            self.begin = begin
            self._start(settings)
        elif settings.shaped_like(self.toy.settings):
            self.toy.change(settings)

    def _start(self, settings: ToySettings) -> None:
        self.toy = build(settings)
        self._rows: deque[tuple[int, dict[str, float]]] = deque(maxlen=MOST_ROWS)
        self._names: dict[str, None] = {}
        self._due = deque((number, what, 0) for number, what, _ in self._due)  # meant for the one before

    def _obey(self) -> None:
        number, what, count = self._due.popleft()
        if count > 0:
            self._do(what)
        if count > 1:
            self._due.appendleft((number, what, count - 1))
        else:
            self.act, self.news = number, True

    def _do(self, what: str) -> None:
        getattr(self.toy, ACTS[what])()
        self._rows.append((self.toy.steps, self.toy.row))
        self._names |= dict.fromkeys(self.toy.row)
        self.news = True


def course(settings: ToySettings, acts: list[tuple[str, int]], steps: int) -> Iterator[Toy]:
    """The toy before its first step and after every one: first the `acts`, then `steps` whole ones."""
    torch.set_num_threads(1)
    toy = build(settings)
    yield toy
    for what, count in [*acts, ("step", steps)]:
        for _ in range(count):
            getattr(toy, ACTS[what])()
            yield toy


def _told(numbers: dict[str, float]) -> dict[str, float | None]:
    """Without what JSON doesn't know."""
    return {name: value if np.isfinite(value) else None for name, value in numbers.items()}
