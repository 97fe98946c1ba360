"""What is known of a line to another machine: how fast it is, how far away, how much may be on its way.

After BBR (Cardwell et al. 2017): the rate is the fastest delivery seen lately, the distance the shortest
round trip. What is on its way is held to what the line carries in one round trip and a twentieth of a second
more, so that no queue grows in the buffers of ssh and something urgent never waits behind a second of bulk.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

SPARE_S = 0.05  # seconds of transfer beyond the round trip that may be on their way
GROWTH = 1.25  # a line that is faster than believed is found out
LEAST, MOST = 32 << 10, 16 << 20  # bytes on their way
SLICE_S = 0.01  # seconds of transfer after which something more urgent may come between
LEAST_SLICE, MOST_SLICE = 4 << 10, 64 << 10  # bytes
REMEMBERED = 24  # deliveries by which the rate is judged


@dataclass
class _Slice:
    """Bytes that were sent: their end, when, and what had been delivered then."""

    end: int
    sent: float
    delivered: int
    since: float
    idle: bool  # whether the line had nothing else to do: then it says little of its rate


@dataclass
class Line:
    """Bytes that go out are told with `send`, the far side's count of arrived ones with `deliver`.

    `rate` is in bytes a second, 0 while nothing is known; `ping` in seconds. Times are of any steady clock.
    """

    sent: int = 0
    delivered: int = 0
    rate: float = 0.0
    ping: float = 0.0
    _last: float = 0.0
    _idle_until: int = 0  # sent bytes
    _slices: deque[_Slice] = field(default_factory=deque)
    _rates: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def send(self, size: int, now: float, more: bool) -> None:
        """`size` bytes go out; `more` says whether others wait behind them.

        Where none do, the line has nothing to do for a while; what it delivers then says little of its rate.
        """
        if self.sent == self.delivered:
            self._last = now
            self._idle_until = self.sent + self.window
        idle = self.sent < self._idle_until
        self.sent += size
        self._slices.append(_Slice(self.sent, now, self.delivered, self._last, idle))
        if not more:
            self._idle_until = self.sent + self.window

    def deliver(self, total: int, now: float) -> None:
        """The far side has `total` bytes by now."""
        newest: _Slice | None = None
        while self._slices and self._slices[0].end <= total:
            newest = self._slices.popleft()
        self.delivered, self._last = max(self.delivered, min(total, self.sent)), now
        if newest is None:
            return
        trip = max(now - newest.sent, 1e-6)
        # For the life of a connection: a round trip seen through our own queue would let the queue grow.
        self.ping = min(self.ping, trip) if self.ping else trip
        rate = (newest.end - newest.delivered) / max(now - newest.since, 1e-6)
        if not newest.idle or rate > self.rate:
            self._rates.append(rate)
            self.rate = max(self._rates)

    @property
    def on_its_way(self) -> int:
        return self.sent - self.delivered

    @property
    def window(self) -> int:
        """Bytes that may be on their way."""
        fits = GROWTH * self.rate * (self.ping + SPARE_S)
        return int(min(max(fits, LEAST), MOST))

    @property
    def slice(self) -> int:
        """Bytes that are sent in one piece."""
        return int(min(max(self.rate * SLICE_S, LEAST_SLICE), MOST_SLICE))
