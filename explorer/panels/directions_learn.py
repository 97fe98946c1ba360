"""Directions that are learnt in a process of its own and shown as they grow: nothing else waits for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject

from backends.api import ModelInfo, Part, Reply
from explorer.model.state import Direction
from explorer.workers.jobs import JobClient
from explorer.workers.launch import launch_jobs
from trainers.directions.settings import IDLE, LATENTCLR, VOYNOV

TITLES = {VOYNOV: "Voynov", LATENTCLR: "LatentCLR"}
HOW = {
    VOYNOV: "direction that a network can name from two pictures (Voynov and Babenko 2020)",
    LATENTCLR: "direction whose effects on a layer are alike (LatentCLR, Yüksel et al. 2021)",
}
FIGURE = {
    VOYNOV: "how often a network names it rightly from two pictures it has never seen",
    LATENTCLR: "how often its effect on an unseen code is most like its effects on others",
}
Show = Callable[[list[tuple[Direction, str]], str], None]  # each with its figure


class Training(QObject):
    """`start` begins to learn. The process is started at the first one and ended by `close`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs = JobClient(launch_jobs, self)
        self.steps = 0  # the method's own

    def start(
        self, method: str, info: ModelInfo, part: Part, layer: int, count: int,
        *, grew: Show, done: Show, failed: Callable[[Reply], None], told: Callable[[Reply], None],
    ) -> Callable[[], None]:  # fmt: skip
        """`layer` is LatentCLR's, from 0. Returns how to give it up: what has grown so far can stay."""
        numbered = [
            Direction(info.path, part.name, np.zeros(part.size, np.float32), f"{TITLES[method]} {i + 1}",
                      HOW[method]) for i in range(min(count, part.size))
        ]  # fmt: skip

        def show(reply: Reply) -> None:
            grew(_filled(numbered, reply, range(len(numbered))), "Still learning: they change until the end.")

        def finish(reply: Reply) -> None:
            chance, mean = float(reply.data["chance"]), float(reply.data["accuracy"])
            rows = [int(row) for row in reply.arrays["rows"]]
            done(_filled(numbered, reply, rows), f"Beside each: {FIGURE[method]} (chance {chance:.0%}, on "
                 f"average {mean:.0%}). Near chance it means nothing.")  # fmt: skip

        options = {
            "model": info.path, "part": part.name, "method": method, "count": count, "layer": layer + 1,
            "steps": self.steps,
        }  # fmt: skip
        job = self.jobs.run(
            "trainers.directions.job:run", {}, options, on_result=finish, on_partial=show, on_error=failed,
            on_progress=told,
        )  # fmt: skip
        return job.cancel

    def close(self) -> None:
        """End the process."""
        self.jobs.close()


def _filled(numbered: list[Direction], reply: Reply, rows: list[int] | range) -> list[tuple[Direction, str]]:
    """The directions `rows` as they came, each with its figure; a chosen one stays the same one."""
    accuracies = reply.arrays["accuracies"]
    effects = reply.arrays.get("effects", np.ones(len(accuracies)))
    found = []
    for row, vector, share, effect in zip(rows, reply.arrays["directions"], accuracies, effects, strict=True):
        direction = replace(numbered[row], vector=vector, validation=float(share))
        found.append((direction, f"{share:.0%}" if effect > IDLE else "does nothing"))
    return found
