"""Pictures that were decoded once: kept as bytes, so that the next training begins at once. No torch.

A cache file is found by what was decoded (each file's name, size and date) and how (size and channels), so
it can't be stale. It is mapped into memory, not read: a set larger than the memory can be trained on, and two
trainings of the same data share it. A damaged file, or a folder that can't be written, only costs the time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import platformdirs

from backends.files import swap
from trainers.data.api import Images, Wish

VERSION = 1  # of how pictures are decoded; another one makes other files
FEWEST = 256  # pictures; fewer are decoded as quickly
MOST_BYTES = 8 << 30  # of all cache files; the ones not used for longest go first


def folder() -> Path:
    """Where decoded pictures lie: `LATENT_EXPLORER_CACHE`, else the user's cache folder."""
    given = os.environ.get("LATENT_EXPLORER_CACHE")
    return Path(given) if given else Path(platformdirs.user_cache_dir("latent-explorer")) / "pictures"


def cached(files: Sequence[Path], wish: Wish, decode: Callable[[Sequence[Path], Wish], Images]) -> Images:
    """What `decode` gives, images `[N, size, size, C]`, from the cache where they were decoded before."""
    if len(files) < FEWEST:
        return decode(files, wish)
    path = folder() / f"{_key(files, wish)}.npy"
    found = _mapped(path, len(files))
    if found is not None:
        return found
    images = decode(files, wish)
    with contextlib.suppress(OSError):
        _write(path, images)
    return images


def _key(files: Sequence[Path], wish: Wish) -> str:
    digest = hashlib.sha256(f"{VERSION} {wish.image_size} {wish.channels}".encode())
    for file in files:
        status = file.stat() if file.exists() else None  # one that has just gone is told of by the decoder
        stamp = f"{status.st_size}\0{status.st_mtime_ns}" if status else ""
        digest.update(f"\0{file}\0{stamp}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:40]


def _mapped(path: Path, count: int) -> Images | None:
    """The images of a file, copied only where they are written to; None when it isn't there or is damaged."""
    try:
        images = np.load(path, mmap_mode="c", allow_pickle=False)
        os.utime(path)  # used just now
    except (OSError, ValueError, EOFError):
        return None
    whole = images.dtype == np.uint8 and images.ndim == 4 and len(images) == count
    return images if whole else None


def _write(path: Path, images: Images) -> None:
    """Write beside and rename, then make room."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            np.save(file, images, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        swap(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    _make_room(path.parent, path)


def _make_room(parent: Path, kept: Path) -> None:
    """Remove the files not used for longest until all take at most `MOST_BYTES`."""
    found = sorted((p.stat().st_mtime, p.stat().st_size, p) for p in parent.glob("*.npy") if p != kept)
    total = kept.stat().st_size + sum(size for _, size, _ in found)
    for _, size, path in found:
        if total <= MOST_BYTES:
            return
        path.unlink(missing_ok=True)
        total -= size
