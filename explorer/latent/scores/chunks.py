"""What each chunk of a code holds: retrieval (Hu 2018) and a probe, the leak meter (Jha 2018)."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from explorer.latent.scores.api import (
    CHUNKS,
    Array,
    Effort,
    Figure,
    Integers,
    Result,
    Sample,
    resampled,
    score,
)
from explorer.latent.task import Task

TREES = 8  # of the quick probe
HIDDEN, EPOCHS = (256, 256), 40  # of the published one


@score(
    "retrieval",
    Figure("retrieval", "Retrieval mAP", "Mean average precision of finding images of the same value by the "
           "best chunk of each factor."),
    matrix="Mean average precision by chunk", needs=CHUNKS, by_chunk=True, cost=1, order=50,
)  # fmt: skip
def retrieval(sample: Sample, effort: Effort, rng: np.random.Generator, task: Task) -> Result:
    """Nearest neighbours by Euclidean distance in one chunk; ties are broken at random."""
    shuffled = sample.take(rng.permutation(len(sample)))
    rows = []
    for at, dimensions in enumerate(sample.chunks.values()):
        task.progress(at / len(sample.chunks))
        rows.append(average_precisions(shuffled.codes[:, dimensions], shuffled.factors, effort.queries, task))
    each = np.stack(rows)  # [chunks, queries, K]
    matrix = each.mean(1)
    again = resampled(each.transpose(1, 0, 2), rng, effort.bootstraps)  # [B, chunks, K]
    return Result({"retrieval": _best(matrix)}, matrix, {"retrieval": again.max(1).mean(1)})


@score(
    "probe",
    Figure("probe", "Probe accuracy", "Test accuracy of a network that reads the best chunk of each factor; "
           "what a chunk should not hold must be at chance."),
    matrix="Probe accuracy by chunk (leak meter)", by_chunk=True, cost=1.5, order=51,
)  # fmt: skip
def probe(sample: Sample, effort: Effort, rng: np.random.Generator, task: Task) -> Result:
    """Full: two layers of 256, as Jha et al. 2018; fast: a forest of eight trees."""
    train, test = sample.split(*effort.fit, rng)
    hits = []
    for at, dimensions in enumerate(sample.chunks.values()):
        task.progress(at / len(sample.chunks))
        seen, unseen = _scaled(train.codes[:, dimensions], test.codes[:, dimensions])
        named = (_network if effort.published else _quick)(seen, train.factors, unseen, rng, task)
        hits.append(named == test.factors)
    correct = np.stack(hits, axis=1)  # [n, chunks, K]
    matrix = correct.mean(0)
    again = resampled(correct, rng, effort.bootstraps)
    note = "" if effort.published else "By a forest of eight trees; full takes two layers of 256."
    return Result({"probe": _best(matrix)}, matrix, {"probe": again.max(1).mean(1)}, note)


def average_precisions(codes: Array, factors: Integers, queries: int, task: Task) -> Array:
    """The average precision of each of the first `queries` rows for each factor: `[queries, K]`.

    All other rows are ranked by distance; the mean precision at the ranks of those with the same value.
    """
    count = min(queries, len(codes))
    out = np.zeros((count, factors.shape[1]))
    squares = (codes**2).sum(1)
    for q in range(count):
        task.check()
        distance = squares - 2 * (codes @ codes[q])
        distance[q] = -np.inf
        order = np.argsort(distance, kind="stable")[1:]
        same = factors[order] == factors[q]  # [N - 1, K]
        precision = np.cumsum(same, axis=0) / np.arange(1, len(order) + 1)[:, None]
        found = same.sum(0)
        out[q] = (precision * same).sum(0) / np.maximum(found, 1)
    return out


def _best(matrix: Array) -> float:
    return float(matrix.max(0).mean())


def _scaled(seen: Array, unseen: Array) -> tuple[Array, Array]:
    mean, spread = seen.mean(0), seen.std(0)
    scale = np.where(spread > 0, spread, 1.0)
    return (seen - mean) / scale, (unseen - mean) / scale


def _quick(seen: Array, labels: Integers, unseen: Array, rng: np.random.Generator, task: Task) -> Integers:
    """A forest for each factor: it finds what one dimension holds as well as what many hold: `[n, K]`."""
    from sklearn.ensemble import ExtraTreesClassifier

    named: list[NDArray[np.int64]] = []
    for column in labels.T:
        task.check()
        made = ExtraTreesClassifier(
            TREES, max_features=None, min_samples_leaf=2, random_state=int(rng.integers(1 << 31))
        )
        named.append(made.fit(seen, column).predict(unseen))
    return np.stack(named, axis=1)


def _network(seen: Array, labels: Integers, unseen: Array, rng: np.random.Generator, task: Task) -> Integers:
    """A network of two hidden layers for each factor: `[n, K]`."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    named: list[NDArray[np.int64]] = []
    for column in labels.T:
        made = MLPClassifier(HIDDEN, max_iter=1, warm_start=True, random_state=int(rng.integers(1 << 31)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # one epoch at a time, to be given up between
            for _ in range(EPOCHS):
                task.check()
                made.fit(seen, column)
        named.append(made.predict(unseen))
    return np.stack(named, axis=1)
