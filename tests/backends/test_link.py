"""A line that carries messages in slices: urgent ones overtake, nothing piles up, everything arrives."""

import os
import random
import threading

import numpy as np
import pytest

from backends.line import LEAST, Line
from backends.link import FRAME, LAST, PREAMBLE, Link, NoPreamble
from backends.wire import StreamClosed


class Side:
    """One end of two pipes, read on a thread."""

    def __init__(self, source, sink):
        self.got, self.came = [], threading.Condition()
        self.source, self.sink = os.fdopen(source, "rb"), os.fdopen(sink, "wb")
        self.link = Link(self.source, self.sink)
        self.error = None
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            self.link.read(self._take)
        except StreamClosed as error:
            self.error = error

    def _take(self, head, arrays):
        with self.came:
            self.got.append((head, arrays))
            self.came.notify_all()

    def wait_for(self, count):
        with self.came:
            assert self.came.wait_for(lambda: len(self.got) >= count, 60)

    def close(self):
        self.link.close()
        self.sink.close()


@pytest.fixture
def ends():
    (a, b), (c, d) = os.pipe(), os.pipe()
    near, far = Side(a, d), Side(c, b)
    yield near, far
    near.close(), far.close()
    near.thread.join(60), far.thread.join(60)
    near.source.close(), far.source.close()


def test_messages_of_any_size_arrive_whole_and_in_order(ends):
    near, far = ends
    rng, rows = np.random.default_rng(0), []
    for size in (0, 1, 700, 65_536, 3_000_000):
        rows.append(rng.integers(0, 256, size, np.uint8))
        near.link.send({"n": size}, {"bytes": rows[-1]}, priority=1)
    far.wait_for(len(rows))
    for (head, arrays), sent in zip(far.got, rows, strict=True):
        assert head["n"] == len(sent)
        np.testing.assert_array_equal(arrays["bytes"], sent)
    far.link.send({"back": True})
    near.wait_for(1)


class Gate:
    """A sink that lets bytes through only after it was opened."""

    def __init__(self):
        self.open, self.content = threading.Event(), bytearray()

    def write(self, content):
        if bytes(content) != PREAMBLE:
            assert self.open.wait(60)
        self.content += content

    def flush(self):
        pass


def numbers(content):
    """The messages to which the slices in these bytes belong, in order."""
    at, found = len(PREAMBLE), []
    while at < len(content):
        kind, number, size = FRAME.unpack_from(content, at)
        at += FRAME.size + (size if kind <= LAST else 0)
        found.append((number, kind == LAST))
    return found


def test_what_is_urgent_overtakes_and_what_is_withdrawn_never_leaves():
    gate = Gate()
    link = Link(open(os.devnull, "rb"), gate)
    link.send({}, {"bytes": np.zeros(100_000, np.uint8)}, priority=10, stamp=1)
    threading.Event().wait(0.05)  # its first slice is at the gate, or will be; either way it holds
    link.send({}, {"bytes": np.zeros(10, np.uint8)}, priority=10, stamp=2)
    link.send({}, {"bytes": np.zeros(10, np.uint8)}, priority=0, stamp=3)
    assert link.withdraw(2)
    assert not link.withdraw(2)
    assert link.waiting(0) < link.waiting(10)
    gate.open.set()
    for _ in range(600):
        if link.line.on_its_way >= LEAST:
            break
        threading.Event().wait(0.1)
    link.close()
    order = numbers(bytes(gate.content))
    assert (2, True) not in order
    assert (3, True) in order[:2]
    assert len(gate.content) < 2 * LEAST  # nobody acknowledged anything: no more goes out


def test_what_a_login_prints_is_skipped_and_shown_when_nothing_follows():
    (a, b), (c, d) = os.pipe(), os.pipe()
    os.write(b, b"Welcome to the machine!\n")
    near, far = Side(a, d), Side(c, b)
    far.link.send({"hello": 1})
    near.wait_for(1)
    near.close(), far.close()
    a, b = os.pipe()
    os.write(b, b"This account is closed.\n")
    os.close(b)
    link = Link(os.fdopen(a, "rb"), open(os.devnull, "wb"))
    with pytest.raises(NoPreamble, match="account is closed"):
        link.read(print)


def test_nonsense_ends_the_link():
    a, b = os.pipe()
    os.write(b, PREAMBLE + FRAME.pack(77, 1, 2))
    os.close(b)
    with pytest.raises(StreamClosed, match="out of step"):
        Link(os.fdopen(a, "rb"), open(os.devnull, "wb")).read(print)


def simulate(rate, ping, seconds, busy=True):
    """A line of that rate and round trip, filled as its window allows; the line and its longest queue."""
    line, now, free, acks, longest, total = Line(), 0.0, 0.0, [], 0.0, 0
    rng = random.Random(0)
    while now < seconds:
        while acks and acks[0][0] <= now:
            at, count = acks.pop(0)
            line.deliver(count, at)
        while line.on_its_way < line.window and (busy or line.on_its_way == 0):
            size = line.slice
            line.send(size, now, more=busy)
            total += size
            free = max(free, now) + size / rate
            longest = max(longest, free - now)
            acks.append((free + ping * rng.uniform(1, 1.05), total))
        now += 0.001
    return line, longest


@pytest.mark.parametrize(("rate", "ping"), [(1e5, 0.05), (1e6, 0.01), (1e6, 0.2), (2e7, 0.03)])
def test_the_rate_is_found_and_the_queue_stays_short(rate, ping):
    line, longest = simulate(rate, ping, 6.0)
    assert 0.85 * rate < line.rate < 1.2 * rate
    assert line.ping < ping + 0.12 + LEAST / rate
    assert (
        longest < 0.2 + 0.5 * ping + 1.5 * LEAST / rate
    )  # of seconds of transfer in front of what is urgent
    assert line.window >= min(rate * ping, 16 << 20)


def test_a_line_that_becomes_slow_is_noticed():
    line = Line()
    now, total = 0.0, 0
    for rate in [1e6] * 100 + [1e5] * 100:
        while line.on_its_way < 48_000:
            line.send(16_000, now, more=True)
        total += 16_000
        now += 16_000 / rate
        line.deliver(total, now)
    assert line.rate < 2e5


def test_small_pictures_now_and_then_do_not_make_a_line_look_slow():
    line, _ = simulate(1e6, 0.05, 3.0)
    now, sent = 10.0, line.sent
    line.deliver(sent, now)
    for _ in range(100):
        for _ in range(4):
            line.send(3_000, now, more=False)
        sent += 12_000
        now += 0.062
        line.deliver(sent, now)
    assert line.rate > 0.8e6
