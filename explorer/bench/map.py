"""The map: how soon it is there, how it compares with umap-learn in the same run, how soon it gives up."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import numpy as np

from backends.wire import read_message, write_message
from explorer.bench.bare import Beside
from explorer.bench.map_beside import mixture
from explorer.bench.measurement import Measurement, Plan, measured
from explorer.workers.processes import host_environment, start_process

HELP = "first picture and layouts of maps beside umap-learn; placing, inverse, checkpoints, giving up"
PCA_S, FRAME_S, RATIO, KEPT, WHOLE_50K_S, WHOLE_200K_S = 0.3, 2.5, 0.7, 0.97, 20.0, 30.0
PLACE_MS, INVERSE_MS, SERIES_S, DRIFT, CANCEL_S = 5.0, 2.0, 6.0, 0.1, 1.0


@dataclass(frozen=True)
class Sizes:
    """How many points to measure with."""

    first: int = 5000
    beside: int = 10_000
    many: int = 50_000
    most: int = 200_000
    slices: int = 6

    @staticmethod
    def of(plan: Plan) -> Sizes:
        return Sizes() if plan.rounds > 1 else Sizes(800, 500, 2000, 51_000, 2)


def measure(plan: Plan) -> Iterator[Measurement]:
    sizes = Sizes.of(plan)
    yield from first_pictures(sizes.first)
    yield given_up(sizes.many)
    with Beside("explorer.bench.map_beside") as child:
        yield from quick_answers(child.ask(what="spots", count=sizes.beside, turns=plan.moves * plan.rounds))
        yield from through_time(child.ask(what="checkpoints", slices=sizes.slices, steady=0.1), sizes.slices)
        yield in_all(child, sizes.many, WHOLE_50K_S)
        yield in_all(child, sizes.most, WHOLE_200K_S)
        yield from beside(child.ask(what="layouts", count=sizes.beside), sizes.beside)


def first_pictures(count: int) -> Iterator[Measurement]:
    """Seconds until the PCA and the first frame of the layout, in a process that has just been started."""
    points = mixture(count)
    with _Fresh() as job:
        job.ask("explorer.latent.task:Task", {}, {})  # answered with an error as soon as it is there
        job.replies()
        began = time.perf_counter()
        job.ask("explorer.latent.mapping:project", {"points": points}, {"method": "umap", "cache": False})
        pca = job.next_partial() - began
        frame = job.next_partial() - began
    yield measured("map.pca", pca, "s", goal=f"at most {PCA_S:g} s", holds=pca <= PCA_S,
                   note=f"{count:,} codes, from asking a fresh process to its first picture")  # fmt: skip
    yield measured("map.first_frame", frame, "s", goal=f"at most {FRAME_S:g} s", holds=frame <= FRAME_S,
                   note="the same process, with all it imports")  # fmt: skip


def given_up(count: int) -> Measurement:
    """Seconds from giving up until the job has ended, in the middle of the search for neighbours."""
    with _Fresh() as job:
        job.ask(
            "explorer.latent.mapping:project", {"points": mixture(count)}, {"method": "umap", "cache": False}
        )
        job.next_partial()
        time.sleep(0.2)
        began = time.perf_counter()
        job.cancel()
        ended = job.replies() - began
    return measured("map.given_up", ended, "s", goal=f"at most {CANCEL_S:g} s", holds=ended <= CANCEL_S,
                    note=f"while the neighbours of {count:,} points are searched")  # fmt: skip


def quick_answers(said: dict[str, float]) -> Iterator[Measurement]:
    for name, most in (("place", PLACE_MS), ("inverse", INVERSE_MS)):
        yield measured(f"map.{name}", said[name], "ms", goal=f"at most {most:g} ms", holds=said[name] <= most)


def through_time(said: dict[str, float], slices: int) -> Iterator[Measurement]:
    seconds, drift = said["seconds"], said["drift"]
    yield measured("map.series", seconds, "s", goal=f"at most {SERIES_S:g} s", holds=seconds <= SERIES_S,
                   note=f"{slices} checkpoints of 1,797 digits, steadiness 0.1")  # fmt: skip
    yield measured("map.drift", drift, "spreads", goal=f"under {DRIFT:g}", holds=drift < DRIFT)


def in_all(child: Beside, count: int, most: float) -> Measurement:
    said = child.ask(what="whole", count=count)
    return measured(f"map.whole_{count // 1000}k", said["seconds"], "s", goal=f"at most {most:g} s",
                    holds=said["seconds"] <= most, note=f"trustworthiness {said['trust']:.3f}")  # fmt: skip


def beside(said: dict[str, float], count: int) -> Iterator[Measurement]:
    """Ours beside umap-learn with a seed, whose first map (with all its compiling) isn't counted."""
    yield measured("map.layout", said["ours"], "s", reference=said["theirs"],
                   goal=f"at most {RATIO:g} of umap-learn's", holds=said["ours"] <= RATIO * said["theirs"],
                   note=f"{count:,} points, neighbours included")  # fmt: skip
    yield measured("map.kept", said["ours kept"], "share", reference=said["theirs kept"],
                   goal=f"at least {KEPT:g} of umap-learn's",
                   holds=said["ours kept"] >= KEPT * said["theirs kept"])  # fmt: skip


class _Fresh:
    """A job process of one's own, spoken to as the window speaks to it; a context manager."""

    def __enter__(self) -> _Fresh:
        self._process = start_process("explorer.workers.job_host", host_environment())
        self._stamp = 0
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, function: str, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> None:
        self._stamp += 1
        head = {"verb": "run", "function": function, "options": options, "stamp": self._stamp}
        write_message(cast(BinaryIO, self._process.stdin), head, arrays)

    def cancel(self) -> None:
        write_message(cast(BinaryIO, self._process.stdin), {"verb": "cancel", "stamp": self._stamp}, {})

    def next_partial(self) -> float:
        """When the next partial result came."""
        while self._read()["kind"] != "partial":
            pass
        return time.perf_counter()

    def replies(self) -> float:
        """When the last reply came."""
        while self._read()["kind"] not in ("result", "error"):
            pass
        return time.perf_counter()

    def _read(self) -> dict[str, Any]:
        assert isinstance(self._process, subprocess.Popen)
        return read_message(cast(BinaryIO, self._process.stdout))[0]
