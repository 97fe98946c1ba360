"""The model host seen from the window: ask, get pictures back, survive its death.

Lives on the GUI thread and never waits. Two ways to ask:

* `show(channel, …)` for pictures that follow the hand: latest wins, one under way per channel; one
  that `gives_way` is ended for a newer one when it takes long (families of many steps);
* `ask(…)` for everything else: answered in order of priority, may stream partial results, can be
  cancelled.

When the host dies (crash, out of memory, killed) the window stays: the client starts a new one and
asks again for what was under way. A request that was under way in two deaths in a row is taken for
their cause and reported as an error instead.

The host may be on another machine (`explorer.workers.relay`); `move_to` goes there and back.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from backends.api import Priority, Reply, Request
from explorer.workers.child import Child
from explorer.workers.latest import LatestWins

Handler = Callable[[Reply], None]
RESTART_MS = 300
PATIENCE_S = 0.25  # so long a request that gives way is left to finish before a newer one ends it
LONG_S = 0.01  # of a round trip from which on several pictures of a channel may be under way
SHORT_S = 0.004  # the least that is believed of the time a host takes
MOST_AT_ONCE = 4
GIVE_UP_AFTER = 5  # deaths without a single answer between them


class Launcher(Protocol):
    """Starts a host and returns the child that speaks with it."""

    def __call__(self) -> Child: ...


@dataclass(frozen=True)
class LineTold:
    """What is known of the line to a host on another machine: `rate` in bytes and `ping` in seconds.

    `machine` is empty for a host of this one; `state` is `connecting`, `ready`, `away` or `failed`.
    """

    machine: str = ""
    state: str = "ready"
    text: str = ""
    rate: float = 0.0
    ping: float = 0.0

    @property
    def far(self) -> bool:
        return bool(self.machine)

    def seconds(self, size: int) -> float:
        """How long so many bytes take; 0 on this machine, and while nothing is known."""
        return size / self.rate if self.rate else 0.0


@dataclass(eq=False)
class Ticket:
    """A request on its way. `cancel` gives it up: none of its handlers is called any more."""

    request: Request
    on_result: Handler
    on_error: Handler
    on_partial: Handler | None = None
    on_progress: Handler | None = None
    channel: str = ""
    gives_way: bool = False
    sent: float = 0.0  # time.perf_counter() when it went out
    deaths: int = 0
    done: bool = False
    _cancel: Callable[[Ticket], None] | None = field(default=None, repr=False)

    def cancel(self) -> None:
        if not self.done and self._cancel is not None:
            self._cancel(self)


class HostClient(QObject):
    """`state` is `starting`, `ready` or `lost`; `device` and `devices` are known once ready.

    Of a host on another machine it may be `away` (it is tried again) or `failed` (trying is of no use) too.
    """

    state_changed = Signal(str)
    problem = Signal(str, str)  # what happened, what to do: for requests without an error handler
    line_changed = Signal()
    measured = Signal(str, float)  # channel, seconds from asking to the answer's arrival

    def __init__(self, launcher: Launcher, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = "starting"
        self.device = ""
        self.devices: list[str] = []
        self.wanted_device = "auto"
        self.line = LineTold()
        self.moving = False  # to another machine or back; its end is no accident
        self._launcher = launcher
        self._stamps = itertools.count(1)
        self._tickets: dict[int, Ticket] = {}
        self._latest: LatestWins[Ticket] = LatestWins(self._send, self._at_once)
        self._took: dict[str, float] = {}  # seconds that the newest answer of a channel took
        self._shown: dict[str, int] = {}  # its stamp: on a long line several are under way
        self._deaths = 0
        self._child = self._start()

    # Asking

    def show(
        self,
        channel: str,
        verb: str,
        model: str,
        *,
        on_result: Handler,
        on_error: Handler | None = None,
        on_partial: Handler | None = None,
        on_progress: Handler | None = None,
        priority: int = Priority.INTERACTIVE,
        options: dict[str, Any] | None = None,
        arrays: dict[str, np.ndarray] | None = None,
        gives_way: bool = False,
    ) -> Ticket:
        """Ask for the newest picture of a channel; a request that still waits there is dropped."""
        request = Request(verb, model, options or {}, arrays or {}, priority)
        ticket = self._ticket(request, on_result, on_error, on_partial, on_progress)
        ticket.channel, ticket.gives_way = channel, gives_way
        self._latest.submit(channel, ticket)
        self._let_through(channel)
        return ticket

    def give_up(self, channel: str) -> None:
        """Cancel what is under way in a channel and what waits there."""
        for ticket in self._latest.everything(channel):
            ticket.cancel()

    def ask(
        self,
        verb: str,
        model: str = "",
        *,
        on_result: Handler,
        on_error: Handler | None = None,
        on_partial: Handler | None = None,
        on_progress: Handler | None = None,
        priority: int = Priority.BULK,
        options: dict[str, Any] | None = None,
        arrays: dict[str, np.ndarray] | None = None,
    ) -> Ticket:
        """Ask for something that must be answered once."""
        request = Request(verb, model, options or {}, arrays or {}, priority)
        ticket = self._ticket(request, on_result, on_error, on_partial, on_progress)
        self._send(ticket)
        return ticket

    def restart(self) -> None:
        """End the host's process and start a new one, as after a crash."""
        if self._child.process.poll() is None:
            for ticket in self._tickets.values():
                ticket.deaths -= 1  # it isn't their fault
            self._deaths -= 1
            self._child.process.kill()
        else:
            self._deaths = 0
            self._restart()

    def move_to(self, launcher: Launcher, machine: str = "") -> None:
        """Go to a host elsewhere (`machine` is its name) or back; what is under way is asked there again."""
        self._launcher, self.wanted_device, self.moving = launcher, "auto", True
        self.line = LineTold(machine, "connecting", f"connecting to {machine}") if machine else LineTold()
        self.restart()
        self.line_changed.emit()

    def set_device(self, name: str) -> None:
        """Move to another device; the reply updates `device`. A host that is restarted goes there again."""
        self.wanted_device = name
        self.ask("device", options={"name": name}, priority=Priority.INTERACTIVE, on_result=self._on_ready)

    @property
    def busy(self) -> bool:
        """Whether anything at all is under way."""
        return bool(self._tickets)

    @property
    def pid(self) -> int:
        return self._child.pid

    def close(self) -> None:
        """End the host; nothing is answered any more."""
        self._tickets.clear()
        self._latest.channels.clear()
        self.state = "closed"
        self._child.stop()

    # Within

    def _ticket(
        self,
        request: Request,
        on_result: Handler,
        on_error: Handler | None,
        on_partial: Handler | None,
        on_progress: Handler | None,
    ) -> Ticket:
        request.stamp = next(self._stamps)
        handler = on_error or self._report
        return Ticket(request, on_result, handler, on_partial, on_progress, _cancel=self._cancel)

    def _send(self, ticket: Ticket) -> None:
        request = ticket.request
        # While the host starts, time says nothing of pictures.
        ticket.sent = time.perf_counter() if self.state == "ready" else 0.0
        self._tickets[request.stamp] = ticket
        head = {
            "verb": request.verb,
            "model": request.model,
            "options": request.options,
            "priority": request.priority,
            "stamp": request.stamp,
        }
        self._child.send(head, request.arrays)

    def _cancel(self, ticket: Ticket) -> None:
        ticket.done = True
        if self._tickets.pop(ticket.request.stamp, None) is not None:
            self._child.send({"verb": "cancel", "stamp": ticket.request.stamp})
        self._latest.withdraw(ticket.channel, ticket)
        self._latest.finished(ticket.channel, ticket)

    def _at_once(self, ticket: Ticket) -> int:
        """How many pictures of a channel may be under way: on a long line as many as keep the host busy.

        So the pictures of a hand follow each other as quickly as they are made, not as the line is long.
        """
        took = self._took.get(ticket.channel, 0.0)
        if not self.line.far or ticket.gives_way or self.line.ping < LONG_S or not took:
            return 1
        return min(MOST_AT_ONCE, 1 + int(self.line.ping / max(took - self.line.ping, SHORT_S)))

    def _let_through(self, channel: str) -> None:
        """End what is under way for the newest, when it gives way and is full quality or has had its time.

        A preview is left to finish for a moment: else a fast hand would never see a whole one.
        """
        now, newest = self._latest.pair(channel)
        if now is None or newest is None or not now.gives_way:
            return
        previews = all(ticket.request.options.get("quality") == "preview" for ticket in (now, newest))
        if not previews or time.perf_counter() - now.sent > PATIENCE_S:
            now.cancel()

    def _on_arrived(self, head: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        reply = Reply(int(head["stamp"]), str(head["kind"]), head["data"], arrays)
        if reply.stamp == 0:
            if reply.data.get("verb") == "line":
                self._on_line(reply.data)
                return
            self.moving = False
            self._on_ready(reply)
            if self.wanted_device not in ("auto", self.device):
                self.set_device(self.wanted_device)
            return
        self._deaths = 0
        ticket = self._tickets.get(reply.stamp)
        if ticket is None:
            return
        if reply.kind in ("partial", "progress"):
            self._on_the_way(ticket, reply)
        else:
            self._finish(ticket, reply)

    def _on_the_way(self, ticket: Ticket, reply: Reply) -> None:
        """Nobody is told of a picture that a newer one waits for."""
        self._let_through(ticket.channel)
        told = ticket.on_partial if reply.kind == "partial" else ticket.on_progress
        if told is not None and not ticket.done and self._latest.pair(ticket.channel)[1] is None:
            told(reply)

    def _finish(self, ticket: Ticket, reply: Reply) -> None:
        """The last reply: free the channel first, so that the host works while we paint."""
        del self._tickets[reply.stamp]
        ticket.done = True
        if ticket.channel:
            if reply.kind == "result" and ticket.sent:
                self._took[ticket.channel] = time.perf_counter() - ticket.sent
                self.measured.emit(ticket.channel, self._took[ticket.channel])
            self._latest.finished(ticket.channel, ticket)
            if reply.stamp < self._shown.get(ticket.channel, 0):
                return  # a newer one was quicker
            self._shown[ticket.channel] = reply.stamp
        (ticket.on_error if reply.kind == "error" else ticket.on_result)(reply)

    def _on_line(self, told: dict[str, Any]) -> None:
        """The line to another machine: how it is, and a sentence where something is wrong with it."""
        self.line = LineTold(
            str(told["machine"]),
            str(told["state"]),
            str(told["text"]),
            float(told["rate"]),
            float(told["ping"]),
        )
        if self.line.state != "ready":
            self.moving = False
            self._set_state("starting" if self.line.state == "connecting" else self.line.state)
        if told.get("what"):
            self.problem.emit(str(told["what"]), str(told.get("advice", "")))
        self.line_changed.emit()

    def _on_ready(self, reply: Reply) -> None:
        self.device = str(reply.data.get("device", ""))
        self.devices = list(reply.data.get("devices", []))
        self._set_state("ready")

    def _set_state(self, state: str) -> None:
        self.state = state
        self.state_changed.emit(state)

    def _report(self, reply: Reply) -> None:
        self.problem.emit(*reply.problem)

    def _start(self) -> Child:
        child = self._launcher()
        child.listen(self._on_arrived, self._on_lost)
        return child

    def _on_lost(self, tail: str) -> None:
        if self.state == "closed":
            return
        self._deaths += 1
        self._set_state("lost")
        for ticket in list(self._tickets.values()):
            ticket.deaths += 1
            if ticket.deaths >= 2:
                self._fail(ticket, tail)
        if self._deaths >= GIVE_UP_AFTER:
            self.problem.emit(
                "The model host keeps ending as soon as it starts.",
                "Choose another device (Model > Device), or start with --in-process to see why. "
                + tail[-400:],
            )
            return
        QTimer.singleShot(RESTART_MS, self, self._restart)

    def _fail(self, ticket: Ticket, tail: str) -> None:
        data = {
            "what": "The model host ended twice while it worked on this.",
            "advice": "Try fewer or smaller images, or another device.",
            "details": tail,
        }
        self._finish(ticket, Reply(ticket.request.stamp, "error", data))

    def _restart(self) -> None:
        if self.state == "closed":
            return
        self._child = self._start()
        self._set_state("starting")
        lonely = [t for t in self._tickets.values() if not t.channel]
        self._tickets = {t.request.stamp: t for t in lonely}
        for ticket in lonely:
            self._send(ticket)
        self._latest.resend()
