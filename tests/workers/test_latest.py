"""Latest wins, whatever comes in between."""

from hypothesis import given
from hypothesis import strategies as st

from explorer.workers.latest import LatestWins


class Host:
    """Answers when told to; may die and forget everything."""

    def __init__(self):
        self.received: list[object] = []

    def send(self, request: object) -> None:
        self.received.append(request)


def test_only_one_is_under_way_and_the_newest_follows():
    host = Host()
    latest = LatestWins(host.send)
    requests = [object() for _ in range(5)]
    for request in requests:
        latest.submit("picture", request)
    assert host.received == requests[:1]
    latest.finished("picture", requests[0])
    assert host.received == [requests[0], requests[4]]
    latest.finished("picture", requests[4])
    assert not latest.busy


EVENTS = st.lists(st.sampled_from(["submit", "reply", "crash", "stale"]), max_size=40)


@given(EVENTS, st.integers(1, 4))
def test_the_last_request_is_always_answered_last(events, most):
    """For any interleaving of requests, replies, stale replies and crashes, on short and long lines."""
    host, shown = Host(), []
    latest = LatestWins(host.send, lambda _: most)
    last, counter = None, 0

    def reply() -> None:
        if host.received:
            request = host.received.pop(0)
            shown.append(request)
            latest.finished("picture", request)

    for event in events:
        if event == "submit":
            counter += 1
            last = ("request", counter)
            latest.submit("picture", last)
        elif event == "reply":
            reply()
        elif event == "stale":
            latest.finished("picture", ("request", -1))
        else:
            host.received.clear()
            latest.resend()
        assert len(host.received) <= most
    while host.received:
        reply()
    assert not latest.busy
    if last is not None:
        assert shown[-1] == last
        numbers = [n for _, n in shown]
        assert numbers == sorted(numbers)


def test_a_long_line_keeps_some_under_way_and_never_more():
    host = Host()
    latest = LatestWins(host.send, lambda _: 3)
    for number in range(9):
        latest.submit("picture", number)
    assert host.received == [0, 1, 2]
    assert latest.everything("picture") == [8, 2, 1, 0]
    latest.finished("picture", 1)
    assert host.received == [0, 1, 2, 8]
    latest.resend()
    assert host.received[4:] == [8]
    assert latest.drop("picture") == 8
