"""One sentence on what is seen, from measured numbers. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trainers.toys.settings import ToySettings
from trainers.watch import SURE

FLAT = 0.02  # a pull on points below which nothing moves in the time of a lecture
HUGE = 1e4  # a loss that has left all bounds
STEEP = 20.0  # a pull that throws points across the plane
NARROW = 0.25  # share of the data's room below which a generator has collapsed
CLOSE = 0.12  # an energy distance at which shapes look alike
Numbers = Mapping[str, float | None]


@dataclass(frozen=True)
class Said:
    """What is seen; `warning` when something goes wrong."""

    text: str
    warning: bool = False


def sentence(settings: ToySettings, step: int, numbers: Numbers) -> Said:
    """What one sees after `step` steps."""
    if _diverged(numbers):
        advice = ", or bound the critic's slope" if settings.kind == "gan" else ""
        return Said(f"The training has blown up: no number has a bound. Take lower rates{advice}.", True)
    if step == 0:
        return Said("Nothing is learned yet: the generated points lie where chance has put them.")
    if settings.kind == "gan":
        return _game(numbers)
    return Said(f"{_single(settings, numbers)} {_nearness(numbers)}")


def _game(numbers: Numbers) -> Said:
    pull = _of(numbers, "pull")
    if won(numbers) and pull < FLAT:
        return Said(
            f"The critic has won: it tells {_share(numbers)} of the points rightly, and its gradient is "
            f"flat where the generated points are ({pull:.2g}). The generator can't learn.",
            True,
        )
    if won(numbers):
        return Said(f"The critic tells {_share(numbers)} of the points rightly, yet still pulls at the "
                    f"generated ones ({pull:.2g}). {_nearness(numbers)}")  # fmt: skip
    if pull > STEEP:
        return Said(f"The critic is steep ({pull:.0f} at the generated points): each step throws them about. "
                    "A penalty or clipping bounds its slope.", True)  # fmt: skip
    if _of(numbers, "room") < NARROW:
        return Said(f"The generator collapses: its points take {_of(numbers, 'room'):.0%} of the room of the "
                    f"data. {_nearness(numbers)}", True)  # fmt: skip
    return Said(f"{_balance(numbers)} {_nearness(numbers)}")


def won(numbers: Numbers) -> bool:
    """Whether the critic tells nearly all points rightly."""
    return min(_of(numbers, "real named real"), _of(numbers, "made named made")) > SURE


def _single(settings: ToySettings, numbers: Numbers) -> str:
    if settings.kind == "vae":
        return (f"Reconstructions lie {_of(numbers, 'moved'):.2f} beside their points (arrows), "
                f"KL {_of(numbers, 'kl'):.1f} nats.")  # fmt: skip
    if settings.kind == "diffusion":
        return (f"It names the noise with an error of {_of(numbers, 'loss'):.2f} (guessing: 1.00); arrows "
                f"show the score under noise of {_of(numbers, 'noise'):.2f}.")  # fmt: skip
    return f"A real point costs {_of(numbers, 'nats'):.2f} nats (a standard normal: about 2.8)."


def _balance(numbers: Numbers) -> str:
    right = (_of(numbers, "real named real") + _of(numbers, "made named made")) / 2
    if right < 0.4:
        return f"The generator is ahead: the critic is right about {right:.0%} of the points."
    if right < 0.6:
        return f"The critic is right about {right:.0%} of the points, hardly better than a coin."
    return f"The critic is right about {right:.0%} of the points."


def _nearness(numbers: Numbers) -> str:
    if all_of := _of(numbers, "of modes"):
        covered = f"{_of(numbers, 'modes'):.0f} of {all_of:.0f} modes"
        return f"{covered}, {_of(numbers, 'good'):.0%} of the points lie on one."
    distance = _of(numbers, "distance")
    word = "close to the data" if distance < CLOSE else "still apart from the data"
    return f"The generated points are {word} (energy distance {distance:.2f})."


def _share(numbers: Numbers) -> str:
    right = (_of(numbers, "real named real") + _of(numbers, "made named made")) / 2
    return f"{min(right, 0.999):.1%}" if right < 1 else "100 %"


def _diverged(numbers: Numbers) -> bool:
    losses = [numbers[name] for name in ("loss", "generator", "critic", "distance") if name in numbers]
    return any(value is None or not abs(value) < HUGE for value in losses)


def _of(numbers: Numbers, name: str) -> float:
    value = numbers.get(name)
    return 0.0 if value is None else float(value)
