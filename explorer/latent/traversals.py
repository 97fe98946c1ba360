"""Traversals: a picture moved along each dimension in turn, the ones that matter first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backends.api import Array, Code, LatentSpace, Part, Prior

EDGE = 3**0.5  # a uniform prior ends here, in standard deviations


@dataclass(frozen=True, eq=False)
class Line:
    """A way through the space: `vector` `[d]` in `part`, one deviation long; `dimension` of the packed code.

    `dimension` is −1 for a direction that is no single dimension. `centred` lines start from the centre of
    their dimension, others from where the code is.
    """

    name: str
    part: str
    vector: Array
    dimension: int = -1

    @property
    def centred(self) -> bool:
        return self.dimension >= 0


def dimensions(space: LatentSpace) -> list[Line]:
    """Every dimension of every part that has sliders."""
    lines = []
    for part in space.parts:
        if part.continuous and part.role == "content" and not part.seeded:
            steps, at = np.diag(part.deviation), space.slices[part.name].start
            lines += [Line(_name(part, i), part.name, steps[i], at + i) for i in range(part.size)]
    return lines


def along(part: Part, vectors: Array, names: list[str]) -> list[Line]:
    """A line for each of the vectors `[K, d]`."""
    return [Line(name, part.name, vector) for name, vector in zip(names, vectors, strict=True)]


def codes(space: LatentSpace, code: Code, lines: list[Line], reach: float, steps: int) -> Array:
    """The code moved along each line from −reach to reach deviations: `[K, steps, D]`.

    Along a dimension these are places (−reach … reach of the prior), along a direction steps from the code.
    """
    base = space.truncate(space.pack(code)[None], code.truncation)[0]
    out = np.repeat(np.repeat(base[None, None], steps, 1), len(lines), 0)
    for row, line in zip(out, lines, strict=True):
        part = space[line.part]
        at = space.slices[line.part]
        far = min(reach, EDGE) if part.prior in (Prior.UNIFORM, Prior.ANGLE) else reach
        moved = np.linspace(-far, far, steps, dtype=np.float32)[:, None] * line.vector
        if line.centred:
            row[:, line.dimension] = part.centre[line.dimension - at.start]
        row[:, at] += moved
    return out


def changes(images: NDArray[np.uint8]) -> Array:
    """Root mean square change of a pixel (in [0, 1]) along each line of images `[K, n, H, W, C]`: `[K]`.

    About the mean of each pixel along the line, so that it doesn't matter where the line begins.
    """
    scaled = images.astype(np.float32) / 255
    spread = scaled - scaled.mean(1, keepdims=True)
    return np.asarray(np.sqrt((spread**2).mean((1, 2, 3, 4))), np.float32)


def order(values: Array) -> NDArray[np.int64]:
    """Rows by `values` `[K]`, largest first; those without a number last, in their own order."""
    return np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable").astype(np.int64)


def _name(part: Part, index: int) -> str:
    return part.names[index] if index < len(part.names) else f"{part.name} {index + 1}"
