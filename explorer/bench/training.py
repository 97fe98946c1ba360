"""Training: how fast beside a plain loop over a DataLoader, and what it does to the sliders."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from explorer.bench.bare import Beside
from explorer.bench.driven import Driven, window
from explorer.bench.load import training
from explorer.bench.measurement import Measurement, Plan, late, measured, middle
from explorer.bench.sliders import MOST_LATE_MS, MOST_MS, PAUSE_S

HELP = "training speed beside a plain DataLoader loop; sliders beside a training"
NETWORKS = {"vae": "MLP VAE 784-400-20, batch 128", "dcgan": "DCGAN, 32 pixels, batch 64"}


def measure(plan: Plan) -> Iterator[Measurement]:
    for kind, title in NETWORKS.items():
        yield speed(kind, title, plan)
    yield from beside(plan)


def speed(kind: str, title: str, plan: Plan, group: str = "training") -> Measurement:
    """Windows of ours and of the plain loop in turns, on the same network and data."""
    with Beside("trainers.timing", kind) as loops:
        pairs = [loops.ask(seconds=plan.seconds / 2) for _ in range(plan.rounds)]
    ours, plain = middle([p["ours"] for p in pairs]), middle([p["plain"] for p in pairs])
    return measured(f"{group}.{kind}", ours, "images/s", reference=plain, goal="faster than the plain loop",
                    holds=ours > plain, note=f"{title}; reference: PIL dataset and DataLoader")  # fmt: skip


def beside(plan: Plan) -> Iterator[Measurement]:
    """Slider latency without and with a training in the background, in one window."""
    with (
        tempfile.TemporaryDirectory(prefix="latent-explorer-bench-runs-") as folder,
        window(Path(folder)) as driven,
    ):
        quiet = _moves(driven, plan)
        with training(Path(folder)):
            busy = _moves(driven, plan)
    yield measured("training.slider.median", middle(busy), "ms", reference=middle(quiet),
                   goal=f"at most {MOST_MS:g} ms", holds=middle(busy) <= MOST_MS,
                   note="a slider beside a running training; reference: without")  # fmt: skip
    yield measured("training.slider.late", late(busy), "ms", reference=late(quiet),
                   goal=f"at most {MOST_LATE_MS:g} ms", holds=late(busy) <= MOST_LATE_MS,
                   note="95th percentiles")  # fmt: skip


def _moves(driven: Driven, plan: Plan) -> list[float]:
    slider = driven.choose(driven.generators()[0])
    times = []
    for _ in range(plan.moves * plan.rounds):
        driven.idle(PAUSE_S)
        times.append(driven.move(slider))
    return times
