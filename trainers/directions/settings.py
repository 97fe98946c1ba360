"""What a search for directions can choose. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from backends.errors import BadSettings

VOYNOV, LATENTCLR = "voynov", "latentclr"
STEPS = {VOYNOV: 1500, LATENTCLR: 300}  # 90 and 35 s of one processor core for a small GAN of 28 pixels
BATCH = {VOYNOV: 32, LATENTCLR: 8}  # pairs of pictures; codes that are moved along all directions
MOST_STEPS = 100_000  # as published
IDLE = 0.5 / 255  # change of a pixel for one deviation: nobody sees what such a direction does
WIDEST, NARROWEST = 6.0, 2.0  # deviations


@dataclass(frozen=True)
class SearchSettings:
    """Zeros stand for the method's own: `steps`, `batch`, and the `layer` in the middle.

    `layer` is counted from 1. `reach` is the longest shift in standard deviations; 0: see `reach_in`.
    """

    method: str = VOYNOV
    count: int = 12
    steps: int = 0
    batch: int = 0
    layer: int = 0
    reach: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in STEPS:
            raise BadSettings(f"No directions are learnt by {self.method!r}.", f"Use {' or '.join(STEPS)}.")
        if self.count < 2 or not 0 <= self.steps <= MOST_STEPS or self.batch < 0 or self.reach < 0:
            raise BadSettings(
                "A search needs two directions or more, and at most 100,000 steps.",
                "Use --count 8 --steps 1500.",
            )

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> SearchSettings:
        known = {field.name for field in fields(SearchSettings)}
        return SearchSettings(**{key: value for key, value in data.items() if key in known})

    @property
    def all_steps(self) -> int:
        return self.steps or STEPS[self.method]

    @property
    def rows(self) -> int:
        """Codes drawn for a step."""
        return self.batch or BATCH[self.method]

    def reach_in(self, dimensions: int) -> float:
        """The longest shift: half the radius √d of the space, between 2 and the published 6.

        Six deviations are half the radius in the papers' spaces of 128 dimensions; in few dimensions
        they would lead where the model has never been.
        """
        return self.reach or min(WIDEST, max(NARROWEST, dimensions**0.5 / 2))
