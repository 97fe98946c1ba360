"""Data sets as jobs: which kinds there are, and the images of one to encode. Reading may take a while."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from explorer.latent.task import Task


def kinds(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: `data["kinds"]`, one mapping for each `DataKind`."""
    from trainers.data import describe

    return {"data": {"kinds": [asdict(kind) for kind in describe()]}}


def read(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: arrays `images` `[N, size, size, C]` and, where known, `labels` and `factors` of a data set.

    Options: `spec`, `image_size`, `channels`, `count`. `data` holds `classes` and `factor_names`.
    Raises `BadData`.
    """
    from trainers.data import load

    found = load(
        options["spec"], options["image_size"], options["channels"], options["count"],
        split="all", progress=task.progress,
    )  # fmt: skip
    result: dict[str, Any] = {"images": found.images}
    if found.labels is not None:
        result["labels"] = found.labels
    if found.factors is not None:
        result["factors"] = found.factors
    return {**result, "data": {"classes": found.classes, "factor_names": found.factor_names}}
