"""The model host: what its pipes cost, and how soon it is back after it was killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

from backends.api import ExplorerError, ModelInfo
from explorer.bench.driven import LOST_MS, Driven, window
from explorer.bench.measurement import Measurement, Plan, measured, middle
from explorer.widgets.float_slider import FloatSlider
from explorer.workers.headless import Host

HELP = "cost of the pipes to the model host; time back after it is killed"
MOST_PIPE_MS, MOST_BACK_S = 3.0, 10.0


def measure(plan: Plan) -> Iterator[Measurement]:
    with window() as driven:
        models = driven.generators()
        if not models:
            raise ExplorerError("There is no model to measure with.", "Train one, or restore assets/models.")
        yield pipes(models[0], plan)
        yield killed(driven, models[0], plan)


def pipes(model: ModelInfo, plan: Plan) -> Measurement:
    """Round trip of one picture, less what the host itself spends on it."""
    whole, inside = [], []
    with Host(threads=1) as host:
        codes = model.space.sample_many(1, 0)
        for turn in range(plan.moves * plan.rounds + 5):
            began = time.perf_counter()
            reply = host.call("generate", model.path, arrays={"codes": codes})
            took = (time.perf_counter() - began) * 1000
            if turn >= 5:
                whole.append(took)
                inside.append(reply.data["seconds"] * 1000)
    cost = middle([w - i for w, i in zip(whole, inside, strict=True)])
    return measured("host.pipes", cost, "ms", reference=middle(inside), goal=f"at most {MOST_PIPE_MS:g} ms",
                    holds=cost <= MOST_PIPE_MS, note="round trip less the host's own time")  # fmt: skip


def killed(driven: Driven, model: ModelInfo, plan: Plan) -> Measurement:
    """Seconds from a kill -9 of the host until a moved slider is painted again."""
    slider = driven.choose(model)
    times = [_kill_once(driven, slider) for _ in range(min(plan.rounds, 3))]
    back = middle(times)
    return measured("host.killed", back, "s", goal=f"at most {MOST_BACK_S:g} s", holds=back <= MOST_BACK_S,
                    note="kill -9 until a picture is painted again; the window stays")  # fmt: skip


def _kill_once(driven: Driven, slider: FloatSlider) -> float:
    client = driven.app.window.services.host
    began = time.perf_counter()
    os.kill(client.pid, signal.SIGKILL)
    driven.wait(lambda: client.state != "ready", "the end of the host")
    while driven.move(slider) >= LOST_MS:
        driven.idle(0.0)
    took = time.perf_counter() - began
    driven.settle()
    return took
