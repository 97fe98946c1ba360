"""Principal directions: the ways in latent space that change the image most."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np

from backends.errors import BadRequest
from backends.space import Array, LatentSpace, Part, Prior

BASES = 16  # codes at which the change is measured
STEP = 0.2  # standard deviations to either side: wide enough to look past ripples
ENOUGH = 1024  # images in all: a large space gets fewer bases, as each gives d differences

Generate = Callable[[Array], np.ndarray]


@dataclass(frozen=True)
class Directions:
    """`vectors` `[d, d]`, a row each, one standard deviation long, strongest first.

    `effects` `[d]`: root mean square change of a pixel (in [0, 1]) per standard deviation.
    """

    vectors: Array
    effects: Array


def principal(
    generate: Generate, space: LatentSpace, part: Part, rows: Callable[[], int]
) -> Generator[float, None, Directions]:
    """Yield the fraction done, return the directions of a part.

    They are the eigenvectors of E[J^T J], J the Jacobian of the image with respect to the part in
    units of its prior's standard deviation, by central differences at codes drawn from the prior
    (Ramesh, Choi and LeCun 2018, section 3; Jahanian et al. 2021). `generate` maps codes `[N, D]` to
    pixels `[N, ...]` in [0, 1]; `rows` says how many it may do at once. A dimension that the
    model ignores comes last. The sign makes the largest entry positive.
    """
    if not part.continuous:
        raise BadRequest(f"{part.name} has classes, not directions.", "Choose a continuous part.")
    basis = whitened_basis(part)
    d = part.size
    bases = max(4, min(BASES, ENOUGH // (2 * d)))
    gram = np.zeros((d, d))
    for index, code in enumerate(space.sample_many(bases, 0)):
        changes: list[np.ndarray] = []
        at = 0
        while at < d:
            moves = basis[at : at + max(1, rows() // 2)] * STEP
            changes.append(_differences(generate, code, moves, space.slices[part.name]))
            at += len(moves)
            yield (index + at / d) / bases
        jacobian = np.concatenate(changes).astype(np.float64)  # [d, pixels]
        gram += jacobian @ jacobian.T / (bases * jacobian.shape[1])
    return _sorted_directions(gram, basis)


def whitened_basis(part: Part) -> Array:
    """Rows that move one standard deviation each, independent of one another: `[d, d]`."""
    if part.prior is Prior.EMPIRICAL:
        return np.asarray(part.factor, np.float32).T
    return np.diag(part.deviation)


def _differences(generate: Generate, code: Array, moves: Array, at: slice) -> np.ndarray:
    """Change of the pixels per standard deviation along each move: `[len(moves), pixels]`."""
    codes = np.repeat(code[None], 2 * len(moves), 0)
    codes[:, at] += np.concatenate([moves, -moves])
    ahead, behind = np.split(generate(codes).reshape(len(codes), -1), 2)
    return (ahead - behind) / (2 * STEP)


def _sorted_directions(gram: np.ndarray, basis: Array) -> Directions:
    values, vectors = np.linalg.eigh(gram)
    order = np.argsort(-values, kind="stable")
    rows = vectors.T[order]
    rows *= np.sign(rows[np.arange(len(rows)), np.abs(rows).argmax(1)])[:, None]
    effects = np.sqrt(np.maximum(values[order], 0))
    return Directions((rows @ basis).astype(np.float32), effects.astype(np.float32))
