"""CIFAR-10: the binary files (downloaded) or the older Python ones, where they lie."""

from __future__ import annotations

import codecs
import io
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from backends.errors import BadData
from trainers.data.api import DataKind, Dataset, Images, Integers, Source, Wish
from trainers.data.download import fetch
from trainers.data.places import data_folders, downloads, locate

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
BINARY, PYTHON = "cifar-10-batches-bin", "cifar-10-batches-py"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
RECORD = 1 + 3 * 32 * 32
ADVICE = "The file is damaged or its download was cut off: delete it and fetch it again."
BROKEN = (OSError, EOFError, KeyError, ValueError, TypeError, AttributeError, pickle.UnpicklingError)
ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],  # type: ignore[dict-item]
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): codecs.encode,  # how Python 3 writes bytes for older readers
}
BATCHES = {"train": tuple(f"data_batch_{n}" for n in range(1, 6)), "test": ("test_batch",)}


def read(wish: Wish) -> Dataset:
    """32 x 32 colour images of ten classes."""
    folder = _folder(wish)
    splits = ("train", "test") if wish.split == "all" else (wish.split,)
    names = [name for split in splits for name in BATCHES[split]]
    reader = _read_binary if (folder / "test_batch.bin").exists() else _read_python
    batches = [reader(folder, name) for name in names]
    images = np.concatenate([batch[0] for batch in batches])
    labels = np.concatenate([batch[1] for batch in batches])
    rows = wish.rows(len(images), held_out=False)
    return Dataset(
        images=images[rows],
        labels=labels[rows],
        classes=CLASSES,
        name="CIFAR-10",
        licence="no formal licence; free for research",
        source="Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images",
    )


def _read_binary(folder: Path, name: str) -> tuple[Images, Integers]:
    path = folder / f"{name}.bin"
    raw = np.fromfile(path, np.uint8)
    if not len(raw) or len(raw) % RECORD:
        raise BadData(f"{path} has {len(raw)} bytes, which is no whole number of images.", ADVICE)
    records = raw.reshape(-1, RECORD)
    return _upright(records[:, 1:]), _checked(path, records[:, 0].astype(np.int64))


def _read_python(folder: Path, name: str) -> tuple[Images, Integers]:
    path = folder / name
    try:
        batch = _Closed(io.BytesIO(path.read_bytes()), encoding="bytes").load()
        pixels = np.asarray(batch[b"data"], np.uint8).reshape(-1, RECORD - 1)
        labels = np.asarray(batch[b"labels"], np.int64)
        if len(labels) != len(pixels):
            raise ValueError("labels and images differ in number")
    except BROKEN as error:
        raise BadData(f"{path} can't be read ({error}).", ADVICE) from error
    return _upright(pixels), _checked(path, labels)


class _Closed(pickle.Unpickler):
    """Reads arrays and nothing that could run code."""

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        known = ALLOWED.get((module.replace("numpy._core", "numpy.core"), name))
        if known is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return known


def _upright(pixels: Images) -> Images:
    return np.ascontiguousarray(pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))


def _checked(path: Path, labels: Integers) -> Integers:
    if labels.min() < 0 or labels.max() >= len(CLASSES):
        raise BadData(f"{path} has labels beyond {len(CLASSES) - 1}.", ADVICE)
    return labels


def _folder(wish: Wish) -> Path:
    if wish.path:
        folder = _inside(locate(wish.path, "folder"))
        if folder is None:
            raise BadData(f"{wish.path} has no CIFAR-10.", f"Choose the folder that holds {BINARY}.")
        return folder
    return _present() or _download(wish)


def _inside(folder: Path) -> Path | None:
    """The folder with all batches: this one or one in it."""
    names = [name for split in BATCHES.values() for name in split]
    for place in (folder, folder / BINARY, folder / PYTHON):
        for suffix in (".bin", ""):
            if all((place / f"{name}{suffix}").is_file() for name in names):
                return place
    return None


def _present() -> Path | None:
    places = [folder / name for folder in data_folders() for name in ("", "cifar10", "cifar-10", "CIFAR10")]
    return next((found for place in places if (found := _inside(place))), None)


def _download(wish: Wish) -> Path:
    archive = downloads() / "cifar10" / "cifar-10-binary.tar.gz"
    fetch([URL], archive, MD5, wish.progress)
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(archive.parent, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BadData(f"{archive} can't be unpacked ({error}).", ADVICE) from error
    finally:
        archive.unlink(missing_ok=True)
    return archive.parent / BINARY


KIND = DataKind("cifar10", "CIFAR-10 photographs", path="optional", downloads=True,
                advice="It is downloaded at the first use (162 MB).")  # fmt: skip
SOURCES = (Source(KIND, read, lambda: _present() is not None),)
