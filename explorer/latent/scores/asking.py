"""From encoded images to the question that the job `measuring:run` answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from backends.api import BadData, LatentSpace
from explorer.latent.cloud import Cloud

LABEL = "class"  # the factor of data that have labels only


def question(
    space: LatentSpace, cloud: Cloud, preset: str, seed: int
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and options for encoded data: factors where the data have some, else their labels.

    Codes are in standard deviations of the prior, as `cloud.points` are. Raises `BadData` for data
    with neither.
    """
    if cloud.attributes:
        names = list(cloud.attributes)
        factors = np.stack([np.asarray(cloud.attributes[name], np.int64) for name in names], axis=1)
    elif cloud.labels is not None:
        names, factors = [LABEL], cloud.labels[:, None].astype(np.int64)
    else:
        raise BadData(
            "These data have neither factors nor labels.", "Choose data that have: dsprites, digits."
        )
    code_names, chunks = dimensions(space)
    options = {
        "preset": preset, "seed": seed, "factor_names": names, "code_names": code_names, "chunks": chunks,
    }  # fmt: skip
    return {"codes": cloud.points, "factors": factors}, options


def dimensions(space: LatentSpace) -> tuple[list[str], dict[str, list[int]]]:
    """Names of columns that `mapping.standardised` gives, as in the latent dock, and where each part is."""
    parts = [p for p in space.parts if p.continuous and p.role == "content"] or list(space.parts)
    names: list[str] = []
    chunks = {}
    for part in parts:
        chunks[part.name] = [len(names), len(names) + part.size]
        names += [part.names[i] if i < len(part.names) else f"{part.name} {i + 1}" for i in range(part.size)]
    return names, chunks
