"""Modules that are imported when they are first used, so that the window can read settings without torch.

Not `lazy_loader`: that puts a placeholder into `sys.modules`, and libraries that look there for torch
(scikit-learn does) would import it.
"""

from __future__ import annotations

import importlib
from typing import Any


class Lazy:
    """Stands for a module until one of its attributes is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(importlib.import_module(self._name), attribute)
        setattr(self, attribute, found)
        return found
