"""Support-vector boundaries between codes with an attribute and codes without (InterFaceGAN)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.api import Array, BadRequest, LatentSpace, Part
from explorer.latent.directions.basis import displacements, units
from explorer.latent.directions.holding import conditioned
from explorer.latent.task import Task

SPLIT = 0.7  # of the chosen codes, to learn from
SHARE = 0.25  # of all codes at either end: the published 2 % are of half a million
FEWEST = 20  # codes in each group


@dataclass(frozen=True, eq=False)
class Boundary:
    """`vector` `[d]`, one standard deviation long, across the boundary; `offset` in deviations along it.

    `accuracy` is balanced (chance 0.5): on the 30 % held out of the surest codes; `rest` on all the codes
    that weren't chosen. `learnt` is how many codes it was learnt from.
    """

    vector: Array
    offset: float
    accuracy: float
    rest: float
    learnt: int


def boundary(
    part: Part,
    values: Array,
    inside: NDArray[np.bool_],
    confidence: Array | None = None,
    share: float = SHARE,
    seed: int = 0,
) -> Boundary:
    """The boundary between `inside` and the other values `[N, d]`: a linear SVM on the surest of each.

    Shen et al., "Interpreting the Latent Space of GANs" (2020), as in genforce/interfacegan
    (`utils/manipulator.py`). Without `confidence` `[N]` the codes are chosen at random. Raises `BadRequest`
    for a group of fewer than 20.
    """
    from sklearn.svm import LinearSVC

    rng = np.random.default_rng(seed)
    spread = units(part, values)
    chosen = [_surest(np.flatnonzero(side), confidence, round(share * len(values)), rng) for side in
              (inside, ~inside)]  # fmt: skip
    parts = [np.split(rng.permutation(rows), [round(SPLIT * len(rows))]) for rows in chosen]
    learn, test = (np.concatenate(rows) for rows in zip(*parts, strict=True))
    machine = LinearSVC(dual=False, class_weight="balanced", random_state=seed)
    machine.fit(spread[learn], inside[learn])
    normal, length = machine.coef_[0], float(np.linalg.norm(machine.coef_[0]))
    if length < 1e-9:
        raise BadRequest("No boundary tells these groups apart.", "Choose groups that differ.")
    said = spread @ normal + machine.intercept_[0] > 0
    others = np.setdiff1d(np.arange(len(values)), np.concatenate(chosen))
    return Boundary(
        displacements(part, normal[None])[0], float(-machine.intercept_[0] / length),
        balanced(said[test], inside[test]), balanced(said[others], inside[others]), len(learn),
    )  # fmt: skip


def balanced(said: NDArray[np.bool_], truly: NDArray[np.bool_]) -> float:
    """The mean of the shares of either group that are named rightly; NaN when one is empty."""
    sides = [said[truly], ~said[~truly]]
    return float(np.mean([side.mean() for side in sides])) if all(map(len, sides)) else float("nan")


def run(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """A job: the boundary of arrays `values`, `inside` (and `confidence`, `held` `[h, d]`).

    Options: `space` (JSON), `part`. Array `vector`, less what it shares with the held directions; data
    `accuracy`, `rest`, `learnt`, `offset`.
    """
    part = LatentSpace.from_json(options["space"])[options["part"]]
    task.progress(0.1, "Boundary")
    found = boundary(part, arrays["values"], arrays["inside"].astype(bool), arrays.get("confidence"))
    held = arrays.get("held", np.zeros((0, part.size), np.float32))
    data = {"accuracy": found.accuracy, "rest": found.rest, "learnt": found.learnt, "offset": found.offset}
    return {"vector": conditioned(part, found.vector, held), "data": data}


def _surest(
    rows: NDArray[np.intp], confidence: Array | None, count: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    if len(rows) < FEWEST:
        raise BadRequest(
            f"A group has {len(rows)} codes; a boundary needs {FEWEST}.", "Take more codes or another group."
        )
    order = rng.permutation(rows)
    if confidence is not None:
        order = order[np.argsort(-confidence[order], kind="stable")]
    return order[: max(count, FEWEST)]
