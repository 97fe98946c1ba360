"""Weights & Biases, by its own package: the account, project (`WANDB_PROJECT`) and mode are those it is told.

Its own files lie in the cache of the application (or `WANDB_DIR`), never in the run's folder, which holds
only under which name the run is known there.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

import platformdirs
import wandb

from trainers.loggers.api import config_of, note, noted, title_of
from trainers.runs import Run

PROJECT = "latent-explorer"


class WeightsAndBiases:
    """See `trainers.loggers.api.Logger`. Its steps only grow: those that it has are not sent again."""

    def __init__(self, run: Run) -> None:
        known = noted(run, "wandb")
        self.run, self._name = run, str(known.get("name") or uuid.uuid4().hex)
        own = Path(os.environ.get("WANDB_DIR") or platformdirs.user_cache_path("latent-explorer"))
        own.mkdir(parents=True, exist_ok=True)
        quiet = wandb.Settings(silent=True, console="off", disable_git=True, disable_code=True)
        self._there: Any = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT), id=self._name, name=title_of(run),
            config=config_of(run), dir=str(own), resume="allow", settings=quiet, reinit="create_new",
        )  # fmt: skip
        step = known.get("step")
        self.last = max(step if isinstance(step, int) else -1, int(self._there.starting_step) - 1)
        self._step = self.last

    def scalars(self, step: int, time: float, values: dict[str, float]) -> None:
        self._there.log(values, step=step)
        self._step = step

    def picture(self, step: int, time: float, path: Path) -> None:
        self._there.log({"samples": wandb.Image(str(path))}, step=step)

    def flush(self) -> None:
        note(self.run, "wandb", name=self._name, step=self._step)

    def close(self) -> None:
        self._there.finish()


def open_for(run: Run) -> WeightsAndBiases:
    return WeightsAndBiases(run)
