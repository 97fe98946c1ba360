"""Two sides of a slow line: messages of `backends.wire` in slices, the most urgent first.

Each side sends slices of its messages and counts those that arrived; what is on its way is limited by what
the line carries (`backends.line`). So a slider's request overtakes a model that is being copied, a picture
overtakes ten thousand bulk images, and what isn't sent yet can be taken back.

A frame is `kind, message, number` (13 bytes): for a slice its length and then its bytes, for an
acknowledgement all bytes of slices that have come so far.
"""

from __future__ import annotations

import heapq
import io
import itertools
import json
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np

from backends.line import Line
from backends.wire import LIMIT, StreamClosed, read_exactly, read_message, write_message

COPYING = 20  # priority of what belongs to copies of models, behind all that a person waits for
PREAMBLE = b"\0LEXLINK1\n"  # what comes before it was printed by the far side's login
NOISE = 64 << 10  # bytes in which the preamble must come
FRAME = struct.Struct("<BIQ")
MORE, LAST, ARRIVED = 0, 1, 2
Handler = Callable[[dict[str, Any], dict[str, np.ndarray]], None]


class NoPreamble(StreamClosed):
    """The far side said something else than we expect; its first words are the message."""


@dataclass(order=True)
class _Outgoing:
    priority: int
    number: int
    content: memoryview = field(compare=False)
    stamp: int = field(compare=False)
    at: int = field(default=0, compare=False)

    @property
    def left(self) -> int:
        return len(self.content) - self.at


class Link:
    """One side. `read` delivers what comes until the end; a thread of its own sends.

    `on_room` is called (from `read`'s thread) whenever something has left or arrived.
    """

    def __init__(
        self,
        source: BinaryIO,
        sink: BinaryIO,
        on_room: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.line = Line()
        self._source, self._sink, self._on_room, self._clock = source, sink, on_room, clock
        self._numbers = itertools.count(1)
        self._outbox: list[_Outgoing] = []
        self._incoming: dict[int, bytearray] = {}
        self._arrived = self._told = 0  # bytes of slices that have come, and that the far side knows of
        self._closed = False
        self._turn = threading.Condition()
        self._writer = threading.Thread(target=self._write_all, name="link writer", daemon=True)
        self._writer.start()

    def send(
        self,
        head: dict[str, Any],
        arrays: dict[str, np.ndarray] | None = None,
        priority: int = 0,
        stamp: int = 0,
    ) -> None:
        """Send a message as soon as nothing more urgent (of a lower `priority`) waits; returns at once.

        Messages of one priority arrive in their order.
        """
        buffer = io.BytesIO()
        write_message(buffer, head, arrays or {})
        with self._turn:
            message = _Outgoing(priority, next(self._numbers), buffer.getbuffer(), stamp)
            heapq.heappush(self._outbox, message)
            self._turn.notify()

    def withdraw(self, stamp: int) -> bool:
        """Take back the messages of a stamp of which nothing has been sent; whether there were any."""
        with self._turn:
            kept = [message for message in self._outbox if message.stamp != stamp or message.at]
            found = len(kept) < len(self._outbox)
            self._outbox = kept
            heapq.heapify(self._outbox)
            return found

    def waiting(self, priority: int) -> int:
        """Bytes that wait to be sent and are as urgent as `priority` or more."""
        with self._turn:
            return sum(message.left for message in self._outbox if message.priority <= priority)

    def has_room(self, priority: int) -> bool:
        """Whether something of a priority would go out soon: less waits than may be on its way."""
        return self.waiting(priority) < self.line.window

    def close(self) -> None:
        """Send nothing more. The streams belong to the caller."""
        with self._turn:
            self._closed = True
            self._turn.notify()

    def read(self, handler: Handler) -> None:
        """Hand over every message until the stream ends, then raise `StreamClosed`; `NoPreamble` at once."""
        try:
            self._find_preamble()
            while True:
                self._take(handler)
        finally:
            self.close()

    def _find_preamble(self) -> None:
        said = bytearray()
        while not said.endswith(PREAMBLE):
            try:
                byte = self._source.read(1)
            except (OSError, ValueError):
                byte = b""
            if not byte or len(said) > NOISE:
                raise NoPreamble(said.decode(errors="replace").strip())
            said += byte

    def _take(self, handler: Handler) -> None:
        kind, number, value = FRAME.unpack(read_exactly(self._source, FRAME.size))
        if kind == ARRIVED:
            with self._turn:
                self.line.deliver(value, self._clock())
                self._turn.notify()
        elif kind in (MORE, LAST) and value <= NOISE << 4:
            so_far = self._incoming.setdefault(number, bytearray())
            so_far += read_exactly(self._source, value)
            if len(so_far) > LIMIT:
                raise StreamClosed("the line is out of step")
            with self._turn:
                self._arrived += value
                self._turn.notify()
            if kind == LAST:
                handler(*_unpacked(self._incoming.pop(number)))
        else:
            raise StreamClosed("the line is out of step")
        self._on_room()

    def _write_all(self) -> None:
        try:
            self._sink.write(PREAMBLE)
            self._sink.flush()
            while (frame := self._next_frame()) is not None:
                self._sink.write(frame)
                self._sink.flush()
        except (OSError, ValueError):  # closed: who reads says so
            return

    def _next_frame(self) -> bytes | None:
        """The next bytes to write; waits for them. None at the end."""
        with self._turn:
            while not self._closed:
                if self._told < self._arrived:
                    self._told = self._arrived
                    return FRAME.pack(ARRIVED, 0, self._told)
                if self._outbox and self.line.on_its_way < self.line.window:
                    return self._next_slice()
                self._turn.wait()
            return None

    def _next_slice(self) -> bytes:
        message = self._outbox[0]
        part = message.content[message.at : message.at + self.line.slice]
        message.at += len(part)
        if not message.left:
            heapq.heappop(self._outbox)
        self.line.send(len(part), self._clock(), bool(self._outbox))
        return FRAME.pack(MORE if message.left else LAST, message.number, len(part)) + part


def _unpacked(content: bytearray) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    try:
        return read_message(io.BytesIO(content))
    except (json.JSONDecodeError, ValueError, KeyError, TypeError) as error:
        raise StreamClosed(f"the line is out of step ({error})") from error
