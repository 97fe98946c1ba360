"""Latest wins: at most one request of a channel is under way, and the newest waits. No Qt.

A channel is one picture that is drawn again and again (the large image, a strip). The state machine
promises that after the last `submit` of a channel its result is delivered, whatever replies, errors
and crashes come in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class _Channel(Generic[T]):
    in_flight: T | None = None
    waiting: T | None = None


@dataclass
class LatestWins(Generic[T]):
    """`send` puts a request on its way. Call `finished` when its last reply came."""

    send: Callable[[T], None]
    channels: dict[str, _Channel[T]] = field(default_factory=dict)

    def submit(self, channel: str, request: T) -> None:
        """Send at once when the channel is free; else replace what waits."""
        slot = self.channels.setdefault(channel, _Channel())
        if slot.in_flight is None:
            slot.in_flight = request
            self.send(request)
        else:
            slot.waiting = request

    def finished(self, channel: str, request: T) -> None:
        """The request under way was answered; the newest waiting one goes out."""
        slot = self.channels.get(channel)
        if slot is None or slot.in_flight is not request:
            return
        slot.in_flight, slot.waiting = slot.waiting, None
        if slot.in_flight is not None:
            self.send(slot.in_flight)

    def withdraw(self, channel: str, request: T) -> None:
        """Forget a request that still waits."""
        slot = self.channels.get(channel)
        if slot is not None and slot.waiting is request:
            slot.waiting = None

    def pair(self, channel: str) -> tuple[T | None, T | None]:
        """The request under way and the newest that waits behind it."""
        slot = self.channels.get(channel) or _Channel()
        return slot.in_flight, slot.waiting

    def resend(self) -> None:
        """After a crash: each channel's newest request goes out again, older ones are forgotten."""
        for slot in self.channels.values():
            if slot.waiting is not None:
                slot.in_flight, slot.waiting = slot.waiting, None
            if slot.in_flight is not None:
                self.send(slot.in_flight)

    def drop(self, channel: str) -> T | None:
        """Forget a channel; returns the request that was under way."""
        slot = self.channels.pop(channel, None)
        return slot.in_flight if slot else None

    @property
    def busy(self) -> bool:
        return any(slot.in_flight is not None for slot in self.channels.values())
