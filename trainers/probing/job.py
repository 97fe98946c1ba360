"""The measurement as a job: one accuracy after the other, few labels first."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from trainers.probing.settings import ALL, WAYS, ProbeSettings


class Told(Protocol):
    """What a job is handed (`explorer.latent.task.Task`); both raise when it was given up."""

    def progress(self, fraction: float, text: str = "") -> None: ...
    def partial(self, arrays: dict[str, np.ndarray], text: str = "") -> None: ...


def run(task: Told, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: options `model` (file), `data` (spec) and `settings`; array `rows` [R, 4]: way, n, draw, accuracy.

    The way is its place in `WAYS`, n the number of labels. What there is so far comes as partial results.
    `data["notes"]` says which ways the model leaves out, and why. Raises `ExplorerError`.
    """
    from backends import native
    from trainers.probing.bench import Bench  # torch

    asked = ProbeSettings.from_mapping(options.get("settings", {}))
    task.progress(0.0, "Loading")
    bench = Bench(
        native.load(options["model"]), native.read_info(options["model"]).family, str(options["data"]), asked
    )
    rows: list[tuple[float, float, float, float]] = []
    cost = [bench.cost(way, count) for way, count, _ in bench.plan()]
    done = 0.0
    for (way, count, draw), price in zip(bench.plan(), cost, strict=True):
        share, text = done / sum(cost), f"{WAYS[way]}, {len(bench.train) if count == ALL else count:,} labels"
        task.progress(share, text)
        accuracy = 0.0
        for step, found in bench.measured(way, count, draw):
            task.progress(share + step * price / sum(cost), text)
            accuracy = found
        done += price
        rows.append((list(WAYS).index(way), count or len(bench.train), draw, accuracy))
        task.partial({"rows": np.array(rows)})
    return {"rows": np.array(rows), "data": {"notes": bench.notes, "test": len(bench.test)}}
