"""Attribute vectors: the direction from the codes without an attribute to those with it.

Class means as in White, "Sampling Generative Networks" (2016) and dribnet/plat (`atvec.py`):
mean(with) − mean(without). Arrays in, arrays out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backends.api import Array, BadRequest, Code, LatentSpace, Part
from explorer.latent.directions.basis import basis
from explorer.latent.directions.basis import units as spread

Rows = NDArray[np.intp]

HELD_OUT = 0.3  # of each group, to validate on
FEWEST_TO_VALIDATE = 10  # codes in each group


@dataclass(frozen=True, eq=False)
class Labelled:
    """Codes `[N, D]` whose attributes are known: `values` `[N, A]` number the `names` of each attribute.

    `confidence` `[N]` is how sure a classifier was, where one named them.
    """

    codes: Array
    values: NDArray[np.int64]
    attributes: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    confidence: Array | None = None

    def inside(self, attribute: int, value: int) -> NDArray[np.bool_]:
        return np.asarray(self.values[:, attribute] == value)

    def strata(self, attribute: int) -> NDArray[np.int64] | None:
        """A number for each combination of the other attributes `[N]`; None when there is no other."""
        others = np.delete(self.values, attribute, axis=1)
        if not others.shape[1]:
            return None
        return np.unique(others, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Found:
    """A direction `[d]`, one standard deviation of the prior long, and how well it separates.

    `accuracy` is the mean of the two groups' shares of held-out codes that lie on their own side
    (chance 0.5; NaN with too few codes to hold any out).
    """

    vector: Array
    accuracy: float
    count_with: int
    count_without: int


def class_means(
    part: Part,
    values: Array,
    inside: NDArray[np.bool_],
    outside: NDArray[np.bool_],
    strata: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> Found:
    """The direction from the `outside` codes to the `inside` ones; `values` `[N, d]` of one part.

    With `strata` `[N]` (the combination of the other attributes) the difference is taken within
    each and averaged, so that what goes along with the attribute in the data does not go into the
    direction. Raises `BadRequest` for an empty group or groups with the same mean.
    """
    if not inside.any() or not outside.any():
        which = "with" if not inside.any() else "without"
        raise BadRequest(f"No code is in the group “{which}”.", "Choose another group or more samples.")
    units = spread(part, values)
    with_rows, without_rows = np.flatnonzero(inside), np.flatnonzero(outside)
    accuracy = float("nan")
    if min(len(with_rows), len(without_rows)) >= FEWEST_TO_VALIDATE:
        rng = np.random.default_rng(seed)
        learn_a, test_a = _split(with_rows, rng)
        learn_b, test_b = _split(without_rows, rng)
        trial = _unit(_difference(units, learn_a, learn_b, strata))
        projected = (units @ trial).astype(np.float32)
        accuracy = _accuracy(projected, (learn_a, learn_b), (test_a, test_b))
    vector = _unit(_difference(units, with_rows, without_rows, strata)) @ basis(part)
    return Found(vector.astype(np.float32), accuracy, len(with_rows), len(without_rows))


def moved(space: LatentSpace, code: Code, part: str, vector: Array, amounts: Array) -> Array:
    """Packed codes `[n, D]`: `code` moved along `vector` `[d]` by `amounts` `[n]` standard deviations."""
    out = np.repeat(space.pack(code)[None], len(amounts), axis=0)
    out[:, space.slices[part]] += np.asarray(amounts, np.float32)[:, None] * vector
    return out


def _difference(units: Array, inside: Rows, outside: Rows, strata: NDArray[np.int64] | None) -> Array:
    if strata is None:
        return units[inside].mean(0) - units[outside].mean(0)
    shared = np.intersect1d(strata[inside], strata[outside])
    if not len(shared):
        advice = "Don't hold the other attributes equal, or use more images."
        raise BadRequest("No two codes differ in this attribute alone.", advice)
    pairs = [(inside[strata[inside] == s], outside[strata[outside] == s]) for s in shared]
    return np.mean([units[a].mean(0) - units[b].mean(0) for a, b in pairs], axis=0)


def _unit(vector: Array) -> Array:
    length = float(np.linalg.norm(vector))
    if length < 1e-9:
        raise BadRequest("Both groups have the same mean.", "Choose groups that differ.")
    return (vector / length).astype(np.float32)


def _split(rows: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    shuffled = rng.permutation(rows)
    cut = int(len(rows) * HELD_OUT)
    return shuffled[cut:], shuffled[:cut]


def _accuracy(projected: Array, learnt: tuple[Rows, Rows], held_out: tuple[Rows, Rows]) -> float:
    """Balanced accuracy of the threshold half-way between the groups' means."""
    threshold = (projected[learnt[0]].mean() + projected[learnt[1]].mean()) / 2
    right_with = (projected[held_out[0]] > threshold).mean()
    right_without = (projected[held_out[1]] <= threshold).mean()
    return float((right_with + right_without) / 2)
