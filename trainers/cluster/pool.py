"""Actors of a Ray cluster that encode shards: hired, given work, replaced. No torch, no Ray."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from backends.errors import BadData, ExplorerError
from trainers.cluster import baggage
from trainers.cluster.line import Away, Line
from trainers.cluster.places import Wish
from trainers.cluster.shards import TRIES, Done

AHEAD = 2  # shards that a worker has: the next one waits there while the first one comes back
AWAY = ExplorerError("The cluster can't be reached.", "Is its address right, is there a way to it?")
LOST = ExplorerError(
    "The connection to the cluster was lost.", "The same command goes on with what is missing."
)


@dataclass
class Pool:
    """So many actors; each has one model and one data set. Use as a context.

    `facts` and `labels` are what the first of them says of the data; the others must say the same.
    """

    wish: Wish
    count: int
    model: Path
    data: str
    split: str
    limit: int
    log: IO[bytes]
    facts: dict[str, Any] = field(default_factory=dict)
    labels: NDArray[np.int64] | None = None
    notice: str = ""
    _line: Line | None = None
    _free: dict[int, int] = field(default_factory=dict)  # how many more shards each may be handed
    _hired: int = 0
    _early: int = 0  # how many were lost before they could begin

    def __enter__(self) -> Pool:
        """Send package, model and small data, and hire. Raises `ExplorerError`."""
        asked = {"data": self.data}
        spec, archive, self.notice = baggage.data_of(asked)
        given = {"spec": spec, "split": self.split, "limit": self.limit, "threads": int(self.wish.cpus)}
        try:
            self._line = Line(self.wish.address, self.log)
            if self.wish.package == "sent":
                self._do("stock", baggage.package(asked), name="package")
            self._do("stock", self.model.read_bytes(), name="model")
            if archive:
                self._do("stock", archive, name="data")
            self._do("employ", cpus=self.wish.cpus, gpus=self.wish.gpus, given=given)
        except Away:
            self.__exit__()
            raise AWAY from None
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._line is not None:
            self._line.close()

    def begin(self, say: Callable[[str], None]) -> None:
        """Hire all; returns when the first can begin, the others join later. Raises `ExplorerError`."""
        for _ in range(self.count):
            self._hire()
        say(f"Waits in the cluster for {self.wish.words()} for each of {self.count}.")
        while not self.facts:
            self.collect()

    def idle(self) -> bool:
        return any(self._free.values())

    def hand(self, shard: int, start: int, stop: int) -> None:
        worker = max(self._free, key=lambda one: self._free[one])
        self._free[worker] -= 1
        self._do("hand", worker=worker, shard=shard, start=start, stop=stop)

    def collect(self) -> list[Done]:
        """What came back since the last time. Raises `ExplorerError` for what another try doesn't mend."""
        told, content = self._ask("collect")
        kind, worker = told.get("kind"), int(told.get("worker", 0))
        if kind == "fault":
            raise ExplorerError(f"A worker could not do it: {told['text']}", "What is done is kept.")
        if kind == "begun":
            self._admit(worker, told["facts"], content)
        elif kind == "done":
            self._free[worker] += 1
            codes = np.frombuffer(content, "<f4").reshape(told["shape"])
            return [Done(int(told["shard"]), worker, codes.astype(np.float32), float(told["seconds"]))]
        elif kind == "lost":
            return self._replace(worker, told["shards"])
        return []

    def _admit(self, worker: int, facts: dict[str, Any], labels: bytes) -> None:
        if self.facts and facts != self.facts:
            raise BadData(f"The data of {self.data} are not the same on all machines.", "Copy them anew.")
        if not self.facts:
            self.labels = np.frombuffer(labels, "<i8").astype(np.int64) if facts["labelled"] else None
        self.facts = facts
        self._free[worker] = AHEAD

    def _replace(self, worker: int, shards: list[int]) -> list[Done]:
        """Another one in the place of one that is lost, with what that one had."""
        self._early += worker not in self._free
        if self._early >= TRIES:
            raise ExplorerError("Workers end before they can begin.", "Ray's logs in the cluster say why.")
        self._free.pop(worker, None)
        self._hire()
        return [Done(shard, worker, None) for shard in shards]

    def _hire(self) -> None:
        self._do("hire", worker=self._hired)
        self._hired += 1

    def _do(self, verb: str, content: bytes = b"", **given: Any) -> dict[str, Any]:
        return self._ask(verb, content, **given)[0]

    def _ask(self, verb: str, content: bytes = b"", **given: Any) -> tuple[dict[str, Any], bytes]:
        assert self._line is not None
        try:
            return self._line.pool(verb, content, **given)
        except Away:
            if verb in ("stock", "employ"):
                raise
            raise LOST from None
