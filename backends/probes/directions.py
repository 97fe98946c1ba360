"""Principal directions: the ways in latent space that change the image most."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np

from backends.errors import BadRequest
from backends.space import Array, LatentSpace, Part, Prior

BASES = 16  # codes at which the change is measured
STEP = 0.2  # standard deviations to either side: wide enough to look past ripples
NEAR = 0.05  # the same where the slope at one code is wanted
ENOUGH = 1024  # images in all: a large space gets fewer bases, as each gives d differences
SLOW = 64  # waves along which a space of images is measured: the way of a pixel of noise is seen by nobody
WHOLE = 2048  # dimensions; beyond that the directions that weren't measured are left out

Generate = Callable[[Array], np.ndarray]


@dataclass(frozen=True)
class Directions:
    """`vectors` `[K, d]`, a row each, one standard deviation long, strongest first; K = d but in vast spaces.

    `effects` `[K]`: root mean square change of a pixel (in [0, 1]) per standard deviation; zero where
    nothing was measured.
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
    model ignores comes last. The sign makes the largest entry positive. In a space of images (noise of a
    diffusion model) only the slowest waves are measured, the others follow unmeasured.
    """
    _refuse(part)
    basis = whitened_basis(part)
    d = min(part.size, SLOW) if _of_images(part) else part.size  # those that are measured
    bases = max(4, min(BASES, ENOUGH // (2 * d)))
    gram = np.zeros((d, d))
    for index, code in enumerate(space.sample_many(bases, 0)):
        changes: list[np.ndarray] = []
        at = 0
        while at < d:
            moves = basis[at : min(d, at + max(1, rows() // 2))] * STEP
            changes.append(_differences(generate, code, moves, space.slices[part.name]) / STEP)
            at += len(moves)
            yield (index + at / d) / bases
        jacobian = np.concatenate(changes).astype(np.float64)  # [d, pixels]
        gram += jacobian @ jacobian.T / (bases * jacobian.shape[1])
    found = _sorted_directions(gram, basis[:d])
    rest = basis[d:]
    return Directions(
        np.concatenate([found.vectors, rest]),
        np.concatenate([found.effects, np.zeros(len(rest), np.float32)]),
    )


def local(
    generate: Generate, space: LatentSpace, part: Part, code: Array, rows: Callable[[], int]
) -> Generator[float, None, Directions]:
    """Yield the fraction done, return the directions of a part at one code `[D]`.

    The right singular vectors of the Jacobian of the image at that code, by central differences: what
    changes this picture most, and what leaves it as it is. `effects` are the singular values as root mean
    square changes of a pixel (Ramesh, Choi and LeCun 2018; Zhu et al., "Low-Rank Subspaces in GANs", 2021).
    """
    _refuse(part)
    basis = whitened_basis(part)
    d = min(part.size, SLOW) if _of_images(part) else part.size
    changes: list[np.ndarray] = []
    at = 0
    while at < d:
        moves = basis[at : min(d, at + max(1, rows() // 2))] * NEAR
        changes.append(_differences(generate, code, moves, space.slices[part.name]) / NEAR)
        at += len(moves)
        yield at / d
    jacobian = np.concatenate(changes).astype(np.float64)
    return _sorted_directions(jacobian @ jacobian.T / jacobian.shape[1], basis[:d])


def _refuse(part: Part) -> None:
    if not part.continuous:
        raise BadRequest(f"{part.name} has classes, not directions.", "Choose a continuous part.")
    if part.role == "noise":
        raise BadRequest(f"{part.name} is drawn by dice: it has a seed, not directions.", "Try another seed.")


def whitened_basis(part: Part) -> Array:
    """Rows that move one standard deviation each, independent of one another: `[d, d]`.

    In a space of images they are waves, slow ones first; of more than `WHOLE` only the slowest.
    """
    if _of_images(part):
        return waves(part.shape, part.size if part.size <= WHOLE else SLOW) * part.deviation
    if part.prior is Prior.EMPIRICAL:
        return np.asarray(part.factor, np.float32).T
    return np.diag(part.deviation)


def _of_images(part: Part) -> bool:
    """Whether neighbours in a part are neighbours in the image."""
    return len(part.shape) == 3 and part.prior is not Prior.EMPIRICAL


def waves(shape: tuple[int, ...], count: int) -> Array:
    """The `count` slowest cosine waves of images (C, H, W), each of length one: `[count, C H W]`.

    The discrete cosine transform II in each channel (Ahmed, Natarajan and Rao 1974); orthogonal.
    """
    colours, height, width = shape
    down, across = np.unravel_index(np.arange(height * width), (height, width))
    slow = np.argsort((down / height) ** 2 + (across / width) ** 2, kind="stable")[: -(-count // colours)]
    plane = np.einsum("ky,kx->kyx", _cosines(height)[down[slow]], _cosines(width)[across[slow]])
    out = np.zeros((len(slow), colours, colours, height, width), np.float32)
    for colour in range(colours):
        out[:, colour, colour] = plane
    return out.reshape(-1, colours * height * width)[:count]


def _cosines(n: int) -> np.ndarray:
    """The orthogonal cosines of n points, slow ones first: `[n, n]`."""
    angles = np.pi / n * np.outer(np.arange(n), np.arange(n) + 0.5)
    out = np.cos(angles) * (2 / n) ** 0.5
    out[0] /= 2**0.5
    return out


def _differences(generate: Generate, code: Array, moves: Array, at: slice) -> np.ndarray:
    """Half the change of the pixels from one end of each move to its mirror: `[len(moves), pixels]`."""
    codes = np.repeat(code[None], 2 * len(moves), 0)
    codes[:, at] += np.concatenate([moves, -moves])
    ahead, behind = np.split(generate(codes).reshape(len(codes), -1), 2)
    return (ahead - behind) / 2


def _sorted_directions(gram: np.ndarray, basis: Array) -> Directions:
    values, vectors = np.linalg.eigh(gram)
    order = np.argsort(-values, kind="stable")
    rows = vectors.T[order]
    rows *= np.sign(rows[np.arange(len(rows)), np.abs(rows).argmax(1)])[:, None]
    effects = np.sqrt(np.maximum(values[order], 0))
    return Directions((rows @ basis).astype(np.float32), effects.astype(np.float32))
