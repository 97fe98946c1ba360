"""The job that the Map panel asks for, and how it reads the answer; the work is in `explorer.latent.maps`."""

from __future__ import annotations

from typing import Any

import numpy as np

from explorer.latent.maps.methods import METHODS
from explorer.latent.maps.placing import Places
from explorer.latent.maps.quality import Quality
from explorer.latent.maps.units import standardised
from explorer.latent.task import Task

__all__ = ["METHODS", "Places", "Quality", "project", "quality_from", "standardised"]


def project(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: as `explorer.latent.maps.making:make`."""
    from explorer.latent.maps.making import make

    return make(task, arrays, options)


def quality_from(data: dict[str, Any]) -> Quality:
    """The quality that a job told."""
    return Quality.from_json(data)
