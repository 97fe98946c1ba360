"""Paths that follow a bent boundary: at each step the way in which an attribute grows and others stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.api import Array, BadRequest, LatentSpace, Part
from explorer.latent.directions.basis import basis, units
from explorer.latent.directions.boundary import balanced
from explorer.latent.task import Task

FEATURES = 512
RIDGE = 1e-2
HELD_OUT = 0.3
STEP = 0.25  # standard deviations
FEWEST = 40  # codes
LEAST = 1e-3  # of the gradient that must be left when others are held

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Decisions:
    """K smooth decision values of codes in units: f(z) = φ(z) W + b, φ(z) = √(2/M) cos(Ω z + β).

    `omega` `[M, d]`, `phase` `[M]`, `weights` `[M, K]`, `bias` `[K]`: ridge regression on random Fourier
    features (Rahimi and Recht 2007) to 1 for codes with the attribute and −1 for those without.
    """

    omega: Floats
    phase: Floats
    weights: Floats
    bias: Floats

    def values(self, z: Floats) -> Floats:
        """`[N, d]` -> `[N, K]`."""
        return np.asarray(_features(z, self.omega, self.phase) @ self.weights + self.bias)

    def gradients(self, z: Floats) -> Floats:
        """At one code `[d]` -> `[K, d]`."""
        slope = -np.sin(self.omega @ z + self.phase) * (2 / len(self.omega)) ** 0.5
        return np.asarray((self.weights * slope[:, None]).T @ self.omega)


def learn(z: Floats, targets: Floats, seed: int = 0) -> Decisions:
    """Decisions from codes in units `[N, d]` and targets `[N, K]` of ±1.

    The width of the features is the median distance of two codes. Raises `BadRequest` for too few codes.
    """
    if len(z) < FEWEST:
        raise BadRequest(f"{len(z)} codes are too few to follow a boundary.", f"Take {FEWEST} or more.")
    rng = np.random.default_rng(seed)
    pairs = z[rng.integers(len(z), size=(500, 2))]
    width = max(float(np.median(np.linalg.norm(pairs[:, 0] - pairs[:, 1], axis=1))), 1e-6)
    omega = rng.standard_normal((FEATURES, z.shape[1])) / width
    phase = rng.uniform(0, 2 * np.pi, FEATURES)
    bias = targets.mean(0)
    seen = _features(z, omega, phase)
    centre = seen.mean(0)
    gram = (seen - centre).T @ (seen - centre) + RIDGE * np.eye(FEATURES)
    weights = np.linalg.solve(gram, (seen - centre).T @ (targets - bias))
    return Decisions(omega, phase, weights, bias - centre @ weights)


def follow(decisions: Decisions, z: Floats, steps: int, stride: float = STEP, round_: bool = True) -> Floats:
    """The path `[2 steps + 1, d]` through z `[d]` (its middle) on which decision 0 grows and others stay.

    At each step the gradient is taken anew and freed of the gradients of the other decisions (and, when
    `round_`, of the way outwards, so that the code stays as likely as it was). It ends early, repeating its
    last code, where nothing is left to follow.
    """
    ends = [_one_way(decisions, z, steps, sign * stride, round_) for sign in (-1, 1)]
    return np.concatenate([ends[0][::-1], z[None], ends[1]])


def run(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """A job: the path of a part from arrays `values` `[N, d]`, `inside` `[N]`, `start` `[d]`.

    `others` `[N, A]` are values of attributes to hold; each is held at what the start is taken for. Options:
    `space` (JSON), `part`, `steps`. Arrays `path` `[2 steps + 1, d]` and `decisions` `[2 steps + 1, 1 + A]`;
    data `accuracy`, balanced, on held-out codes.
    """
    part = LatentSpace.from_json(options["space"])[options["part"]]
    z = units(part, arrays["values"]).astype(np.float64)
    start = units(part, arrays["start"][None])[0].astype(np.float64)
    inside = arrays["inside"].astype(bool)
    columns = [inside, *_held_values(z, arrays.get("others"), start)]
    targets = np.stack([np.where(column, 1.0, -1.0) for column in columns], 1)
    task.progress(0.2, "Learning the boundary")
    order = np.random.default_rng(0).permutation(len(z))
    test, seen = np.split(order, [round(HELD_OUT * len(z))])
    accuracy = balanced(learn(z[seen], targets[seen]).values(z[test])[:, 0] > 0, inside[test])
    task.progress(0.6, "Following it")
    decisions = learn(z, targets)
    path = follow(decisions, start, int(options["steps"]))
    return {
        "path": in_part(part, path), "decisions": decisions.values(path).astype(np.float32),
        "data": {"accuracy": accuracy},
    }  # fmt: skip


def in_part(part: Part, path: Floats) -> Array:
    """Codes in units `[n, d]` as values of the part."""
    return np.asarray(path @ basis(part) + part.centre, np.float32)


def _held_values(z: Floats, others: np.ndarray | None, start: Floats) -> list[NDArray[np.bool_]]:
    """For each other attribute, which codes have the value that the start's neighbours mostly have."""
    if others is None or not others.shape[1]:
        return []
    near = np.argsort(((z - start) ** 2).sum(1))[:15]
    held = [column == np.bincount(column[near]).argmax() for column in others.T]
    return [column for column in held if column.any() and not column.all()]


def _one_way(decisions: Decisions, z: Floats, steps: int, stride: float, round_: bool) -> Floats:
    out = np.repeat(z[None], steps, 0)
    length, now = float(np.linalg.norm(z)), z
    for index in range(steps):
        slope, *others = decisions.gradients(now)
        held = [*others, now] if round_ and length > 1e-6 else others
        free = slope - _within(slope, np.stack(held)) if held else slope
        if np.linalg.norm(free) < LEAST * max(float(np.linalg.norm(slope)), 1e-12):
            out[index:] = now
            break
        now = now + stride * free / np.linalg.norm(free)
        if round_ and length > 1e-6:
            now = now * (length / max(float(np.linalg.norm(now)), 1e-9))
        out[index] = now
    return out


def _within(vector: Floats, rows: Floats) -> Floats:
    return np.asarray(np.linalg.lstsq(rows.T, vector, rcond=None)[0] @ rows)


def _features(z: Floats, omega: Floats, phase: Floats) -> Floats:
    return np.asarray(np.cos(z @ omega.T + phase) * (2 / len(omega)) ** 0.5)
