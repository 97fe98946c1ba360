"""The trainers there are: each file of this package with an `INFO`, and those of other packages. No torch.

Other packages register a module with `INFO` and `build` under the entry point `latent_explorer.trainers`. The
presets of `trainers.presets` stand beside them under names of their own; a preset named like a trainer is
what that name gives.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any

import trainers
from backends.errors import BadSettings
from trainers.api import TrainerInfo
from trainers.presets import PRESETS

GROUP = "latent_explorer.trainers"


@dataclass(frozen=True)
class Trainer:
    """How a name trains: `INFO.family` is the family of its models, `build` makes a learner."""

    INFO: TrainerInfo
    build: Callable[..., Any]


@cache
def _trainers() -> dict[str, Trainer]:
    modules = [importlib.import_module(f"trainers.{m.name}") for m in pkgutil.iter_modules(trainers.__path__)]
    modules += [point.load() for point in entry_points(group=GROUP)]
    found: dict[str, Trainer] = {}
    for module in modules:
        if isinstance(info := getattr(module, "INFO", None), TrainerInfo):
            found.setdefault(info.name or info.family, Trainer(info, module.build))
    by_name = dict(found)
    for preset in PRESETS:
        base = found[preset.trainer]
        by_name[preset.name] = Trainer(preset.info(base.INFO), base.build)
    return dict(sorted(by_name.items()))


def trainers_by_family() -> dict[str, TrainerInfo]:
    """What the training form shows, by the name of the family or preset."""
    return {name: found.INFO for name, found in _trainers().items()}


def trainer(name: str) -> Trainer:
    """The trainer of a family or preset. Raises `BadSettings` naming those there are."""
    if name not in _trainers():
        raise BadSettings(
            f"There is no trainer for {name!r}.", f"The families are: {', '.join(_trainers())}."
        )
    return _trainers()[name]
