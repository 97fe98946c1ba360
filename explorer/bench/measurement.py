"""One measured number beside its reference and its goal, and how long to measure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Plan:
    """How much to measure: `moves` of a slider in each of `rounds`, `seconds` of a drag or a training.

    The soak lasts `minutes`; all its samples go into the file `samples`, if there is one.
    """

    moves: int = 25
    rounds: int = 4
    seconds: float = 3.0
    most_models: int = 20
    minutes: float = 60.0
    samples: Path | None = None

    @staticmethod
    def quick() -> Plan:
        """As little as still goes through everything."""
        return Plan(moves=4, rounds=1, seconds=0.5, most_models=1, minutes=0.5)


@dataclass(frozen=True)
class Measurement:
    """`ratio` is value / reference; `goal` is said in words; `holds` is None where there is no goal."""

    name: str
    value: float
    unit: str
    reference: float | None = None
    ratio: float | None = None
    goal: str = ""
    holds: bool | None = None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a dictionary of JSON's kinds (a number that isn't finite becomes None)."""
        return {
            k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in asdict(self).items()
        }


def measured(
    name: str,
    value: float,
    unit: str,
    *,
    reference: float | None = None,
    goal: str = "",
    holds: bool | None = None,
    note: str = "",
) -> Measurement:
    """A measurement with its ratio worked out."""
    value = float(value)
    ratio = value / reference if reference else None
    verdict = None if holds is None else bool(holds)
    return Measurement(name, value, unit, reference, ratio, goal, verdict, note)


def middle(values: Sequence[float]) -> float:
    """The median."""
    return float(np.median(values)) if len(values) else math.nan


def late(values: Sequence[float]) -> float:
    """The 95th percentile."""
    return float(np.percentile(values, 95)) if len(values) else math.nan
