"""An hour with the Train tab in front and four runs that take turns in the queue: does the window stay small?

Runs finish and are asked for more steps, or are stopped when their turn is over and wait again, so that some
forty trainings start and end. Meanwhile the tab goes round its pages as a person would.
"""

from __future__ import annotations

import gc
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PySide6.QtWidgets import QApplication

from explorer.bench.driven import Driven, window
from explorer.bench.measurement import Measurement, Plan, measured
from trainers import changes, queued, runs
from trainers.api import Command, Phase
from trainers.registry import trainer
from trainers.runs import Run

HELP = "one hour with the Train tab and four queued runs: memory, threads, files, processes (`--minutes`)"
ASKED_BY_NAME = True  # nobody who says `bench` alone means to wait for an hour
MOST_MB = 20.0
SAMPLE_S, TURN_S, LOOK_S, WARM_S = 10.0, 75.0, 15.0, 300.0
PATIENCE_S = 60.0
COMMON = {"image_size": 16, "batch": 16, "steps": 3000, "sample_every": 300, "checkpoint_every": 600}
RUNS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("vae", {"body": "mlp", "width": 8, "latent": 8}),
    ("dcgan", {"width": 8}),
    ("vqvae", {"width": 8}),
    ("ddpm", {"width": 8}),
)


@dataclass(frozen=True)
class Sample:
    """The window at one moment: megabytes of memory, counts of the rest.

    `processes` are its own helpers, `trainings` those that learn, `objects` what Python's collector tracks.
    """

    seconds: float
    memory: float
    private: float
    threads: int
    files: int
    processes: int
    trainings: int
    objects: int
    widgets: int
    steps: int


def measure(plan: Plan) -> Iterator[Measurement]:
    before = len(_helpers())
    with (
        tempfile.TemporaryDirectory(prefix="latent-explorer-soak-", ignore_cleanup_errors=True) as folder,
        window(Path(folder)) as driven,
    ):
        made = [_queued(family, given, Path(folder)) for family, given in RUNS]
        try:
            samples = _kept(_soak(driven, made, plan.minutes * 60), plan.samples)
        finally:
            _end(driven, made)
    yield from judge(samples, min(WARM_S, plan.minutes * 60 / 10))
    left = _left(before)
    yield measured("soak.left", left, "processes", goal="none is left at the end", holds=left <= 0)


def _kept(coming: Iterator[Sample], path: Path | None) -> list[Sample]:
    """All samples; the file has them as they come, for an hour is long to lose."""
    samples: list[Sample] = []
    for one in coming:
        samples.append(one)
        if path is not None:
            path.write_text(json.dumps([asdict(each) for each in samples], indent=0))
    return samples


