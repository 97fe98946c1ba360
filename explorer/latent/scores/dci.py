"""DCI: disentanglement, completeness, informativeness (Eastwood and Williams 2018)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from explorer.latent.scores.api import (
    Array,
    Effort,
    Figure,
    Integers,
    Result,
    Sample,
    Share,
    resampled,
    score,
)
from explorer.latent.task import Task

TINY = 1e-11  # added to every share, as in the study
TREES = 8  # of the quick forest


@score(
    "dci",
    Figure("disentanglement", "DCI disentanglement", "Whether each dimension matters for one factor only, by "
           "the importances of a tree classifier."),
    Figure("completeness", "DCI completeness", "Whether each factor is held by one dimension only; copies of "
           "a dimension lower it."),
    Figure("informativeness", "DCI informativeness", "Test accuracy (not error) of predicting the factors "
           "from all dimensions; it knows nothing of disentanglement."),
    matrix="Importance of the dimension for the factor", least_factors=2, cost=4, order=20,
)  # fmt: skip
def dci(sample: Sample, effort: Effort, rng: np.random.Generator, task: Task) -> Result:
    """Gradient boosting as in the study (full), a forest of eight trees (fast)."""
    train, test = sample.split(*effort.fit, rng)
    count = sample.factors.shape[1]
    importance, hits = np.zeros((sample.codes.shape[1], count)), []
    for k in range(count):
        share = Share(task, k / count, 1 / count, "")
        importance[:, k], right = _fitted(train, test, k, effort, int(rng.integers(1 << 31)), share)
        hits.append(right)
    correct = np.stack(hits, axis=1)
    values = {
        "disentanglement": disentanglement(importance),
        "completeness": completeness(importance),
        "informativeness": float(correct.mean()),
    }
    spread = {"informativeness": resampled(correct, rng, effort.bootstraps).mean(1)}
    note = "" if effort.published else "By a forest of eight trees; full takes gradient boosting."
    return Result(values, importance, spread, note)


def disentanglement(importance: Array) -> float:
    """Mean over dimensions of 1 − H_K(importances), weighted by their sums, of `[D, K]`."""
    return _concentration(importance)


def completeness(importance: Array) -> float:
    """Mean over factors of 1 − H_D(importances), weighted by their sums, of `[D, K]`."""
    return _concentration(importance.T)


def _concentration(table: Array) -> float:
    """1 − entropy of each row to the base of its length, weighted by the sums of rows."""
    if table.shape[1] < 2:
        return float("nan")
    total = table.sum()
    weights = table.sum(1) / total if total > 0 else np.full(len(table), 1 / len(table))
    shares = (table + TINY) / (table + TINY).sum(1, keepdims=True)
    entropy = -(shares * np.log(shares)).sum(1) / np.log(table.shape[1])
    return float((weights * (1 - entropy)).sum())


def _fitted(
    train: Sample, test: Sample, k: int, effort: Effort, seed: int, task: Task
) -> tuple[Array, NDArray[np.bool_]]:
    """Importances `[D]` for factor k, and whether each test row is named rightly."""
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

    labels: Integers = train.factors[:, k]
    task.progress(0.0)
    if len(np.unique(labels)) < 2:
        return np.zeros(train.codes.shape[1]), test.factors[:, k] == labels[0]
    if effort.published:
        made = GradientBoostingClassifier(random_state=seed)
        made.fit(train.codes, labels, monitor=lambda step, *_: task.progress(step / made.n_estimators))
    else:
        made = RandomForestClassifier(TREES, max_features=None, random_state=seed).fit(train.codes, labels)
    return np.abs(made.feature_importances_), made.predict(test.codes) == test.factors[:, k]
