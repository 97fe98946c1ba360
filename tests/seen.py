"""How far apart people see colours, also those who are colour-blind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from explorer.latent.palette import Colours

LEAST = 16.0  # CIELAB distance between any two of the colours, for everyone

_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])
VISIONS = {
    "full": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


def as_seen(colours: Colours, vision: str = "full") -> NDArray[np.float64]:
    """CIELAB `[N, 3]` of sRGB colours `[N, 3]` as seen with one of `VISIONS`."""
    share = np.asarray(colours, np.float64) / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(light @ VISIONS[vision].T, 0, 1) @ _XYZ.T / _WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def least_distance(colours: Colours, vision: str = "full") -> float:
    """The smallest CIELAB distance between two of `[N, 3]`, N ≥ 2, as seen with a vision."""
    seen = as_seen(colours, vision)
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)
    return float(apart[np.triu_indices(len(seen), 1)].min())
