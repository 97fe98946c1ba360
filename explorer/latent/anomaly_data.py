"""What is normal and what is not: images of both, and what principal components make of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.errors import BadData
from explorer.latent.task import Task

MOST_COMPONENTS = 64
SEEN = 2000  # training images of the normal classes whose components are compared with


def read(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: images [N, H, W, C] of both sides, `anomalous` [N], `groups` [N] and `baseline` [N].

    Options `spec`, `normal` (classes as `trainers.data.subset` reads them; all when empty), `against` (data
    whose images are the anomalies; else those of the other classes), `image_size`, `channels`, `count` (of
    each side, 0: all), `size` (numbers in a code). `data["names"]` are those of the groups: the classes,
    then those of `against`. Raises `BadData`.
    """
    from trainers.data import load
    from trainers.data.subset import chosen, joined, limited, parted

    plain, wish = parted(str(options["spec"]))
    wish = str(options.get("normal", "")).strip() or wish or ""
    size, channels, count = int(options["image_size"]), int(options["channels"]), int(options["count"])
    whole = load(plain, size, channels, split="test", progress=task.progress)
    if whole.labels is None and wish:
        raise BadData(f"{plain} has no labels.", "Name other data as anomalies, and no classes.")
    labels = np.zeros(len(whole), np.int64) if whole.labels is None else whole.labels
    inside = np.isin(labels, chosen(whole.classes, wish)) if wish else np.ones(len(whole), bool)
    names = [*whole.classes] or [whole.name]
    shift, normal = 0, limited(whole.take(np.flatnonzero(inside)), count)
    task.progress(0.4, "Reading the anomalies")
    if against := str(options.get("against", "")).strip():
        other = load(against, size, channels, limit=count, split="test", progress=task.progress)
        shift = len(names)
        names += [*other.classes] or [other.name]
    else:
        other = limited(whole.take(np.flatnonzero(~inside)), count)
    if not len(normal) or not len(other):
        raise BadData(
            f"All classes of {plain} are taken for normal, so nothing is left to be found.",
            "Name the normal classes (0-4), or other data as anomalies.",
        )
    groups = [_groups(normal.labels, len(normal)), _groups(other.labels, len(other)) + shift]
    images = np.concatenate([normal.images, other.images])
    task.progress(0.7, "Principal components")
    seen = load(joined(plain, wish), size, channels, limit=SEEN).images
    return {
        "images": images, "anomalous": np.repeat([False, True], [len(normal), len(other)]),
        "groups": np.concatenate(groups), "data": {"names": names},
        "baseline": linear_errors(seen, images, min(int(options["size"]), MOST_COMPONENTS)),
    }  # fmt: skip


def linear_errors(seen: np.ndarray, images: np.ndarray, count: int) -> NDArray[np.float32]:
    """Mean squared error of images in [0, 1] rebuilt from principal components of those `seen`: [N].

    The best that a linear autoencoder of `count` numbers can do (Baldi and Hornik 1989).
    """
    from sklearn.utils.extmath import randomized_svd

    known, asked = (part.reshape(len(part), -1) / np.float32(255) for part in (seen, images))
    mean = known.mean(0)
    count = max(1, min(count, *known.shape))
    _, _, axes = randomized_svd(known - mean, count, n_iter=4, random_state=0)
    away = asked - mean
    left = (away**2).sum(1) - ((away @ axes.T) ** 2).sum(1)
    return np.maximum(left / known.shape[1], 0).astype(np.float32)


def _groups(labels: np.ndarray | None, count: int) -> NDArray[np.int64]:
    return np.zeros(count, np.int64) if labels is None else labels
