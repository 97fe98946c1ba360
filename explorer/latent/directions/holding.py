"""Moving one thing while others are held: directions less what they share with others, or within layers."""

from __future__ import annotations

import numpy as np

from backends.api import Array, BadRequest, Part
from explorer.latent.directions.basis import displacements
from explorer.latent.steering import whiten

LEAST = 0.05  # of a direction that must be left


def conditioned(part: Part, vector: Array, held: Array) -> Array:
    """The direction `[d]` less its share in the span of `held` `[h, d]`, one standard deviation long again.

    n − Σ (n·m) m, for several m by least squares, in the prior's own metric (conditional
    manipulation of InterFaceGAN, Shen et al. 2020). Raises `BadRequest` where hardly anything is left.
    """
    if not len(held):
        return np.asarray(vector, np.float32)
    unit = whiten(part, vector[None])[0].astype(np.float64)
    others = whiten(part, held).astype(np.float64)
    left = unit - np.linalg.lstsq(others.T, unit, rcond=None)[0] @ others
    if np.linalg.norm(left) < LEAST * np.linalg.norm(unit):
        raise BadRequest("This direction goes where the held ones go.", "Release one of them.")
    return displacements(part, left[None])[0]


def within_layers(part: Part, vector: Array, first: int, last: int) -> Array:
    """The direction `[d]` in the layers `first` to `last` (both counted) of a part `[layers, width]` alone.

    Layer-wise edits, E(v, first–last) of GANSpace. Raises `BadRequest` for a part without layers.
    """
    if len(part.shape) != 2 or not 0 <= first <= last < part.shape[0]:
        count = part.shape[0] if len(part.shape) == 2 else 0
        raise BadRequest(f"{part.name} has no layers {first} to {last}.", f"It has {count}.")
    kept = np.zeros(part.shape, np.float32)
    kept[first : last + 1] = vector.reshape(part.shape)[first : last + 1]
    return kept.reshape(-1)
