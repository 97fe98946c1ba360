"""SAP, the separated attribute predictability (Kumar et al. 2018): numpy alone, for curves and scores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from backends.information import Array, Integers

C = 0.01  # of the linear support-vector machine
STEPS, TOLERANCE = 50, 1e-7


def named_by_one(
    codes: Array, labels: Integers, test: Array, truth: Integers, check: Callable[[], object] = int
) -> NDArray[np.bool_]:
    """Whether each test row `[n, D]` is named rightly by each single dimension, learnt from codes `[N, D]`.

    `check` is called before each dimension: it may raise to give up.
    """
    classes = np.unique(labels)
    out = np.empty(test.shape, bool)
    for d in range(codes.shape[1]):
        check()
        slopes, offsets = separate(codes[:, d], labels, classes)
        out[:, d] = classes[(test[:, d, None] * slopes + offsets).argmax(1)] == truth
    return out


def separation(table: Array) -> float:
    """Mean over factors of best − second best of `[D, K]`."""
    ranked = np.sort(table, axis=0)
    return float(np.mean(ranked[-1] - (ranked[-2] if len(ranked) > 1 else 0.0)))


def separate(z: Array, labels: Integers, classes: Integers) -> tuple[Array, Array]:
    """Slope and offset of each class's one-against-rest machine on one dimension `[N]`: `[C]` each.

    The minimum of ½(w² + b²) + Σ c_i max(0, 1 − s_i (w z_i + b))², which `LinearSVC(C=0.01,
    class_weight="balanced")` approaches by coordinate descent, found by Newton's method: two numbers
    a class need no general solver.
    """
    sign = np.where(labels[:, None] == classes, 1.0, -1.0)  # [N, C]
    weight = _weights(sign)
    w, b = np.zeros(len(classes)), np.zeros(len(classes))
    loss = _loss(z, sign, weight, w, b)
    for _ in range(STEPS):
        slack = np.maximum(0, 1 - sign * (z[:, None] * w + b))
        push, inside = weight * sign * slack, weight * (slack > 0)
        gw, gb = w - 2 * (z @ push), b - 2 * push.sum(0)
        hww, hwb, hbb = 1 + 2 * (z**2 @ inside), 2 * (z @ inside), 1 + 2 * inside.sum(0)
        scale = hww * hbb - hwb**2
        dw, db = (hbb * gw - hwb * gb) / scale, (hww * gb - hwb * gw) / scale
        step = np.ones(len(classes))
        for _ in range(8):  # halve the step of those that it leads uphill
            newer = _loss(z, sign, weight, w - step * dw, b - step * db)
            if not (uphill := newer > loss + 1e-12).any():
                break
            step[uphill] /= 2
        w, b, loss = w - step * dw, b - step * db, newer
        if max(np.abs(dw).max(), np.abs(db).max()) < TOLERANCE:
            break
    return w, b


def _weights(sign: Array) -> Array:
    """Balanced as LIBLINEAR does it: of two classes both are weighted, of more only the one at hand."""
    count, classes = len(sign), sign.shape[1]
    own = count / (classes * np.maximum((sign > 0).sum(0), 1))
    others = own[::-1] if classes == 2 else np.ones(classes)
    return C * np.where(sign > 0, own, others)


def _loss(z: Array, sign: Array, weight: Array, w: Array, b: Array) -> Array:
    slack = np.maximum(0, 1 - sign * (z[:, None] * w + b))
    return 0.5 * (w**2 + b**2) + (weight * slack**2).sum(0)
