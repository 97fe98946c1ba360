"""The run's folder in the cluster, as the actor beside the job offers it to the mirror. No torch, no Ray.

Every answer is a dictionary that JSON can hold, and bytes. All of it can be asked again: an answer that was
lost on the way changes nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trainers.api import Command
from trainers.files import read_json, write_json
from trainers.runs import Run, State

SPEAKS = 1  # the version of what is said between the two ends
PIECE = 4 << 20  # bytes of a file in one answer
SEAM = 4096  # bytes before the end of a growing file that are compared
KEPT_S = 14 * 24 * 3600.0  # for which a folder waits to be fetched, when nobody asks for it
HOURLY_S = 3600.0
GROWING = re.compile(r"(metrics|events)\.jsonl|log\.txt|tensorboard/[\w.\-]+")
WHOLE = re.compile(
    r"run\.json|loggers\.json|model\.safetensors|samples/\d+\.png|checkpoints/\d+\.safetensors"
)
SENT = re.compile(rf"{GROWING.pattern}|{WHOLE.pattern}|data\.zip")
Answer = tuple[dict[str, Any], bytes]
NOTHING: Answer = ({"gone": True}, b"")


class FarFolder:
    """One run's folder; the methods are what the mirror may ask. `mind` lets it end when it is forgotten."""

    def __init__(self, folder: str, *, mind: bool = False) -> None:
        self.run = Run(Path(folder))
        self.asked_at = time.time()
        self._checksums: dict[str, tuple[list[int], str]] = {}
        if mind:
            threading.Thread(target=self._end_if_forgotten, daemon=True).start()

    def look(self) -> Answer:
        """Where the run stands, and its files with sizes and times."""
        self.asked_at = time.time()
        files = {name: stamp for name in self._names() if (stamp := _stamp(self._path(name)))}
        told = {"speaks": SPEAKS, "begun": self.begun.exists(), "ended": read_json(self.ended),
                "state": asdict(self.run.state()), "files": files}  # fmt: skip
        return told, b""

    @property
    def begun(self) -> Path:
        """There from the moment at which all was sent that the training needs."""
        return self.run.folder.parent / "begun"

    @property
    def ended(self) -> Path:
        """There, with the exit code, when the training's process has ended."""
        return self.run.folder.parent / "ended.json"

    def grow(self, name: str, at: int, seam: str) -> Answer:
        """What came after byte `at`, if what is before has the checksum `seam`; else from the start."""
        try:
            with self._path(name).open("rb") as file:
                file.seek(max(at - SEAM, 0))
                fits = hashlib.sha256(file.read(min(at, SEAM))).hexdigest() == seam
                if not fits:
                    file.seek(0)
                return {"fits": fits}, file.read(PIECE)
        except OSError:
            return NOTHING

    def read(self, name: str, at: int) -> Answer:
        """A piece of a file, with the stamp of the file that it belongs to."""
        try:
            with self._path(name).open("rb") as file:
                status = os.fstat(file.fileno())
                file.seek(at)
                return {"stamp": [status.st_size, status.st_mtime_ns]}, file.read(PIECE)
        except OSError:
            return NOTHING

    def checksum(self, name: str) -> Answer:
        """The SHA-256 of a whole file, with its stamp."""
        path = self._path(name)
        stamp = _stamp(path)
        if stamp is None:
            return NOTHING
        if self._checksums.get(name, ([], ""))[0] != stamp:
            try:
                with path.open("rb") as file:
                    self._checksums[name] = stamp, hashlib.file_digest(file, "sha256").hexdigest()
            except OSError:
                return NOTHING
        return {"stamp": stamp, "sha256": self._checksums[name][1]}, b""

    def put(self, name: str, at: int, content: bytes) -> Answer:
        """Write a piece of a file that the training needs; returns how much of it is there."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("r+b" if at and path.exists() else "wb") as file:
            file.seek(at)
            file.truncate()
            file.write(content)
        return {"size": path.stat().st_size}, b""

    def begin(self, step: int, steps: int, seconds: float) -> Answer:
        """All that was to be sent is here, of a run that stands so: the job may train."""
        if not self.begun.exists():
            self.run.write_state(State(step=step, steps=steps, seconds=seconds))
            write_json(self.begun, {"time": time.time()})
        return {}, b""

    def ask(self, command: str, values: dict[str, Any]) -> Answer:
        """A command for the training."""
        self.run.send(Command(command), **values)
        return {}, b""

    def leave(self) -> Answer:
        """All was fetched: nothing needs to stay."""
        shutil.rmtree(self.run.folder.parent, ignore_errors=True)
        return {}, b""

    def _names(self) -> list[str]:
        found = []
        for inner in (".", "samples", "checkpoints", "tensorboard"):
            try:
                entries = [entry.name for entry in os.scandir(self.run.folder / inner)]
            except OSError:
                continue
            found += [name if inner == "." else f"{inner}/{name}" for name in entries]
        return [name for name in found if is_mirrored(name)]

    def _path(self, name: str) -> Path:
        """Where a file of the run lies. Raises `ValueError` for one that is none of ours."""
        if not SENT.fullmatch(name):
            raise ValueError(f"{name!r} is no file of a run")
        return self.run.folder / name

    def _end_if_forgotten(self) -> None:
        while self.run.folder.exists():
            if time.time() - self.asked_at > KEPT_S and not self.run.phase().live:
                self.leave()
            time.sleep(HOURLY_S)
        os._exit(0)


def is_mirrored(name: str) -> bool:
    """Whether a name may be copied here: whatever is said there, nothing else is ever written."""
    return bool(GROWING.fullmatch(name) or WHOLE.fullmatch(name))


def _stamp(path: Path) -> list[int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]
