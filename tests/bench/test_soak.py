"""The soak's verdict comes from its samples, and nobody waits an hour who didn't ask for it."""

from __future__ import annotations

import pytest

from explorer.bench import groups, unasked
from explorer.bench.soak import Sample, judge


def samples(grows: float = 0.0, threads: int = 0) -> list[Sample]:
    """An hour; `grows` in megabytes an hour, `threads` that come in its second half."""
    return [
        Sample(t, 200 + grows * t / 3600 + (80 if t < 60 else 0), 100, 12 + threads * (t > 1800), 20, 2, 1,
               5000, 2000, t)
        for t in range(0, 3600, 10)
    ]  # fmt: skip


@pytest.mark.parametrize(("grows", "threads", "failing"), [
    (5.0, 0, set()),
    (-40.0, 0, set()),
    (60.0, 0, {"soak.memory"}),
    (0.0, 1, {"soak.threads"}),
])  # fmt: skip
def test_what_grows_is_named(grows, threads, failing):
    found = {one.name: one for one in judge(samples(grows, threads), 300.0)}
    assert {name for name, one in found.items() if one.holds is False} == failing
    assert f"{grows:+,.1f} MB an hour" in found["soak.memory"].goal
    assert found["soak.steps"].value == 3590


def test_one_sample_is_enough_for_a_verdict():
    assert all(one.holds is not False for one in judge(samples()[:1], 300.0))


def test_the_soak_is_measured_only_by_name():
    known = groups()
    assert "soak" in known
    assert set(known) - set(unasked(known)) == {"soak"}
