"""What the writers of other programs' logs have in common. No torch."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Protocol

from trainers.files import read_json, write_json
from trainers.runs import Run

NAMES = {"tensorboard": "TensorBoard", "wandb": "Weights & Biases", "mlflow": "MLflow"}
EXTRAS = {"tensorboard": "logs", "wandb": "wandb", "mlflow": "mlflow"}  # what `pip install` calls them
NOTED = "loggers.json"  # under which names a run is known elsewhere: never an address or a key
SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW", re.IGNORECASE)
SHORTEST = 6  # characters of a secret; less would black out plain words


class Logger(Protocol):
    """Takes what a run measures, in order of steps. May raise anything: `beside` looks after that.

    `last` is the newest step that it has from an earlier start, -1 for none: nothing up to it comes again.
    `time` is in seconds since 1970 by the run's own clock: when it was made, and the seconds trained since.
    """

    last: int

    def scalars(self, step: int, time: float, values: dict[str, float]) -> None: ...

    def picture(self, step: int, time: float, path: Path) -> None:
        """A sample grid, as a PNG file."""

    def flush(self) -> None:
        """All that has come so far shall be seen."""

    def close(self) -> None: ...


def config_of(run: Run) -> dict[str, Any]:
    """What the run was asked for, without where its data lie on this machine."""
    asked = run.asked()
    prefix, _, path = str(asked.get("data", "")).partition(":")
    data = f"{prefix}:{Path(path).name}" if path else prefix
    return {"family": asked.get("family", ""), "data": data, **asked.get("settings", {})}


def title_of(run: Run) -> str:
    return str(run.asked().get("name") or run.name)


def noted(run: Run, logger: str) -> dict[str, Any]:
    """What a logger has noted of this run."""
    found = read_json(run.folder / NOTED).get(logger)
    return found if isinstance(found, dict) else {}


def note(run: Run, logger: str, **facts: Any) -> None:
    """Note for the next start under which name the run is known there."""
    path = run.folder / NOTED
    write_json(path, {**read_json(path), logger: facts})


def without_secrets(text: str) -> str:
    """Words for a run's folder, without passwords in addresses and what the environment keeps secret."""
    text = re.sub(r"//[^/@\s]+@", "//…@", text)
    for name, value in os.environ.items():
        if SECRET.search(name) and len(value) >= SHORTEST:
            text = text.replace(value, "…")
    return text
