"""Many runs that differ in a few settings: every combination of given values, or values drawn at random."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from backends.errors import BadSettings
from trainers import queued, runs
from trainers.api import Settings
from trainers.registry import trainer
from trainers.runs import Run

MOST = 1000  # runs of one sweep; more is a slip of the keyboard


@dataclass(frozen=True)
class Range:
    """Values between `low` and `high`, drawn evenly, or with `log` evenly in their logarithm."""

    low: float
    high: float
    log: bool = False

    def draw(self, chance: random.Random) -> float:
        if self.log:
            return math.exp(chance.uniform(math.log(self.low), math.log(self.high)))
        return chance.uniform(self.low, self.high)


def parse_grid(text: str) -> tuple[str, list[str]]:
    """`latent=2,8,32` as a name and its values. Raises `BadSettings`."""
    name, _, listed = text.partition("=")
    values = [value.strip() for value in listed.split(",") if value.strip()]
    if not name.strip() or not values:
        raise BadSettings(f"{text!r} is no list of values.", "Write --grid key=value,value,….")
    return name.strip(), values


def parse_range(text: str) -> tuple[str, Range]:
    """`learning_rate=1e-4..1e-2:log` as a name and its range. Raises `BadSettings`."""
    name, _, rest = text.partition("=")
    ends, _, how = rest.partition(":")
    try:
        low, high = (float(end) for end in ends.split(".."))
    except ValueError:
        raise BadSettings(
            f"{text!r} is no range.", "Write --random key=LOW..HIGH, or LOW..HIGH:log."
        ) from None
    if how not in ("", "log") or not low < high or (how and low <= 0) or not math.isfinite(high - low):
        raise BadSettings(f"{text!r} is no range.", "LOW is below HIGH, and above 0 with :log.")
    return name.strip(), Range(low, high, bool(how))


def points(
    kind: type[Settings],
    grid: Mapping[str, Sequence[Any]],
    ranges: Mapping[str, Range],
    count: int = 1,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """The settings that vary, for each run: `count` draws of the ranges at every point of the grid.

    Raises `BadSettings` for an unknown name, a value that can't work, or too many runs.
    """
    chance, whole = random.Random(seed), {f.name for f in fields(kind) if isinstance(f.default, int)}
    if unknown := (set(grid) | set(ranges)) - {f.name for f in fields(kind)}:
        raise BadSettings(f"There is no setting named {min(unknown)!r}.", "`train FAMILY --list` names them.")
    total = math.prod(len(values) for values in grid.values()) * (count if ranges else 1)
    if not (grid or ranges) or not 1 <= total <= MOST:
        raise BadSettings(
            f"A sweep of {total} runs is not possible.", f"Vary something, in 1 to {MOST} runs."
        )
    found = []
    for values in itertools.product(*grid.values()):
        for _ in range(count if ranges else 1):
            drawn = {name: reach.draw(chance) for name, reach in ranges.items()}
            rounded = {name: round(v) if name in whole else float(f"{v:.4g}") for name, v in drawn.items()}
            found.append({**dict(zip(grid, values, strict=True)), **rounded})
    return found


def create(
    name: str, family: str, data: str, common: Mapping[str, Any], varied: Sequence[Mapping[str, Any]]
) -> list[Run]:
    """Make a run for each point and put them all into the queue. Raises `ExplorerError` before the first."""
    info = trainer(family).INFO
    asked = [info.settings.from_mapping({**common, **point}) for point in varied]
    made = [runs.create(family, data, settings, f"{name}-{number:0{len(str(len(asked)))}d}", sweep=name,
                        varied=sorted(point)) for number, (settings, point) in
            enumerate(zip(asked, varied, strict=True), 1)]  # fmt: skip
    for run in made:
        queued.add(run)
    return made


def of(name: str) -> list[Run]:
    """The runs of a sweep, in their order. Raises `BadSettings` naming the sweeps there are."""
    every = runs.list_runs()
    found = [run for run in every if run.asked().get("sweep") == name]
    if not found:
        names = sorted({str(run.asked()["sweep"]) for run in every if run.asked().get("sweep")})
        raise BadSettings(
            f"There is no sweep named {name!r}.", f"There are: {', '.join(names) or 'none yet'}."
        )
    return sorted(found, key=lambda run: run.name)


def varied_in(found: Sequence[Run]) -> list[str]:
    """The names of the settings that a sweep varies."""
    return sorted({str(name) for run in found for name in run.asked().get("varied", ())})
