"""From a move of a slider to the picture on the screen, for each bundled model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec

import numpy as np

from backends.api import ModelInfo
from explorer.bench.bare import Beside
from explorer.bench.driven import Driven, window
from explorer.bench.measurement import Measurement, Plan, late, measured, middle

HELP = "slider to screen, beside the bare forward pass and a matplotlib slider"
PEER = "explorer.bench.matplotlib_slider"  # measured where matplotlib is installed
PAUSE_S = 0.04  # between two moves
MOST_MS, MOST_LATE_MS = 10.0, 20.0
MOST_RATIO, MOST_MORE_MS = 1.3, 3.0


@dataclass
class Times:
    """Milliseconds of single moves: ours, the bare forward pass, a matplotlib slider."""

    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)


def measure(plan: Plan) -> Iterator[Measurement]:
    with window() as driven:
        for model in driven.generators()[: plan.most_models]:
            yield from judge(model, time_model(driven, model, plan))
            yield last_value(driven, model, plan)


def time_model(driven: Driven, model: ModelInfo, plan: Plan) -> Times:
    """Moves of the three in turns."""
    times = Times()
    slider = driven.choose(model)
    with ExitStack() as stack:
        bare = stack.enter_context(Beside("backends.timing", model.path))
        peers = [stack.enter_context(Beside(PEER, model.path))] if find_spec("matplotlib") else []
        for beside in (bare, *peers):  # loaded and warm before the first turn
            beside.ask(count=3, pause=PAUSE_S)
        for _ in range(3):
            driven.move(slider)
        for _ in range(plan.rounds):
            for _ in range(plan.moves):
                driven.idle(PAUSE_S)
                times.ours.append(driven.move(slider))
            times.bare += bare.ask(count=plan.moves, pause=PAUSE_S)
            for peer in peers:
                times.peer += peer.ask(count=max(plan.moves // 2, 1), pause=PAUSE_S)
    return times


def judge(model: ModelInfo, times: Times) -> Iterator[Measurement]:
    """The figures of one model."""
    ours, bare = middle(times.ours), middle(times.bare)
    allowed = MOST_RATIO * bare + MOST_MORE_MS
    yield measured(f"slider.{model.name}.median", ours, "ms", reference=bare,
                   goal=f"at most {MOST_MS:g} ms and {allowed:.1f} ms (1.3 × bare forward + 3 ms)",
                   holds=ours <= min(MOST_MS, allowed), note="reference: bare forward pass")  # fmt: skip
    yield measured(f"slider.{model.name}.late", late(times.ours), "ms", reference=late(times.bare),
                   goal=f"at most {MOST_LATE_MS:g} ms", holds=late(times.ours) <= MOST_LATE_MS,
                   note="95th percentiles; reference: bare forward pass")  # fmt: skip
    if times.peer:
        yield measured(f"slider.{model.name}.matplotlib", middle(times.peer), "ms", reference=ours,
                       note="a matplotlib slider on the same model; reference: ours")  # fmt: skip


def last_value(driven: Driven, model: ModelInfo, plan: Plan) -> Measurement:
    """After a drag at 60 Hz, is the picture that of the last value?"""
    slider = driven.choose(model)
    driven.drag(slider, plan.seconds)
    driven.settle()
    shown = driven.picture.array
    truth: list[np.ndarray] = []
    session, host = driven.app.window.services.session, driven.app.window.services.host
    code = session.code
    assert code is not None
    host.ask("generate", model.path, arrays={"codes": model.space.pack(code)[None]},
             options={"truncation": code.truncation},
             on_result=lambda reply: truth.append(reply.arrays["images"][0]))  # fmt: skip
    driven.wait(lambda: bool(truth), "the picture of the last value")
    same = shown is not None and np.array_equal(shown, truth[0])
    return measured(
        f"slider.{model.name}.last", float(same), "", goal="the last value is what is shown", holds=same
    )
