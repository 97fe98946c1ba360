"""Models on their way to another machine, piece by piece, behind everything that is more urgent. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from backends.errors import BadModel
from backends.link import COPYING, Link
from backends.store import checksum

PIECE = 256 << 10  # bytes
AHEAD = 4  # pieces that are on their way at once


@dataclass
class Copy:
    """A file that the far side has in part; open, so that a training may replace it meanwhile."""

    key: str
    name: str
    size: int
    file: BinaryIO
    sent: int = 0
    there: int = 0  # bytes

    @property
    def fraction(self) -> float:
        return self.there / max(self.size, 1)


@dataclass
class Copies:
    """What is known of the far side's files; `there` and the copies are those of one connection."""

    there: set[str] = field(default_factory=set)
    under_way: dict[str, Copy] = field(default_factory=dict)
    _checksums: dict[tuple[str, int, int], str] = field(default_factory=dict)

    def key(self, path: str) -> str:
        """The checksum of a file as it is now. Raises `BadModel`."""
        try:
            state = Path(path).stat()
        except OSError:
            raise BadModel(f"{path} doesn't exist.", "Check the name, or list the models.") from None
        known = (path, state.st_mtime_ns, state.st_size)
        if known not in self._checksums:
            self._checksums[known] = checksum(path)
        return self._checksums[known]

    def want(self, key: str, path: str, link: Link) -> None:
        """Ask whether a file is there; the answer is for `take`. Raises `BadModel`."""
        if key in self.under_way:
            return
        try:
            file = Path(path).open("rb")  # noqa: SIM115 - closed when it is there
        except OSError as error:
            raise BadModel(f"{path} can't be read: {error.strerror or error}.", "Check the name.") from None
        size = Path(path).stat().st_size
        self.under_way[key] = Copy(key, Path(path).name, size, file)
        link.send({"verb": "have", "key": key, "size": size}, {}, COPYING)

    def take(self, answer: dict[str, Any], link: Link) -> Copy | None:
        """Go on after an answer of the far side's store; the copy that it is about. Raises `BadModel`."""
        copy = self.under_way.get(str(answer.get("key")))
        if copy is None:
            return None
        if answer.get("there") or "what" in answer:
            if answer.get("there"):
                self.there.add(copy.key)
                copy.there = copy.size
            self.under_way.pop(copy.key).file.close()
            return copy
        copy.there = int(answer.get("begun") or 0)
        copy.sent = max(copy.sent, copy.there)
        while copy.sent < copy.size and copy.sent < copy.there + AHEAD * PIECE:
            self._send_piece(copy, link)
        return copy

    def forget(self) -> None:
        """The connection is gone; what has come of a file stays there, and the copy goes on from it."""
        for copy in self.under_way.values():
            copy.file.close()
        self.there.clear()
        self.under_way.clear()

    def _send_piece(self, copy: Copy, link: Link) -> None:
        copy.file.seek(copy.sent)
        content = np.frombuffer(copy.file.read(PIECE), np.uint8)
        if not len(content):
            raise BadModel(f"{copy.name} was cut short while it was copied.", "Choose it again.")
        head = {"verb": "put", "key": copy.key, "size": copy.size, "at": copy.sent}
        copy.sent += len(content)
        link.send(head, {"bytes": content}, COPYING)
