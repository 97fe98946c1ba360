"""Oracles as files: those that are bundled, one for each labelled data set that can't be shipped itself.

An .npz of plain arrays and one of JSON text, in half precision; nothing in it is executed.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from backends.api import BadData, ModelInfo
from backends.catalog import BUNDLED
from explorer.latent.oracle import Oracle, side_of
from explorer.latent.task import Task
from explorer.model.files import write_atomically

FOLDER = BUNDLED.parent / "oracles"
ABOUT = "about"


def bundled(info: ModelInfo) -> Path | None:
    """The oracle that belongs to the data of a model, at the size in which an oracle sees its pictures."""
    words = "".join(c if c.isalnum() else " " for c in info.dataset.lower()).split()
    path = FOLDER / f"{'-'.join(words)}-{side_of(info.image_shape[0])}.npz"
    return path if words and path.is_file() else None


def write(path: Path, oracle: Oracle) -> None:
    """Keep an oracle; the file is whole or not there. Raises `BadFile` where it can't be written."""
    kept: dict[str, Any] = {name: _halved(array) for name, array in oracle.arrays.items()}
    kept[ABOUT] = np.frombuffer(json.dumps(oracle.to_json()).encode(), np.uint8)
    file = io.BytesIO()
    np.savez_compressed(file, **kept)
    write_atomically(path, file.getvalue())


def read(path: Path) -> Oracle:
    """Raises `BadData` for a file that holds no oracle."""
    try:
        with np.load(path, allow_pickle=False) as found:
            arrays = {name: _widened(found[name]) for name in found.files}
        oracle = Oracle.of(json.loads(arrays.pop(ABOUT).tobytes()), arrays)
    except (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise BadData(f"{path.name} holds no oracle.", "Make one from labelled data.") from error
    return oracle


def read_job(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """A job: the oracle of the file that option `path` names, for pictures of options `side`, `channels`."""
    task.check()
    oracle = read(Path(options["path"]))
    numbers = side_of(options["side"]) ** 2 * options["channels"]
    if oracle.arrays["mean"].shape != (numbers,):
        raise BadData("The bundled oracle knows other pictures.", "Make one from labelled data.")
    return {**oracle.arrays, "data": oracle.to_json()}


def _halved(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float16) if array.dtype.kind == "f" else array


def _widened(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32) if array.dtype.kind == "f" else array
