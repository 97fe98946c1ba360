"""Directions without a label and without a search: eigenvectors of a weight (SeFa) or of codes."""

from __future__ import annotations

from typing import Any

import numpy as np

from backends.api import Array, BadRequest, LatentSpace, Part
from explorer.latent.directions.basis import displacements, units, upright
from explorer.latent.task import Task

FEWEST = 10  # codes


def sefa(part: Part, weight: Array) -> tuple[Array, Array]:
    """Directions `[d, d]` of a part and their eigenvalues `[d]`, largest first.

    `weight` `[m, d]` is that of the first affine layer for steps of one standard deviation. Each of its m
    rows is divided by its length; then the eigenvectors of AᵀA are taken (Shen and Zhou 2021).
    The published code takes those of `np.linalg.eig` in whatever order they come; here they are sorted.
    """
    rows = np.asarray(weight, np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows / np.where(lengths > 0, lengths, 1.0)
    values, vectors = np.linalg.eigh(rows.T @ rows)
    order = np.argsort(-values, kind="stable")
    found = displacements(part, upright(vectors.T[order]))
    return found, np.maximum(values[order], 0).astype(np.float32)


def of_codes(part: Part, values: Array, count: int) -> tuple[Array, Array]:
    """The first principal components `[K, d]` of values `[N, d]` and their shares of the variance `[K]`.

    Of codes that were drawn from the prior they mean nothing; of encoded data, or of a mapped space, they are
    GANSpace's components of w (Härkönen et al. 2020). Raises `BadRequest` for too few codes.
    """
    if len(values) < FEWEST:
        raise BadRequest(f"{len(values)} codes are too few for principal components.", "Take more.")
    spread = units(part, values).astype(np.float64)
    spread -= spread.mean(0)
    variances, vectors = np.linalg.eigh(spread.T @ spread / len(spread))
    order = np.argsort(-variances, kind="stable")[:count]
    shares = variances[order] / max(float(variances.sum()), 1e-12)
    return displacements(part, upright(vectors.T[order])), np.maximum(shares, 0).astype(np.float32)


def run(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """A job: SeFa of array `weight` for a large part. Options: `space` (JSON), `part`.

    Arrays `directions` and `values`, see `sefa`.
    """
    task.progress(0.0, "SeFa")
    part = LatentSpace.from_json(options["space"])[options["part"]]
    return dict(zip(("directions", "values"), sefa(part, arrays["weight"]), strict=True))
