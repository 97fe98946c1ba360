"""What a worker of a pool does: holds a model and data, and encodes rows. Imports torch when it is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainers import data


class Encoder:
    """A model and the images it encodes. Raises `BadModel`, `BadData`."""

    def __init__(self, model: str, spec: str, split: str, limit: int) -> None:
        from backends.loaded import Shelf
        from backends.native import read_info

        self.info = read_info(Path(model))
        height, _, channels = self.info.image_shape
        self.data = data.load(spec, height, channels, limit, split)
        self.loaded = Shelf("auto").take(model)

    def facts(self) -> tuple[dict[str, Any], bytes]:
        """How many rows, checksums of model and data, classes; the labels int64 `[N]`."""
        labels = self.data.labels
        told = {"count": len(self.data), "data": self.data.checksum(), "model": self.info.checksum,
                "classes": list(self.data.classes), "labelled": labels is not None}  # fmt: skip
        return told, b"" if labels is None else labels.astype("<i8").tobytes()

    def encode(self, start: int, stop: int) -> NDArray[np.float32]:
        """The codes `[stop - start, D]` of some rows."""
        return np.asarray(self.loaded.encode(self.data.images[start:stop])[0], np.float32)
