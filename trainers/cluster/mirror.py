"""Copying a run's folder from the cluster as it grows there. No torch, no Ray.

Files that grow are read on from where their copy ends, if what is before that agrees; all others are fetched
in pieces beside their place, compared by SHA-256 and renamed. So a reader here sees whole files only, and a
copy that was interrupted goes on where it was. Checkpoints that are gone there go here too, but not before
all newer ones are here.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backends.files import swap
from trainers.cluster.folder import GROWING, PIECE, SEAM, Answer, is_mirrored
from trainers.files import read_json, replace_file, write_json
from trainers.runs import Run

PIECES = 4  # of large files in one step, so that curves and commands need not wait
OURS = ("cluster", "data", "name", "recipe", "created", "sweep", "varied")  # in run.json: as it stands here
Ask = Callable[..., Answer]


@dataclass
class Mirror:
    """The copy of one run; `ask(method, **arguments)` reaches `FarFolder` and may raise at any time."""

    run: Run
    ask: Ask
    waiting: int = 0  # files that differ from their copies, after the last step
    _known: dict[str, list[int]] = field(default_factory=dict)  # stamps there of what is copied here

    def step(self) -> dict[str, Any]:
        """Copy what is new, as much as takes a moment; what `FarFolder.look` told. Raises `OSError`."""
        told, _ = self.ask("look")
        files = {name: stamp for name, stamp in told["files"].items() if is_mirrored(name)}
        new = sorted((name for name in files if self._known.get(name) != files[name]), key=_late)
        pieces = PIECES
        for name in new:
            if GROWING.fullmatch(name):
                self._grow(name)
                self._known[name] = files[name]
            elif name == "run.json":
                self._take_facts(files[name])
            elif pieces > 0:
                pieces -= self._fetch(name, files[name], pieces)
        self.waiting = sum(self._known.get(name) != stamp for name, stamp in files.items())
        if not self.waiting:
            self._forget(set(files))
        return told

    def _grow(self, name: str) -> None:
        path = self.run.folder / name
        path.parent.mkdir(exist_ok=True)
        while True:
            at, seam = _end_of(path)
            told, new = self.ask("grow", name=name, at=at, seam=seam)
            if told.get("gone"):
                return
            if not told["fits"]:
                replace_file(path, new)
            elif new:
                with path.open("ab") as file:
                    file.write(new)
            if len(new) < PIECE:
                return

    def _take_facts(self, stamp: list[int]) -> None:
        """`run.json`: what the training noted there, and what belongs to this computer."""
        content, last = b"", b"-" * PIECE
        while len(last) == PIECE:
            told, last = self.ask("read", name="run.json", at=len(content))
            content += last
        try:
            there = json.loads(content)
        except ValueError:  # not whole: the next look has another
            return
        here = read_json(self.run.folder / "run.json")
        if isinstance(there, dict) and "settings" in there and here:
            kept = {name: here[name] for name in OURS if name in here}
            write_json(self.run.folder / "run.json", {**there, **kept}, lasting=True)
            self._known["run.json"] = told.get("stamp", stamp)

    def _fetch(self, name: str, stamp: list[int], most: int) -> int:
        """Fetch up to `most` pieces of a file, and put it into its place when all are here; how many."""
        path = self.run.folder / name
        if not stamp[0]:  # its writer was killed at once
            self._known[name] = stamp
            return 0
        if path.is_file() and path.stat().st_size == stamp[0] and self._agrees(name, stamp, path):
            return 1
        path.parent.mkdir(exist_ok=True)
        part = _part(path, stamp)
        for taken in range(most):
            at = part.stat().st_size if part.exists() else 0
            if at >= stamp[0] and part.exists():
                self._put_in_place(name, stamp, part)
                return taken + 1
            told, content = self.ask("read", name=name, at=at)
            if told.get("gone") or told["stamp"] != stamp or not content:  # replaced or removed meanwhile
                part.unlink(missing_ok=True)
                return taken + 1
            with part.open("ab") as file:
                file.write(content)
        return most

    def _put_in_place(self, name: str, stamp: list[int], part: Path) -> None:
        """Rename what was fetched, if it is what lies there; else it is fetched again."""
        if not self._agrees(name, stamp, part):
            part.unlink()
            return
        with part.open("rb") as file:
            os.fsync(file.fileno())
        swap(part, self.run.folder / name)

    def _agrees(self, name: str, stamp: list[int], path: Path) -> bool:
        """Whether a file here has the checksum of the one there; then it is known as copied."""
        told, _ = self.ask("checksum", name=name)
        if told.get("gone") or told["stamp"] != stamp:
            return False
        with path.open("rb") as file:
            agrees = hashlib.file_digest(file, "sha256").hexdigest() == told["sha256"]
        if agrees:
            self._known[name] = stamp
        return agrees

    def _forget(self, there: set[str]) -> None:
        """Remove the checkpoints that were there and are no longer."""
        for name in [name for name in self._known if name not in there]:
            del self._known[name]
            if name.startswith("checkpoints/"):
                (self.run.folder / name).unlink(missing_ok=True)


def send(ask: Ask, name: str, content: bytes, breathe: Callable[[], None]) -> None:
    """Put a file into the folder there, in pieces."""
    for at in range(0, max(len(content), 1), PIECE):
        ask("put", name=name, at=at, content=content[at : at + PIECE])
        breathe()


def _late(name: str) -> tuple[int, int, str]:
    """The order in which files are copied: small ones first, then the model and the newest checkpoint."""
    kinds = ("run.json", "metrics", "events", "log.txt", "samples", "model", "checkpoints")
    rank = next((number for number, start in enumerate(kinds) if name.startswith(start)), 3)
    step = int(Path(name).stem) if name.startswith("checkpoints") else 0
    return rank, -step, name


def _end_of(path: Path) -> tuple[int, str]:
    """How long a file is, and the checksum of its last bytes."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - SEAM, 0))
            return size, hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return 0, hashlib.sha256(b"").hexdigest()


def _part(path: Path, stamp: list[int]) -> Path:
    """Where a file is while it is being fetched; parts of its former contents are removed."""
    part = path.with_name(f".{path.name}.{stamp[1]}.part")
    for old in path.parent.glob(f".{path.name}.*.part"):
        if old != part:
            old.unlink(missing_ok=True)
    return part
