"""Which sliders a model gets, what they show for a code, and what moving one does. No widgets."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from backends.api import Array, Code, LatentSpace, Part, Prior
from explorer.latent import steering
from explorer.model.session import Session
from explorer.model.state import Direction
from explorer.widgets.slider_rows import Entry

FEW = 24  # dimensions that are shown as they are; of more, the principal directions come first
EDGE = 3**0.5  # a uniform prior ends here, in standard deviations


@dataclass(eq=False)
class _Line:
    """A direction with a slider: a displacement `[d]` and the same whitened."""

    part: str
    vector: Array
    whitened: Array
    name: str


@dataclass(eq=False)
class Sliders:
    """The sliders of a model. Keys: `z.3` a dimension, `pc z.0` a principal, `own ID` a found direction."""

    space: LatentSpace
    principal: dict[str, Array] = field(default_factory=dict)  # part: [K, d]
    lines: dict[str, _Line] = field(default_factory=dict)

    @property
    def steered(self) -> list[Part]:
        """The parts that get sliders, those whose few dimensions have names first."""
        parts = [p for p in self.space.parts if p.continuous and p.role == "content"]
        return sorted(parts, key=lambda part: not _named(part))

    @property
    def large(self) -> list[Part]:
        return [p for p in self.steered if p.size > FEW and not p.seeded]

    def entries(self, own: list[Direction], by_direction: bool, words: str = "") -> list[Entry]:
        """What has a name first, then the found directions, then principal directions or dimensions."""
        self.lines = {}
        named = [part for part in self.steered if _named(part)]
        entries = [entry for part in named for entry in self._dimensions(part)]
        entries += [self._own(d) for d in own]
        for part in self.steered[len(named) :]:
            if by_direction and part.name in self.principal:
                entries += self._principal(part)
            elif not part.seeded and not (by_direction and part.size > FEW):
                entries += self._dimensions(part)
        wanted = words.lower().split()
        return [e for e in entries if all(w in f"{e.label} {e.key}".lower() for w in wanted)]

    def values(self, code: Code) -> dict[str, float]:
        """What every slider shows, by key."""
        found: dict[str, float] = {}
        for part in self.steered:
            standing = (code.values[part.name] - part.centre) / part.deviation
            found.update((f"{part.name}.{i}", float(v)) for i, v in enumerate(standing))
            keys = [key for key, line in self.lines.items() if line.part == part.name]
            if keys:
                whitened = np.stack([self.lines[key].whitened for key in keys])
                there = steering.positions(part, code.values[part.name], whitened)
                found.update(zip(keys, map(float, there), strict=True))
        return found

    def move(self, session: Session, key: str, value: float) -> None:
        """Do what moving the slider `key` to `value` means."""
        line = self.lines.get(key)
        if line is None:
            part, dimension = key.rsplit(".", 1)
            session.set_value(part, int(dimension), value)
        elif session.code is not None:
            part_ = self.space[line.part]
            value_now = session.code.values[line.part]
            now = float(steering.positions(part_, value_now, line.whitened[None])[0])
            code = steering.move(session.code, part_, line.vector, now, value)
            session.set_code(code, f"Move {line.name}", key)

    def _own(self, direction: Direction) -> Entry:
        key = f"own {direction.id}"
        self._add_line(key, self.space[direction.part], direction.vector, direction.name)
        sure = (
            ""
            if np.isnan(direction.validation)
            else f"\nRight for {direction.validation:.0%} of held-out codes"
        )
        return Entry(
            key, direction.name, f"{direction.name}\n{direction.how}{sure}", lockable=False, menu=True
        )

    def _principal(self, part: Part) -> list[Entry]:
        entries = []
        for i, vector in enumerate(self.principal[part.name]):
            key = f"pc {part.name}.{i}"
            self._add_line(key, part, vector, f"{part.name} PC {i + 1}")
            tip = f"Principal direction {i + 1} of {part.name}: 1 changes the picture most"
            entries.append(Entry(key, self._label(part, f"PC {i + 1}"), tip, lockable=False))
        return entries

    def _dimensions(self, part: Part) -> list[Entry]:
        edge = EDGE if part.prior in (Prior.UNIFORM, Prior.ANGLE) else 3.0
        named = (
            part.names if len(part.names) == part.size else [f"{part.name} {i + 1}" for i in range(part.size)]
        )
        tip = f"{part.name}, in standard deviations of its prior ({part.prior.value})"
        return [
            Entry(f"{part.name}.{i}", name, f"{name}: {tip}", -edge, edge) for i, name in enumerate(named)
        ]

    def _label(self, part: Part, text: str) -> str:
        return text if len(self.steered) == 1 else f"{part.name} {text}"

    def _add_line(self, key: str, part: Part, vector: Array, name: str) -> None:
        self.lines[key] = _Line(part.name, vector, steering.whiten(part, vector[None])[0], name)


def _named(part: Part) -> bool:
    """Whether these few dimensions mean something by themselves, as InfoGAN's codes do."""
    return len(part.names) == part.size <= FEW
