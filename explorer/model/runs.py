"""Trainings as the window shows them: what changed in run folders, curves light to draw. No Qt.

The folders are the truth (see `trainers.api`); an index makes long lists quick (`trainers.index`).
Files that grow are read from where the last reading ended.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainers.api import Phase
from trainers.index import Entry, Index
from trainers.runs import Run, State, runs_folder

Numbers = NDArray[np.float64]

MOST_POINTS = 800  # of one curve on the screen, about one a pixel; more only costs time to draw
LOG_TAIL = 16_000  # bytes
DESCRIBE = {
    Phase.QUEUED: "waiting",
    Phase.PREPARING: "preparing",
    Phase.TRAINING: "training",
    Phase.EVALUATING: "evaluating",
    Phase.PAUSED: "paused",
    Phase.STOPPING: "stopping…",
    Phase.STOPPED: "stopped",
    Phase.FINISHED: "finished",
    Phase.FAILED: "failed",
    Phase.INTERRUPTED: "interrupted",
}


@dataclass(frozen=True)
class RunSummary:
    """One line of the list of trainings. `model_time` changes with every new model (0: none yet).

    `place` is where it stands in the queue, from 1 (0: not in it); `text` is all one can search for.
    """

    folder: Path
    title: str
    family: str
    data: str
    state: State
    settings: dict[str, Any]
    recipe: str = ""
    created: float = 0.0
    model_time: int = 0
    place: int = 0
    notes: str = ""
    tags: tuple[str, ...] = ()
    sweep: str = ""
    varied: tuple[str, ...] = ()  # the settings that its sweep varies
    text: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def phase(self) -> Phase:
        return self.state.phase

    @property
    def fraction(self) -> float:
        """How much of the training is done, 0 to 1."""
        return min(self.state.step / self.state.steps, 1.0) if self.state.steps else 0.0

    @property
    def can_continue(self) -> bool:
        """Whether there is no process, so that one can be started."""
        return not self.phase.live

    def line(self) -> str:
        """Phase, progress, speed and time left in a few words."""
        if self.phase is Phase.QUEUED:
            return f"waiting, number {self.place}" if self.place else DESCRIBE[self.phase]
        words = [DESCRIBE[self.phase], f"{self.fraction:.0%}"]
        if self.phase is Phase.TRAINING:
            words += [f"{duration(self.state.seconds_left)} left"] if self.state.seconds_left else []
            words += [f"{self.state.speed:,.0f} images/s"] if self.state.speed else []
        return " · ".join(words)


@dataclass(frozen=True, eq=False)
class Curve:
    """One metric over a training: `steps`, `seconds`, `values` and the smoothed `means`, each `[n]`."""

    name: str
    steps: Numbers
    seconds: Numbers
    values: Numbers
    means: Numbers


@dataclass(frozen=True, eq=False)
class RunDetail:
    """Everything shown of the selected training; `curves` and `events` are new objects when they changed."""

    summary: RunSummary
    curves: tuple[Curve, ...] = ()
    samples: tuple[Path, ...] = ()
    checkpoints: tuple[Path, ...] = ()
    events: list[dict[str, Any]] = field(default_factory=list)
    log: str = ""


class RunsReader:
    """Reads the list of runs again and again, opening only files that changed."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._index: Index | None = None

    def read(self) -> list[RunSummary]:
        """The runs, newest first; a dead process's run reads `interrupted`."""
        folder = self.folder or runs_folder()
        if self._index is None or self._index.folder != folder:
            self.close()
            self._index = Index(folder)
        entries = self._index.read()
        waiting = sorted((e for e in entries if _is_waiting(e)), key=_place)
        places = {entry.folder: number for number, entry in enumerate(waiting, 1)}
        return [summarise(entry, places.get(entry.folder, 0)) for entry in entries]

    def close(self) -> None:
        """Let go of the index."""
        if self._index is not None:
            self._index.close()
            self._index = None


def summarise(entry: Entry, place: int = 0) -> RunSummary:
    """A run's line of the list."""
    asked = entry.asked
    settings, created, varied = asked.get("settings"), asked.get("created"), asked.get("varied")
    return RunSummary(
        folder=entry.folder,
        title=str(asked.get("name") or entry.folder.name),
        family=str(asked.get("family", "")),
        data=str(asked.get("data", "")),
        state=entry.state(),
        settings=dict(settings) if isinstance(settings, dict) else {},
        recipe=str(asked.get("recipe", "")),
        created=float(created) if isinstance(created, int | float) else 0.0,
        model_time=entry.model_time,
        place=place,
        notes=str(entry.facts["notes"].get("notes", "")),
        tags=entry.tags,
        sweep=str(asked.get("sweep", "")),
        varied=tuple(str(name) for name in varied) if isinstance(varied, list) else (),
        text=entry.text,
    )


def found(runs: Iterable[RunSummary], wanted: str) -> list[RunSummary]:
    """The runs in whose names, settings, tags, notes or phase every word of `wanted` occurs."""
    words = wanted.lower().split()
    return [r for r in runs if all(word in f"{r.text} {DESCRIBE[r.phase]}" for word in words)]


def _is_waiting(entry: Entry) -> bool:
    return entry.facts["state"].get("phase") == Phase.QUEUED


