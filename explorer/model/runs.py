"""Trainings as the window shows them: what changed in run folders, curves light to draw. No Qt.

The folders are the truth (see `trainers.api`); an index makes long lists quick (`trainers.index`).
Files that grow are read from where the last reading ended.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backends import catalog
from backends.api import ModelInfo
from explorer.model.series import Curve, Series
from trainers.api import Phase
from trainers.index import Entry, Index, model_time
from trainers.runs import Run, State, runs_folder

CHUNK = 1 << 20  # bytes of a growing file that are read at a time; after a night it has hundreds of these
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


def newest_model(folder: Path) -> tuple[ModelInfo, int]:
    """What a run's newest model is, and the `model_time` of the very file that was read.

    A summary's time won't do: the training may have put another file there since. Raises `BadModel`.
    """
    path = Run(folder).model
    while True:
        before = model_time(path)
        info = catalog.read(path)
        if model_time(path) == before:
            return info, before


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
        self._series: dict[str, Series] = {}
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
        changed = False
        for anew, lines in self._metrics.pieces():
            changed = True
            self._series = {} if anew else self._series
            for line in lines:
                self._add(line)
        return changed

    def _add(self, line: dict[str, Any]) -> None:
        step, seconds = _number(line.get("step")), _number(line.get("seconds"))
        for name, value in line.items():
            if name not in ("step", "seconds") and isinstance(value, int | float):
                self._series.setdefault(name, Series()).add(step, seconds, float(value))

    def _read_events(self) -> bool:
        changed = False
        for anew, lines in self._events.pieces():
            changed = True
            self._seen_events = ([] if anew else self._seen_events) + lines
        return changed


class Tail:
    """The lines of JSON that came to a growing file since the last reading.

    A file that was replaced (a resumed run drops measurements past its checkpoint) is noticed by its
    last line, which is no longer where it was.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at = 0
        self._last = b""

    def pieces(self) -> Iterator[tuple[bool, list[dict[str, Any]]]]:
        """What `read` says, again and again until nothing is new."""
        while True:
            anew, lines = self.read()
            if not (anew or lines):
                return
            yield anew, lines

    def read(self) -> tuple[bool, list[dict[str, Any]]]:
        """Whether the file begins anew, and its new whole lines, at most `CHUNK` bytes of them."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._at - len(self._last))
                anew = file.read(len(self._last)) != self._last
                if anew:
                    self._at = 0
                    file.seek(0)
                new = file.read(CHUNK)
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
