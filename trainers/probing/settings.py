"""What is asked of a measurement with few labels. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from backends.errors import BadSettings
from trainers.api import Checked, setting

WAYS = {"linear": "Linear reading", "tuned": "Fine-tuned", "scratch": "From scratch"}
ALL = 0  # as a count: every image
FEW_BATCH, BATCH, FEW = 32, 128, 1000  # images in a batch for up to `FEW` labels, and beyond
EPOCHS, FEWEST_STEPS = 20, 100


@dataclass(frozen=True)
class ProbeSettings(Checked):
    """What is asked of one measurement."""

    labels: str = setting("10,30,100,300,1000,all", "How many labels, with commas; all: every image.")
    draws: int = setting(3, "Draws of the labelled images for each number.", low=1, high=100)
    ways: str = setting("linear,tuned,scratch", "What is compared: linear, tuned, scratch.")
    test: int = setting(2000, "Test images (0: all).", low=0, high=1_000_000)
    most_steps: int = setting(600, "Training steps at most.", low=1, high=100_000)
    seed: int = setting(0, "Seed of the draws and of new weights.", low=0, high=2**31 - 1)

    def check(self) -> None:
        super().check()
        self.counts()
        if not self.chosen_ways() or any(way not in WAYS for way in self.chosen_ways()):
            raise BadSettings(f"{self.ways!r} names no way.", f"The ways are: {', '.join(WAYS)}.")

    def counts(self) -> list[int]:
        """The numbers of labels in ascending order, `ALL` last. Raises `BadSettings`."""
        words = [word.strip().lower() for word in self.labels.split(",") if word.strip()]
        if not words or not all(word == "all" or (word.isdigit() and int(word) > 1) for word in words):
            raise BadSettings(f"{self.labels!r} are no numbers of labels.", "Write 10,100,1000,all.")
        numbers = sorted({int(word) for word in words if word != "all"})
        return [*numbers, ALL] if "all" in words else numbers

    def chosen_ways(self) -> list[str]:
        return [word.strip() for word in self.ways.split(",") if word.strip()]

    def steps(self, count: int) -> int:
        """How long a network learns from so many labels."""
        return min(self.most_steps, max(FEWEST_STEPS, -(-EPOCHS * count // batch_of(count))))


def batch_of(count: int) -> int:
    """Images in a batch where so many have labels."""
    return FEW_BATCH if count <= FEW else BATCH
