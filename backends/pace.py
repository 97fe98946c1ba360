"""How many rows to do at once, so that a step of a long job takes about the time it may."""

from __future__ import annotations

from dataclasses import dataclass

STEP_S = 0.02  # a hand on a slider waits this long at most for a step of a bulk job
LARGEST = 1024


@dataclass
class Pace:
    """`size` rows fit in a step, as far as has been seen."""

    size: int = 4

    def learn(self, rows: int, seconds: float) -> None:
        """`rows` took `seconds`: go on with what fits, growing twofold at most at a time."""
        fitting = int(rows * STEP_S / max(seconds, 1e-6))
        # A part of a step (the last rows) says little about larger ones: it can't shrink the size.
        if rows >= self.size or fitting < rows:
            self.size = max(1, min(fitting, 2 * self.size, LARGEST))