def judge(samples: Sequence[Sample], warm_s: float) -> Iterator[Measurement]:
    """The first tenth after the warm-up beside the last: memory may grow by 20 MB, counts not at all."""
    warm = [one for one in samples if one.seconds >= warm_s] or list(samples)
    tenth = max(len(warm) // 10, 1)
    begin, end = warm[:tenth], warm[-tenth:]

    def ends(name: str) -> tuple[float, float]:
        first, last = (float(np.median([getattr(one, name) for one in part])) for part in (begin, end))
        return first, last

    first, last = ends("memory")
    slope = _slope_an_hour(warm)
    note = f"{first:,.0f} → {last:,.0f} MB, {slope:+,.1f} MB an hour over {len(warm)} samples"
    holds = last - first <= MOST_MB
    yield measured("soak.memory", last - first, "MB", goal=f"at most {MOST_MB:g} MB; {note}", holds=holds)
    for name in ("threads", "files", "processes"):
        first, last = ends(name)
        goal = f"no more than at first; {first:g} → {last:g}"
        yield measured(f"soak.{name}", last - first, "", goal=goal, holds=last <= first)
    yield measured("soak.steps", samples[-1].steps, "steps", note="learned by the four runs meanwhile")


def _slope_an_hour(samples: Sequence[Sample]) -> float:
    """The least-squares slope of the memory, in megabytes an hour."""
    if len(samples) < 3:
        return 0.0
    hours = np.array([one.seconds for one in samples]) / 3600
    return float(np.polyfit(hours, np.array([one.memory for one in samples]), 1)[0])


def _queued(family: str, given: dict[str, Any], folder: Path) -> Run:
    settings = trainer(family).INFO.settings.from_mapping({**COMMON, **given})
    run = runs.create(family, "digits", settings, folder=folder)
    queued.add(run)
    return run


def _soak(driven: Driven, made: Sequence[Run], seconds: float) -> Iterator[Sample]:
    """Keep the four busy and the tab moving; a sample each ten seconds."""
    driven.app.window.show_panel("train")
    looks, turns = cycle(_looks(driven, made)), Turns(made)
    began = looked = time.monotonic()
    sampled = 0.0
    while (now := time.monotonic()) - began < seconds:
        if now - looked >= LOOK_S:
            looked = now
            next(looks)()
        if now - sampled >= SAMPLE_S:
            sampled = now
            turns.keep()
            yield _sample(now - began, made)
        driven.idle(0.5)


def _looks(driven: Driven, made: Sequence[Run]) -> Iterator[Callable[[], object]]:
    """What a person looks at, one after the other: each run with one page after another, all, the form."""
    panel: Any = driven.app.window.panels["train"]

    def page(run: Run, number: int) -> None:
        panel.select(run.folder)
        driven.wait(lambda: panel.view is not None, "the page of a training")
        panel.view.tabs.setCurrentIndex(number)

    for number in range(6):
        for run in made:
            yield partial(page, run, number)
        yield lambda: panel.compare([run.folder for run in made])
        yield panel.show_form


class Turns:
    """Nobody waits for ever: who has finished gets more steps, whose turn is over goes to the queue's end."""

    def __init__(self, made: Sequence[Run]) -> None:
        self.made = made
        self._since: dict[Run, float] = {}

    def keep(self) -> None:
        for run in self.made:
            state = run.state()
            if state.phase is Phase.TRAINING:
                if time.monotonic() - self._since.setdefault(run, time.monotonic()) > TURN_S:
                    run.send(Command.STOP)
            elif not state.phase.live and state.phase is not Phase.QUEUED:
                self._since.pop(run, None)
                if state.step >= state.steps:
                    kind = trainer(str(run.asked()["family"])).INFO.settings
                    changes.ask(run, kind, {"steps": state.steps + COMMON["steps"]})
                queued.add(run)


def _sample(seconds: float, made: Sequence[Run]) -> Sample:
    me = psutil.Process()
    memory, learning = me.memory_full_info(), _learning(made[0].folder.parent)
    files = me.num_fds() if hasattr(me, "num_fds") else me.num_handles()
    return Sample(
        round(seconds, 1), memory.rss / 1e6, memory.uss / 1e6, me.num_threads(), files, len(_helpers()),
        len(learning), len(gc.get_objects()), len(QApplication.allWidgets()),
        sum(run.state().step for run in made),
    )  # fmt: skip


def _helpers() -> list[psutil.Process]:
    """The processes of the window that live; trainings are not among them, for those are detached."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if (words := _words(child)) and "trainers.host" not in words]


def _learning(folder: Path) -> list[psutil.Process]:
    """The processes that train in a folder, whoever started them."""
    asked = ((process, _words(process)) for process in psutil.process_iter())
    return [one for one, words in asked if "trainers.host" in words and words[-1].startswith(str(folder))]


def _words(process: psutil.Process) -> list[str]:
    """The command line of a process; none of one that is dead."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _left(before: int) -> int:
    """Processes that are there still, some seconds after the window was closed."""
    end = time.monotonic() + PATIENCE_S
    while (left := len(_helpers()) - before) > 0 and time.monotonic() < end:
        time.sleep(0.1)
    return left


def _end(driven: Driven, made: Sequence[Run]) -> None:
    """Empty the queue and stop what learns."""
    for run in made:
        queued.remove(run)
    for run in made:
        if run.phase().live:
            run.send(Command.STOP)
    folder = made[0].folder.parent
    driven.wait(lambda: not _learning(folder), "the end of the trainings")
