"""The families of models: found in `backends/families` and among installed packages.

A package adds a family with an entry point of the group `latent_explorer.families` that names a
`Family`. A package whose family fails to import is left out with a warning; it doesn't stop the others.
"""

from __future__ import annotations

import difflib
import importlib
import logging
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from backends import families as builtin
from backends.errors import BadSettings
from backends.model import Model

GROUP = "latent_explorer.families"
log = logging.getLogger(__name__)

# What a configuration may ask for, by key: choices, or the lowest and highest number. A file from
# a stranger can't make us build a network of a billion features. These keys mean the same in every
# family; a family says what its own keys may be in its `choices` and `ranges`.
CHOICES: dict[str, tuple[Any, ...]] = {
    "body": ("mlp", "conv"),
    "channels": (1, 3),
    "image_size": (16, 28, 32, 64),
    "likelihood": ("bernoulli", "gaussian"),
    "prior": ("gaussian", "sphere"),
    "upsample": ("transposed", "nearest"),
}
RANGES: dict[str, tuple[int, int]] = {
    "classes": (2, 1000),
    "depth": (0, 4),
    "embedding": (1, 1024),
    "features": (2, 2048),
    "latent": (1, 1024),
    "width": (4, 512),
}


@dataclass(frozen=True)
class Family:
    """A kind of model: `defaults` is its whole configuration, `make` builds the network from one.

    `choices` and `ranges` (lowest, highest) bound the keys that only this family has.
    """

    name: str
    title: str
    description: str
    defaults: Mapping[str, Any]
    make: Callable[[dict[str, Any]], Model]
    choices: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def build(self, config: Mapping[str, Any]) -> Model:
        """A new network with `config` over the defaults. Raises `BadSettings` for what can't be."""
        for key, value in config.items():
            self._check(key, value)
        return self.make({**self.defaults, **config})

    def _check(self, key: str, value: Any) -> None:
        if key not in self.defaults:
            known = ", ".join(sorted(self.defaults))
            raise BadSettings(f"{self.title} has no setting {key!r}.", f"It has: {known}.")
        wanted = type(self.defaults[key])
        if type(value) is not wanted:
            raise BadSettings(f"{key} must be a {wanted.__name__}, not {value!r}.")
        choices, ranges = {**CHOICES, **self.choices}, {**RANGES, **self.ranges}
        if key in choices and value not in choices[key]:
            raise BadSettings(f"{key} is {value!r}.", f"Choose one of: {', '.join(map(str, choices[key]))}.")
        if key in ranges and not ranges[key][0] <= value <= ranges[key][1]:
            low, high = ranges[key]
            raise BadSettings(f"{key} is {value}.", f"It must be between {low} and {high}.")


@cache
def families() -> dict[str, Family]:
    """All families by name, ours first."""
    found: dict[str, Family] = {}
    for module in pkgutil.iter_modules(builtin.__path__):
        loaded = importlib.import_module(f"{builtin.__name__}.{module.name}")
        found[loaded.FAMILY.name] = loaded.FAMILY
    for point in entry_points(group=GROUP):
        try:
            found.setdefault(point.name, point.load())
        except Exception:  # boundary: somebody else's package
            log.warning("The family %r of %s can't be loaded.", point.name, point.value, exc_info=True)
    return found


def family(name: str) -> Family:
    """The family of that name. Raises `BadSettings` naming the nearest ones."""
    known = families()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=3) or sorted(known)
    raise BadSettings(f"There is no family of models named {name!r}.", f"Did you mean: {', '.join(near)}?")
