"""Bulk work in shards that can be begun again: a finished shard is a file, and only missing ones are done.

Workers come and go: a shard whose worker is lost is done again by another. No torch, no Ray.
"""

from __future__ import annotations

import io
import shutil
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from backends.errors import BadRequest, ExplorerError
from trainers.files import read_json, replace_file, write_json
from trainers.runs import writing

Codes = NDArray[np.float32]
TRIES = 4  # of a shard whose workers are lost, before it is the shard's fault
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Done:
    """What became of a shard: its `codes` `[n, D]`, or None where its worker was lost."""

    shard: int
    worker: int
    codes: Codes | None
    seconds: float = 0.0  # that the worker was busy with it


class Workers(Protocol):
    """Those who encode; any number of them."""

    def idle(self) -> bool:
        """Whether another shard can be handed to one."""

    def hand(self, shard: int, start: int, stop: int) -> None: ...

    def collect(self) -> list[Done]:
        """What was done or lost since the last time; waits a moment."""


@dataclass(frozen=True)
class Shards:
    """The parts of `count` rows, `size` to a part, and the folder in which the finished ones are."""

    folder: Path
    count: int
    size: int

    @staticmethod
    def open(folder: Path, count: int, size: int, facts: dict[str, Any]) -> Shards:
        """Begin, or go on with what is there. Raises `BadRequest` when that is of other `facts`."""
        wanted = {"count": count, "size": size, **facts}
        before = read_json(folder / MANIFEST)
        if before and before != wanted:
            other = ", ".join(name for name in wanted if before.get(name) != wanted[name])
            what = f"{folder} has shards of other work (its {other} differs)."
            raise BadRequest(what, "Choose another --out, or remove that folder.")
        with writing():
            folder.mkdir(parents=True, exist_ok=True)
            write_json(folder / MANIFEST, wanted, lasting=True)
        return Shards(folder, count, size)

    def __len__(self) -> int:
        return -(-self.count // self.size)

    def rows(self, shard: int) -> tuple[int, int]:
        """From which row to which."""
        return shard * self.size, min((shard + 1) * self.size, self.count)

    def missing(self) -> list[int]:
        """The shards that are not done; one that is damaged isn't."""
        return [shard for shard in range(len(self)) if self._read(shard) is None]

    def keep(self, shard: int, codes: Codes) -> None:
        """Write a finished shard, whole or not. Raises `CantWrite`, `ExplorerError` for a wrong shape."""
        start, stop = self.rows(shard)
        if codes.ndim != 2 or len(codes) != stop - start:
            raise ExplorerError(f"Shard {shard} came back as {codes.shape}, not of {stop - start} rows.")
        buffer = io.BytesIO()
        np.save(buffer, codes)
        with writing():
            replace_file(self._path(shard), buffer.getvalue(), lasting=True)

    def all(self) -> Codes:
        """The codes of all rows `[N, D]`, in their order. Raises `BadRequest` while some are missing."""
        parts = [self._read(shard) for shard in range(len(self))]
        found = [part for part in parts if part is not None]
        if len(found) < len(parts):
            raise BadRequest(f"{len(parts) - len(found)} of {len(parts)} shards are missing.", "Go on first.")
        return np.concatenate(found)

    def remove(self) -> None:
        shutil.rmtree(self.folder)

    def _path(self, shard: int) -> Path:
        return self.folder / f"{shard:06d}.npy"

    def _read(self, shard: int) -> Codes | None:
        start, stop = self.rows(shard)
        try:
            codes = np.load(self._path(shard), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        fits = codes.ndim == 2 and len(codes) == stop - start and codes.dtype == np.float32
        return codes if fits else None


@dataclass
class Stint:
    """What one worker has done: rows, seconds at work, and from when to when (it may have come late)."""

    rows: int
    busy: float
    begun: float
    ended: float

    @property
    def seconds(self) -> float:
        return max(self.ended - self.begun, self.busy, 1e-9)


@dataclass
class Tally:
    """How fast it goes."""

    stints: dict[int, Stint] = field(default_factory=dict)
    since: float = field(default_factory=time.monotonic)
    lost: int = 0

    def add(self, done: Done, rows: int) -> None:
        now = time.monotonic()
        one = self.stints.setdefault(done.worker, Stint(0, 0.0, now - done.seconds, now))
        one.rows, one.busy, one.ended = one.rows + rows, one.busy + done.seconds, now

    def sentence(self) -> str:
        """`4,096 images by 2 workers in 12.0 s: 170 images/s each, 98 % of the time at work.`"""
        seconds, stints = time.monotonic() - self.since, self.stints.values()
        if not stints:
            return "Nothing was left to do."
        each = sum(one.rows / one.seconds for one in stints) / len(stints)
        share = sum(one.busy for one in stints) / sum(one.seconds for one in stints)
        lost = f" {self.lost} shards were done again." if self.lost else ""
        return (
            f"{sum(one.rows for one in stints):,} images by {len(stints)} worker{'s' * (len(stints) > 1)} "
            f"in {seconds:.1f} s: {each:,.0f} images/s each, {share:.0%} of the time at work.{lost}"
        )


def work_off(shards: Shards, workers: Workers, say: Callable[[int, int], None]) -> Tally:
    """Have all missing shards done; `say(done, of)` after each. Raises `ExplorerError`."""
    todo, under_way = deque(shards.missing()), 0
    tries: Counter[int] = Counter()
    done, tally = len(shards) - len(todo), Tally()
    say(done, len(shards))
    while todo or under_way:
        while todo and workers.idle():
            shard = todo.popleft()
            workers.hand(shard, *shards.rows(shard))
            under_way += 1
        for one in workers.collect():
            under_way -= 1
            if one.codes is None:
                tries[one.shard] += 1
                tally.lost += 1
                if tries[one.shard] >= TRIES:
                    what = f"{TRIES} workers were lost with shard {one.shard}."
                    raise ExplorerError(what, "Ask for more memory or smaller shards; what is done is kept.")
                todo.appendleft(one.shard)
                continue
            shards.keep(one.shard, one.codes)
            start, stop = shards.rows(one.shard)
            tally.add(one, stop - start)
            done += 1
            say(done, len(shards))
    return tally
