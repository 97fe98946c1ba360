"""What took long to work out, kept on disk: atomic, limited in size, never in the way when it can't be."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import platformdirs

from explorer.model.files import BadFile, write_atomically

VERSION = 1  # of what is kept; another one reads none of the old files
MOST_BYTES = 512 << 20  # of all files of a folder; the ones not used for longest go first


def folder(name: str) -> Path:
    """A folder of the cache: in `LATENT_EXPLORER_CACHE`, else in the user's cache folder."""
    given = os.environ.get("LATENT_EXPLORER_CACHE")
    return (Path(given) if given else Path(platformdirs.user_cache_dir("latent-explorer"))) / name


def key(array: np.ndarray, *more: object) -> str:
    """A name for what is worked out from an array and some words: a hash of bytes, kind and shape."""
    solid = np.ascontiguousarray(array)
    digest = hashlib.blake2b(f"{VERSION} {solid.dtype.str} {solid.shape} {more}".encode(), digest_size=20)
    digest.update(solid.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def load(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of a file; None when it isn't there or is damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        os.utime(path)  # used just now
    except (OSError, ValueError, EOFError, BadZipFile, KeyError):
        return None
    return arrays


def save(path: Path, arrays: dict[str, np.ndarray], most_bytes: int = MOST_BYTES) -> None:
    """Write arrays, then make room. A disk that is full or read-only is no reason to stop."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    with contextlib.suppress(OSError, BadFile):
        write_atomically(path, buffer.getvalue())
        _make_room(path.parent, most_bytes)


def _make_room(place: Path, most_bytes: int) -> None:
    files = sorted(place.glob("*.npz"), key=lambda file: file.stat().st_mtime)
    total = sum(file.stat().st_size for file in files)
    for file in files[:-1]:  # never the newest
        if total <= most_bytes:
            return
        total -= file.stat().st_size
        file.unlink(missing_ok=True)
