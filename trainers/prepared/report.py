"""What became of the pictures, in figures and sentences. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

NAMED = 3  # of those left out, so many are named in a sentence


@dataclass
class Report:
    """`broken` are pictures and why they can't be read, `twins` pictures and what they are like."""

    path: str = ""
    seen: int = 0
    kept: int = 0
    copies: int = 0
    held_out: int = 0
    broken: list[tuple[str, str]] = field(default_factory=list)
    small: list[str] = field(default_factory=list)
    twins: list[tuple[str, str]] = field(default_factory=list)
    nameless: list[str] = field(default_factory=list)  # without a row in the table
    classes: dict[str, int] = field(default_factory=dict)
    sides: tuple[int, int] = (0, 0)  # shortest and longest shorter side of a picture, in pixels
    checksum: str = ""
    reused: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Report:
        made = cls(**data)
        made.broken = [(name, why) for name, why in made.broken]
        made.twins = [(name, of) for name, of in made.twins]
        made.sides = (made.sides[0], made.sides[1])
        return made

    def sentences(self) -> list[str]:
        """What a person should know, one sentence each."""
        said = [f"{self.kept:,} of {self.seen:,} pictures kept, {self.held_out:,} of them for tests."]
        if self.copies:
            said.append(f"{self.copies:,} changed copies were added to the training images.")
        if self.sides[1]:
            low, high = self.sides
            said.append(f"Their shorter sides have {low:,} to {high:,} pixels.")
        if self.classes:
            said.append(f"{len(self.classes)} classes: {_span(self.classes)}.")
        for names, what in ((self.broken, "can't be read"), (self.small, "too small"),
                            (self.twins, "there already"), (self.nameless, "not in the table")):  # fmt: skip
            if names:
                said.append(f"{len(names):,} left out, {what}: {_some(names)}.")
        if self.reused:
            said.append("Nothing has changed since it was prepared: the file of then is used.")
        return said


def _span(classes: Mapping[str, int]) -> str:
    least, most = (choose(classes, key=classes.__getitem__) for choose in (min, max))
    if classes[least] == classes[most]:
        return f"{classes[least]:,} images each"
    return f"{classes[least]:,} ({least}) to {classes[most]:,} ({most}) images"


def _some(names: list[Any]) -> str:
    told = [name if isinstance(name, str) else f"{name[0]} ({name[1]})" for name in names[:NAMED]]
    return ", ".join(told) + (", …" if len(names) > NAMED else "")
