"""Data sets by their spec: `load("mnist", 28)`, `load("folder:~/pictures", 64)`. No torch at import."""

from trainers.data.api import DataKind, Dataset
from trainers.data.registry import describe, load

__all__ = ["DataKind", "Dataset", "describe", "load"]
