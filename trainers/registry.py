"""The trainers there are: each file of this package with an `INFO`, and those of other packages. No torch.

Other packages register a module with `INFO` and `build` under the entry point `latent_explorer.trainers`.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType

import trainers
from backends.errors import BadSettings
from trainers.api import TrainerInfo

GROUP = "latent_explorer.trainers"


@cache
def _modules() -> dict[str, ModuleType]:
    found = {}
    for module in pkgutil.iter_modules(trainers.__path__):
        loaded = importlib.import_module(f"trainers.{module.name}")
        if isinstance(getattr(loaded, "INFO", None), TrainerInfo):
            found[loaded.INFO.family] = loaded
    for point in entry_points(group=GROUP):
        loaded = point.load()
        found.setdefault(loaded.INFO.family, loaded)
    return dict(sorted(found.items()))


def trainers_by_family() -> dict[str, TrainerInfo]:
    """What the training form shows, by the family's name."""
    return {family: module.INFO for family, module in _modules().items()}


def trainer(family: str) -> ModuleType:
    """The module of a family's trainer: `INFO` and `build`. Raises `BadSettings` naming those there are."""
    if family not in _modules():
        raise BadSettings(
            f"There is no trainer for {family!r}.", f"The families are: {', '.join(_modules())}."
        )
    return _modules()[family]
