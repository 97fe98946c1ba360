"""From what a toy sends to what is drawn of it, for the panel and for the verb."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from explorer.widgets.plane_view import Plane
from trainers.toys.distributions import DISTRIBUTIONS, EXTENT
from trainers.toys.settings import ToySettings

REAL, REAL_SEED = 400, 5
DECADES = 5.0  # nats below the largest density at which the ground's colour is reached
PROBABLE = ("minimax", "non-saturating")  # losses whose critic says a probability

Floats = NDArray[np.float32]


def real_of(settings: ToySettings) -> Floats:
    """Points of the data `[N, 2]`, always the same."""
    return DISTRIBUTIONS[settings.data].sample(REAL, np.random.default_rng(REAL_SEED))


def plane_of(settings: ToySettings, arrays: Mapping[str, Floats], real: Floats) -> Plane:
    """What is drawn of a snapshot's arrays; of none, the data alone."""
    if "points" not in arrays:
        return Plane(EXTENT, real)
    values = arrays["values"]
    low, high = ends(settings, values)
    return Plane(EXTENT, real, arrays["points"], arrays["foot"], arrays["arrows"], values, low, high,
                 exact=settings.kind == "vae")  # fmt: skip


def ends(settings: ToySettings, values: Floats) -> tuple[float, float]:
    """Which values have the colours of the ground's two ends: a probability's are 0 and 1."""
    if settings.kind == "gan" and settings.loss in PROBABLE:
        return 0.0, 1.0
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    if settings.kind != "gan":
        return float(known.max()) - DECADES, float(known.max())
    low, high = np.percentile(known, (2, 98))
    return float(low), float(high)
