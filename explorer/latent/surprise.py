"""How likely a model finds a picture, in numbers and colours that can be read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backends.api import Array
from explorer.latent.map_colours import value_colours

Image = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Judged:
    """A picture uint8 `[H, W, C]`, its log-likelihood in nats, each pixel's part in it `[H, W]` if known."""

    image: Image
    nats: float
    parts: Array | None = None

    @property
    def bits(self) -> float:
        """Bits per dimension: −log2 p(x) / (H W C)."""
        return -self.nats / (self.image.size * math.log(2))

    def sentence(self) -> str:
        return f"{_signed(self.nats)} nats, {self.bits:.3f} bits per dimension"


def heat_maps(judged: Sequence[Judged]) -> tuple[list[Image], tuple[float, float]]:
    """Each pixel's surprise −log p as colours `[H, W, 3]` on one scale for all, and its ends in nats."""
    surprises = [-j.parts for j in judged if j.parts is not None]
    if not surprises:
        return [], (0.0, 0.0)
    flat = np.concatenate([s.reshape(-1) for s in surprises]).astype(np.float32)
    colours, maps, at = value_colours(flat), [], 0
    for surprise in surprises:
        maps.append(colours[at : at + surprise.size].reshape(*surprise.shape, 3))
        at += surprise.size
    return maps, (float(flat.min()), float(flat.max()))


def comparison(one: Judged, other: Judged) -> str:
    """Which of two pictures the model finds likelier, and by how much."""
    step = one.nats - other.nats
    if abs(step) < 0.05:
        return "The model finds both equally likely."
    which = "this one" if step > 0 else "the held one"
    return f"The model finds {which} likelier, by {abs(step):,.1f} nats."


def _signed(nats: float) -> str:
    return f"{nats:,.1f}".replace("-", "−")
