"""Find the scores: every `Score` in a file of this folder, and those of installed packages."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points

from explorer.latent.scores.api import Score

GROUP = "latent_explorer.scores"  # entry points of third parties: each names a `Score`


@cache
def scores() -> dict[str, Score]:
    """Every score by its name, in the order in which they are shown."""
    package = importlib.import_module("explorer.latent.scores")
    found: list[Score] = []
    for module in pkgutil.iter_modules(package.__path__):
        content = vars(importlib.import_module(f"{package.__name__}.{module.name}"))
        found += [value for value in content.values() if isinstance(value, Score)]
    found += [entry.load() for entry in entry_points(group=GROUP)]
    return {one.name: one for one in sorted(found, key=lambda one: (one.order, one.name))}