def _place(entry: Entry) -> tuple[float, str]:
    place = entry.facts["queued"].get("place")
    return (float(place) if isinstance(place, int | float) else float("inf")), entry.folder.name


class RunReader:
    """Reads one run again and again; `read` is None when nothing changed since."""

    def __init__(self, folder: Path) -> None:
        self.run = Run(folder)
        self._metrics = Tail(folder / "metrics.jsonl")
        self._events = Tail(folder / "events.jsonl")
        self._series: dict[str, _Series] = {}
        self._curves: tuple[Curve, ...] = ()
        self._seen_events: list[dict[str, Any]] = []
        self._smoothing = 0
        self._last: tuple[Any, ...] = ()

    def read(self, summary: RunSummary, smoothing: int = 1) -> RunDetail | None:
        """The detail of a run, curves averaged over `smoothing` measurements."""
        metrics, events = self._read_metrics(), self._read_events()
        samples, checkpoints = tuple(self.run.samples()), tuple(self.run.checkpoints())
        now = (summary, smoothing, samples, checkpoints, _stamp(self.run.log))
        if now == self._last and not (metrics or events):
            return None
        if metrics or smoothing != self._smoothing:
            self._curves = tuple(series.curve(name, smoothing) for name, series in self._series.items())
        self._last, self._smoothing = now, smoothing
        log = _end_of(self.run.log)
        return RunDetail(summary, self._curves, samples, checkpoints, self._seen_events, log)

    def _read_metrics(self) -> bool:
        anew, lines = self._metrics.read()
        if anew:
            self._series = {}
        for line in lines:
            step, seconds = _number(line.get("step")), _number(line.get("seconds"))
            for name, value in line.items():
                if name not in ("step", "seconds") and isinstance(value, int | float):
                    self._series.setdefault(name, _Series()).add(step, seconds, float(value))
        return anew or bool(lines)

    def _read_events(self) -> bool:
        anew, lines = self._events.read()
        if anew or lines:
            self._seen_events = ([] if anew else self._seen_events) + lines
        return anew or bool(lines)


class Tail:
    """The lines of JSON that came to a growing file since the last reading.

    A file that was replaced (a resumed run drops measurements past its checkpoint) is noticed by its
    last line, which is no longer where it was.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at = 0
        self._last = b""

    def read(self) -> tuple[bool, list[dict[str, Any]]]:
        """Whether the file begins anew, and its new whole lines."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._at - len(self._last))
                anew = file.read(len(self._last)) != self._last
                if anew:
                    self._at = 0
                    file.seek(0)
                new = file.read()
        except OSError:
            anew, self._at, self._last = self._at > 0, 0, b""
            return anew, []
        whole = new[: new.rfind(b"\n") + 1]
        self._at += len(whole)
        if lines := whole.splitlines(keepends=True):
            self._last = lines[-1]
        elif anew:
            self._last = b""
        return anew, list(_parsed(lines))


@dataclass
class _Series:
    steps: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, step: float, seconds: float, value: float) -> None:
        self.steps.append(step)
        self.seconds.append(seconds)
        self.values.append(value)

    def curve(self, name: str, smoothing: int) -> Curve:
        values = np.asarray(self.values)
        rows = light_rows(values)
        steps, seconds = np.asarray(self.steps)[rows], np.asarray(self.seconds)[rows]
        return Curve(name, steps, seconds, values[rows], moving_mean(values, smoothing)[rows])


def light_rows(values: Numbers, most: int = MOST_POINTS) -> NDArray[np.int64]:
    """At most `most` rows that keep a curve's looks: the lowest and the highest value of each stretch."""
    count = len(values)
    if count <= most:
        return np.arange(count)
    stretches = max(most // 2 - 1, 1)
    edges = np.linspace(0, count, stretches + 1).astype(int)
    flat = np.where(np.isfinite(values), values, 0.0)
    rows = {0, count - 1}
    for begin, end in pairwise(edges):
        rows.add(int(begin + flat[begin:end].argmin()))
        rows.add(int(begin + flat[begin:end].argmax()))
    return np.array(sorted(rows))


def moving_mean(values: Numbers, window: int) -> Numbers:
    """The mean over `window` neighbouring values, over fewer at the ends; NaNs are left out."""
    if window <= 1 or not len(values):
        return values
    known = np.isfinite(values)
    sums = np.concatenate([[0.0], np.where(known, values, 0.0).cumsum()])
    counts = np.concatenate([[0], known.cumsum()])
    at = np.arange(len(values))
    low, high = np.maximum(at - window // 2, 0), np.minimum(at + (window + 1) // 2, len(values))
    number = counts[high] - counts[low]
    return np.where(number > 0, (sums[high] - sums[low]) / np.maximum(number, 1), np.nan)


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _parsed(lines: Iterable[bytes]) -> Iterable[dict[str, Any]]:
    for line in lines:
        try:
            data = json.loads(line)
        except ValueError:  # half a line of a writer that was killed, with a whole one after it
            continue
        if isinstance(data, dict):
            yield data


def _stamp(path: Path) -> tuple[int, int]:
    """Time and size of a file; (0, 0) when there is none."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, 2) - LOG_TAIL, 0))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
