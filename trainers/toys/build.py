"""From settings to a toy."""

from __future__ import annotations

from trainers.toys.game import Game
from trainers.toys.settings import ToySettings
from trainers.toys.single import Autoencoder, Diffusion, Flow
from trainers.toys.toy import Toy

TOYS: dict[str, type[Toy]] = {"gan": Game, "vae": Autoencoder, "diffusion": Diffusion, "flow": Flow}


def build(settings: ToySettings) -> Toy:
    """The toy of these settings, before its first step."""
    return TOYS[settings.kind](settings)
