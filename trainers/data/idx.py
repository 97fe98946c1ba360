"""The IDX format of MNIST and its kin: big-endian header, then bytes, often gzipped."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backends.errors import BadData

ADVICE = "The file is damaged or its download was cut off: delete it and fetch it again."


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array in an IDX file of bytes (`.gz` or plain). Raises `BadData` for a damaged one."""
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise BadData(f"{path} can't be read ({error}).", ADVICE) from error
    if len(raw) < 4 or raw[:3] != b"\0\0\x08":
        raise BadData(f"{path} is not an IDX file of bytes.", ADVICE)
    shape = tuple(int(n) for n in np.frombuffer(raw, ">u4", raw[3], 4)) if len(raw) >= 4 + 4 * raw[3] else ()
    start = 4 + 4 * raw[3]
    if not shape or len(raw) - start != math.prod(shape):
        raise BadData(f"{path} has {len(raw)} bytes, which is not what its header says ({shape}).", ADVICE)
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


def find_idx(folder: Path, stem: str) -> Path | None:
    """The IDX file of a stem such as `train-images-idx3-ubyte`, gzipped or not, in a folder."""
    for name in (f"{stem}.gz", stem, stem.replace("-idx", ".idx"), f"{stem.replace('-idx', '.idx')}.gz"):
        if (folder / name).is_file():
            return folder / name
    return None
