"""Which checkpoints stay: the newest, the best by a figure, and one after every so many steps. No torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """`last` newest ones, the first of every `every` steps (0: none), the best by `best` ('': none).

    `best` names a curve; the lowest value is the best, with a + before the name the highest.
    """

    last: int = 2
    every: int = 0
    best: str = ""

    @property
    def figure(self) -> str:
        """The name of the curve that decides which is best."""
        return self.best.strip().lstrip("+").strip()

    @property
    def highest(self) -> bool:
        return self.best.strip().startswith("+")


@dataclass
class Patience:
    """Whether a figure gets better: the `best` so far, and for how many checkpoints `since` it did not."""

    best: float | None = None
    since: int = 0

    def saw(self, figure: float, rule: Rule) -> None:
        """One more checkpoint, with this figure."""
        sign = -1 if rule.highest else 1
        if self.best is None or sign * figure < sign * self.best:
            self.best, self.since = figure, 0
        else:
            self.since += 1


def surplus(figures: Mapping[int, float | None], rule: Rule) -> list[int]:
    """The steps of the checkpoints that need not stay, given the figure of each (None: not known)."""
    steps = sorted(figures)
    kept = set(steps[-max(rule.last, 1) :])
    if rule.every:
        periods: dict[int, int] = {}
        for step in steps:
            periods.setdefault(step // rule.every, step)
        kept |= {step for period, step in periods.items() if period}
    if (best := best_of(figures, rule)) is not None:
        kept.add(best)
    return [step for step in steps if step not in kept]


def best_of(figures: Mapping[int, float | None], rule: Rule) -> int | None:
    """The step with the best figure, the earliest of equals; None when no figure is known."""
    known = {step: value for step, value in figures.items() if value is not None and math.isfinite(value)}
    if not known or not rule.figure:
        return None
    sign = -1 if rule.highest else 1
    return min(sorted(known), key=lambda step: sign * known[step])
