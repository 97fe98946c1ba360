"""Preparing as jobs of the window: what they do is told as they go, and they can be given up. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from trainers.prepared import making
from trainers.prepared.settings import Preparation


class Told(Protocol):
    """What a job is handed (`explorer.latent.task.Task`): `progress` raises when it was cancelled."""

    def progress(self, fraction: float, text: str = "") -> None: ...


def prepare(task: Told, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Options `inputs`, `settings`, `out` (may be empty); data is the report, with its `sentences`."""
    out = Path(options["out"]) if options.get("out") else None

    def tell(seen: int, text: str) -> None:
        task.progress(seen / (seen + 500), text)  # how many there are is known at the end only

    report = making.prepare(_inputs(options), _asked(options), out, tell)
    return {"data": {**report.to_json(), "sentences": report.sentences()}}


def preview(task: Told, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Options `inputs`, `settings`, `count`; `images` `[N, S, S, C]` and data `paths`."""
    images, paths = making.preview(_inputs(options), _asked(options), int(options.get("count", 24)))
    return {"images": images, "data": {"paths": paths}}


def _inputs(options: dict[str, Any]) -> list[Path]:
    return [Path(path) for path in options["inputs"]]


def _asked(options: dict[str, Any]) -> Preparation:
    return Preparation.from_mapping(options.get("settings", {}))
