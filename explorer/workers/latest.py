"""Latest wins: one request of a channel is under way (a few on a long line), and the newest waits. No Qt.

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
    in_flight: list[T] = field(default_factory=list)  # oldest first
    waiting: T | None = None


@dataclass
class LatestWins(Generic[T]):
    """`send` puts a request on its way. Call `finished` when its last reply came.

    `at_once` says how many requests of a channel may be under way for this one to go out too.
    """

    send: Callable[[T], None]
    at_once: Callable[[T], int] = lambda _: 1
    channels: dict[str, _Channel[T]] = field(default_factory=dict)

    def submit(self, channel: str, request: T) -> None:
        """Send at once when the channel is free; else replace what waits."""
        slot = self.channels.setdefault(channel, _Channel())
        slot.waiting = request
        self._let_out(slot)

    def finished(self, channel: str, request: T) -> None:
        """The request under way was answered; the newest waiting one goes out."""
        slot = self.channels.get(channel)
        if slot is None or not any(one is request for one in slot.in_flight):
            return
        slot.in_flight = [one for one in slot.in_flight if one is not request]
        self._let_out(slot)

    def withdraw(self, channel: str, request: T) -> None:
        """Forget a request that still waits."""
        slot = self.channels.get(channel)
        if slot is not None and slot.waiting is request:
            slot.waiting = None

    def pair(self, channel: str) -> tuple[T | None, T | None]:
        """The oldest request under way and the newest that waits behind it."""
        slot = self.channels.get(channel) or _Channel()
        return slot.in_flight[0] if slot.in_flight else None, slot.waiting

    def everything(self, channel: str) -> list[T]:
        """What waits or is under way in a channel, newest first."""
        slot = self.channels.get(channel) or _Channel()
        return [one for one in (slot.waiting, *reversed(slot.in_flight)) if one is not None]

    def resend(self) -> None:
        """After a crash: each channel's newest request goes out again, older ones are forgotten."""
        for slot in self.channels.values():
            if slot.waiting is None and slot.in_flight:
                slot.waiting = slot.in_flight[-1]
            slot.in_flight = []
            self._let_out(slot)

    def drop(self, channel: str) -> T | None:
        """Forget a channel; returns the newest request that was under way."""
        slot = self.channels.pop(channel, None)
        return slot.in_flight[-1] if slot and slot.in_flight else None

    @property
    def busy(self) -> bool:
        return any(slot.in_flight for slot in self.channels.values())

    def _let_out(self, slot: _Channel[T]) -> None:
        """Send what waits, if it may go out now."""
        request = slot.waiting
        if request is not None and len(slot.in_flight) < max(1, self.at_once(request)):
            slot.waiting = None
            slot.in_flight.append(request)
            self.send(request)
