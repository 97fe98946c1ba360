"""A register of all runs in SQLite, so that a thousand of them are listed at once. No torch.

The folders are the truth and this is only an index: missing, damaged, of another version or on a disk that
can't be written, it is made anew or done without, and nobody notices. What is being trained now is read
from its folder each time; only runs that stand still are written down.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from trainers.api import Phase
from trainers.files import read_json
from trainers.runs import State, state_from

NAME = "index.sqlite"
VERSION = 1
FILES = ("run.json", "state.json", "notes.json", "queued.json", "model.safetensors")
TABLE = "CREATE TABLE runs (folder TEXT PRIMARY KEY, stamp TEXT NOT NULL, facts TEXT NOT NULL)"
PATIENCE_S = 1.0  # for another process that writes


@dataclass(frozen=True)
class Entry:
    """What the index knows of a run: `facts` has the contents of its small files by their names."""

    folder: Path
    stamp: str
    facts: dict[str, dict[str, Any]]
    model_time: int

    @property
    def asked(self) -> dict[str, Any]:
        return self.facts["run"]

    @property
    def tags(self) -> tuple[str, ...]:
        tags = self.facts["notes"].get("tags")
        return tuple(str(tag) for tag in tags) if isinstance(tags, list) else ()

    def state(self) -> State:
        """Where the run stands now; a process that is gone is noticed."""
        return state_from(self.facts["state"])

    @cached_property
    def text(self) -> str:
        """All that can be searched for, in small letters."""
        settings = self.asked.get("settings")
        pairs = (f"{k}={v}" for k, v in settings.items()) if isinstance(settings, dict) else ()
        words = [
            self.folder.name,
            *(str(self.asked.get(k, "")) for k in ("name", "family", "data", "recipe")),
        ]
        return " ".join([*words, *self.tags, str(self.facts["notes"].get("notes", "")), *pairs]).lower()


class Index:
    """The index of one folder of runs. Used in the thread that first reads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, Entry] | None = None
        self._base: sqlite3.Connection | None = None

    def read(self) -> list[Entry]:
        """Every run there is, newest first."""
        if self._known is None:
            self._known = self._recall()
        found = {name: self._entry(name, stamp) for name, stamp in self._stamps()}
        changed = [e for name, e in found.items() if self._known.get(name) is not e]
        gone = [name for name in self._known if name not in found]
        self._known = found
        self._write_down(changed, gone)
        return sorted(found.values(), key=_created, reverse=True)

    def close(self) -> None:
        """Let go of the file."""
        if self._base is not None:
            self._base.close()
            self._base = None

    def _stamps(self) -> Iterator[tuple[str, str]]:
        """Each run's name, and times and sizes of its small files."""
        try:
            names = [entry.name for entry in os.scandir(self.folder) if entry.is_dir()]
        except OSError:
            return
        for name in names:
            stamps = [_stamp(self.folder / name / file) for file in FILES]
            if stamps[0] != "-":
                yield name, " ".join(stamps)

    def _entry(self, name: str, stamp: str) -> Entry:
        known = (self._known or {}).get(name)
        if known is not None and known.stamp == stamp:
            return known
        folder = self.folder / name
        facts = {Path(file).stem: read_json(folder / file) for file in FILES[:4]}
        return Entry(folder, stamp, facts, _time(stamp))

    # The file

    def _recall(self) -> dict[str, Entry]:
        """What was written down; empty when it can't be read, and then the file is made anew."""
        if not self.folder.is_dir():
            return {}
        for _ in range(2):
            try:
                self._base = _opened(self.folder / NAME)
                rows = self._base.execute("SELECT folder, stamp, facts FROM runs").fetchall()
                return {name: _recalled(self.folder / name, stamp, facts) for name, stamp, facts in rows}
            except (sqlite3.OperationalError, OSError):  # busy, or a disk that can't be written: without
                self.close()
                return {}
            except (sqlite3.DatabaseError, ValueError, KeyError, TypeError):  # damaged: anew
                self.close()
                _remove(self.folder / NAME)
        return {}

    def _write_down(self, changed: list[Entry], gone: list[str]) -> None:
        still = [e for e in changed if e.facts["state"].get("phase") not in LIVE]
        if self._base is None or not (still or gone):
            return
        rows = [(e.folder.name, e.stamp, json.dumps(e.facts)) for e in still]
        try:
            with self._base:
                self._base.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", rows)
                self._base.executemany("DELETE FROM runs WHERE folder = ?", [(name,) for name in gone])
        except sqlite3.Error:  # the folders are the truth; the next reader makes it anew
            self.close()


LIVE = frozenset(str(phase) for phase in Phase if phase.live)


def _opened(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, timeout=PATIENCE_S, check_same_thread=False)
    try:
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = NORMAL")
        with base:
            base.execute("BEGIN IMMEDIATE")  # two windows that both find no table make one
            if base.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                base.execute("DROP TABLE IF EXISTS runs")
                base.execute(TABLE)
                base.execute(f"PRAGMA user_version = {VERSION}")
    except sqlite3.Error:
        base.close()
        raise
    return base


def _remove(path: Path) -> None:
    for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)


def _recalled(folder: Path, stamp: str, text: str) -> Entry:
    facts = json.loads(text)
    return Entry(folder, stamp, {name: dict(facts[name]) for name in ("run", "state", "notes", "queued")},
                 _time(stamp))  # fmt: skip


def model_time(path: Path) -> int:
    """When a model's file was written, in ns, as an entry has it; 0 where there is none."""
    return _time(_stamp(path))


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "-"
    return f"{status.st_mtime_ns}.{status.st_size}"


def _time(stamp: str) -> int:
    """That of the last file of a stamp, the model."""
    time = stamp.split(" ")[-1].partition(".")[0]
    return int(time) if time.isdigit() else 0


def _created(entry: Entry) -> float:
    created = entry.asked.get("created")
    return float(created) if isinstance(created, int | float) else 0.0
