"""Saving pictures as a job: long animations are encoded beside the window, with progress and cancel."""

from __future__ import annotations

from typing import Any

import numpy as np

from explorer.latent.task import Task
from explorer.model import export


def save(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Save arrays `images` `[N, H, W, C]`; options are those of `export.save`, with `file` and `enlarge`."""
    images = arrays["images"]
    if options.get("enlarge", True):
        images = export.enlarged(images)
    origin = export.Origin.from_text(options["origin"]) if options.get("origin") else None
    export.save(
        options["file"], images, fps=options.get("fps", 8.0), swing=options.get("swing", False),
        origin=origin, columns=options.get("columns", 0), progress=task.progress,
    )  # fmt: skip
    return {}
