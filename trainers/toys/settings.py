"""What can be chosen for a toy: one definition for the panel, the command line and the presets. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, fields
from typing import Any

from backends.errors import BadSettings
from trainers.api import checked, setting
from trainers.toys.distributions import DISTRIBUTIONS

KINDS = {
    "gan": "Game (GAN)",
    "vae": "Autoencoder (VAE)",
    "diffusion": "Diffusion",
    "flow": "Flow",
}
ABOUT = {
    "gan": "Two networks in a game: one makes points, one tells them from real ones.",
    "vae": "Encodes points as normal noise and back: a bound on the likelihood.",
    "diffusion": "Learns to name the noise in points, then follows it back to data.",
    "flow": "Bends normal noise by invertible steps: the exact likelihood.",
}
LOSSES = {
    "minimax": "The game as first written: its gradient vanishes when the critic wins.",
    "non-saturating": "The usual loss: the generator raises the critic's log-odds.",
    "least-squares": "Squares instead of logarithms: far points are pulled harder.",
    "wasserstein": "A distance; the critic's slope must be bounded by a penalty or clipping.",
    "hinge": "The critic only cares for points that it doesn't tell clearly.",
    "began": "The critic is an autoencoder; what it can't redraw is called generated.",
}
PENALTIES = {
    "none": "Nothing bounds the critic's slope.",
    "wgan-gp": "Slope 1 between real and generated points.",
    "dragan": "Slope 1 around real points.",
    "r1": "Slope 0 at real points: the game comes to rest.",
    "clip": "Every weight of the critic is cut to ±0.1: a slope bounded crudely.",
}
GAME = ("gan",)
LIVE = ("rate", "critic_rate", "critic_steps", "penalty_weight", "kl_weight", "level")


@dataclass(frozen=True)
class ToySettings:
    """Choices of all kinds; `applies` says which of them a kind reads. `LIVE` ones change while it runs."""

    kind: str = setting("gan", "What learns.", choices=tuple(KINDS), label="What learns")
    data: str = setting("ring", "The points to learn.", choices=tuple(DISTRIBUTIONS), label="Data")
    loss: str = setting("non-saturating", "What the two players minimise.", choices=tuple(LOSSES))
    penalty: str = setting("none", "What bounds the critic's slope.", choices=tuple(PENALTIES))
    penalty_weight: float = setting(1.0, "How much the penalty counts.", low=0, high=100)
    critic_steps: int = setting(1, "Steps of the critic before each of the generator.", low=1, high=20)
    critic_rate: float = setting(2e-3, "Step size of the critic.", low=0, high=1, label="Critic's rate")
    rate: float = setting(1e-3, "Step size of the generator, or of the one network.", low=0, high=1,
                          label="Learning rate")  # fmt: skip
    optimiser: str = setting(
        "adam", "How the generator goes down its gradient: Adam rescales even a vanishing one, sgd doesn't.",
        choices=("adam", "sgd"), label="Generator's way")  # fmt: skip
    kl_weight: float = setting(1.0, "Weight on the KL divergence.", low=0, high=100, label="KL weight")
    level: float = setting(0.2, "At which share of the noise the score field is shown.", low=0.01, high=1,
                           label="Noise shown")  # fmt: skip
    width: int = setting(64, "Neurons in each hidden layer.", low=4, high=256)
    batch: int = setting(256, "Points in a batch.", low=8, high=2048)
    seed: int = setting(0, "Weights, data and noise: same seed, same course.", low=0, high=999_999)

    def applies(self) -> tuple[str, ...]:
        """The names of the settings that this kind of toy reads."""
        kinds = {
            "loss": GAME, "penalty": GAME, "critic_steps": GAME, "critic_rate": GAME, "penalty_weight": GAME,
            "optimiser": GAME, "kl_weight": ("vae",), "level": ("diffusion",),
        }  # fmt: skip
        weighs = self.penalty not in ("none", "clip")
        return tuple(
            item.name for item in fields(self)
            if self.kind in kinds.get(item.name, (self.kind,)) and (item.name != "penalty_weight" or weighs)
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> ToySettings:
        """Checked settings, text converted. Raises `BadSettings` with one sentence."""
        known = items()
        for name in given:
            if name not in known:
                raise BadSettings(f"There is no setting named {name!r}.", f"There are: {', '.join(known)}.")
        return cls(**{name: checked(known[name], value) for name, value in given.items()})

    def shaped_like(self, other: ToySettings) -> bool:
        """Whether `other` can go on from here: nothing but `LIVE` settings differ."""
        return all(
            name in LIVE or value == getattr(other, name)
            for name, value in self.to_json().items() if name in self.applies()
        )  # fmt: skip


def items() -> dict[str, Field[Any]]:
    """The settings' fields by name: default, help, range, choices."""
    return {item.name: item for item in fields(ToySettings)}
