"""What `main.py bench` measures: one file a group, each with `HELP` and `measure(plan)`.

A group yields `Measurement`s. Whatever stands beside a value (the bare forward pass, a plain loop, a
peer) is measured in the same run, in turns with it, so that a busy machine slows both.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

# Files that groups share.
SHARED = (
    "bare",
    "driven",
    "first_paint",
    "load",
    "map_beside",
    "matplotlib_slider",
    "measurement",
)


def groups() -> dict[str, ModuleType]:
    """The groups of measurements, by name."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if module.name not in SHARED]
    return {name: importlib.import_module(f"{__name__}.{name}") for name in sorted(names)}


def unasked(known: dict[str, ModuleType]) -> list[str]:
    """The groups that are measured when none is named: those that take minutes, not an hour."""
    return [name for name, group in known.items() if not getattr(group, "ASKED_BY_NAME", False)]
