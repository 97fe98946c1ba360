"""Images in a numpy archive: `images`, and if there are any `labels` and `factor_names`.

A spec may name the factor that serves as label: `npz:sprites.npz#facing`. `held_out` `[N]`, true or false,
says which images are for tests; without it one in ten is.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from backends.errors import BadData
from trainers.data.api import DataKind, Dataset, Images, Integers, Source, Wish, title_of
from trainers.data.images import over_white
from trainers.data.places import locate

MOST_CLASSES = 1000


def read(wish: Wish) -> Dataset:
    """The archive's images `[N, H, W]` or `[N, H, W, 1, 3 or 4]` of bytes, alpha laid on white."""
    text, _, factor = wish.path.partition("#")
    path = locate(text, "file")
    arrays = _open(path)
    images = _images(path, arrays)
    rows = _rows(path, arrays, len(images), wish)
    factors, names = _factors(path, arrays, len(images))
    labels, classes = _labels(path, arrays, factors, names, factor)
    images = images[rows]
    return Dataset(
        images=over_white(images) if images.shape[-1] == 4 else images,
        labels=None if labels is None else labels[rows],
        classes=classes,
        name=title_of(path),
        licence="unknown",
        source=path.name,
        factors=None if factors is None else factors[rows],
        factor_names=names,
    )


def _rows(path: Path, arrays: dict[str, np.ndarray], count: int, wish: Wish) -> Integers:
    """Those of the wished split: as the file says, or as for every other set."""
    said = arrays.get("held_out")
    if said is None or wish.split == "all" or not said.any():
        return wish.rows(count, held_out=True)
    if said.dtype != bool or said.shape != (count,) or said.all():
        what = f"`held_out` in {path} is {said.dtype} of shape {said.shape}."
        raise BadData(what, f"It must be true or false, [{count}], and not true everywhere.")
    rows = np.flatnonzero(said == (wish.split == "test"))
    return rows[wish.rows(len(rows), held_out=False)]


def _open(path: Path) -> dict[str, np.ndarray]:
    """Every array but pickled ones, which could run code and are left out."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not hasattr(archive, "files"):
                raise ValueError("it holds one array, not an archive of them")
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        advice = (
            "It is damaged, cut off, or not a numpy archive: fetch or save it again (np.savez, no objects)."
        )
        raise BadData(f"{path} can't be read ({error}).", advice) from error


def _images(path: Path, arrays: dict[str, np.ndarray]) -> Images:
    if "images" not in arrays:
        listed = ", ".join(sorted(arrays)) or "nothing"
        raise BadData(
            f"{path} has no array named 'images' (it has {listed}).", "Save the images under that name."
        )
    images = arrays["images"]
    if images.dtype == bool:
        images = images.astype(np.uint8) * 255
    if images.dtype != np.uint8:
        raise BadData(f"The images in {path} are {images.dtype}, not bytes.", "Save them as uint8, 0 to 255.")
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or images.shape[-1] not in (1, 3, 4) or 0 in images.shape:
        shape = arrays["images"].shape
        raise BadData(
            f"The images in {path} have shape {shape}.", "It must be [N, H, W] or [N, H, W, 1, 3 or 4]."
        )
    return images


def _factors(
    path: Path, arrays: dict[str, np.ndarray], count: int
) -> tuple[Integers | None, tuple[str, ...]]:
    """The columns of 2-D `labels`, else every other array of whole numbers with one for each image."""
    labels = arrays.get("labels")
    if labels is None:
        columns = {
            n: a
            for n, a in arrays.items()
            if n != "held_out" and a.dtype.kind in "iub" and a.shape == (count,)
        }
        if not columns:
            return None, ()
        return np.stack([a.astype(np.int64) for a in columns.values()], axis=1), tuple(columns)
    if labels.dtype.kind not in "iub" or labels.ndim not in (1, 2) or len(labels) != count:
        what = f"The labels in {path} are {labels.dtype} of shape {labels.shape}."
        raise BadData(what, f"They must be whole numbers, [{count}] or [{count}, factors].")
    if labels.ndim == 1:
        return None, ()
    names = tuple(str(name) for name in arrays.get("factor_names", ()))
    if len(names) != labels.shape[1]:
        names = tuple(f"factor {index + 1}" for index in range(labels.shape[1]))
    return labels.astype(np.int64), names


def _labels(
    path: Path, arrays: dict[str, np.ndarray], factors: Integers | None, names: tuple[str, ...], wanted: str
) -> tuple[Integers | None, tuple[str, ...]]:
    """1-D `labels`, the wanted factor, or the only factor if its values repeat."""
    if wanted:
        if wanted not in names:
            raise BadData(f"{path} has no factor {wanted!r}.", f"It has: {', '.join(names) or 'none'}.")
        assert factors is not None
        return _numbered(path, factors[:, names.index(wanted)], arrays.get(f"{wanted}_values"))
    if factors is None:
        labels = arrays.get("labels")
        return (
            (None, ()) if labels is None else _numbered(path, labels.astype(np.int64), arrays.get("classes"))
        )
    if len(names) == 1 and len(np.unique(factors)) <= min(MOST_CLASSES, len(factors) // 2):
        return _numbered(path, factors[:, 0], None)
    return None, ()


def _numbered(path: Path, values: Integers, names: Any) -> tuple[Integers, tuple[str, ...]]:
    """Values as 0, 1, 2, … with the names of the classes. Raises `BadData` where one has no name."""
    if names is not None and names.ndim == 1:
        odd = np.flatnonzero((values < 0) | (values >= len(names)))
        if len(odd):
            named = f"the label {values[odd[0]]}, but there are {len(names)} classes"
            what = f"Image {odd[0]} of {path} has {named}."
            raise BadData(what, "Labels count from 0: mend it, or leave out the names of the classes.")
        return values, tuple(str(name) for name in names)
    kept, numbered = np.unique(values, return_inverse=True)
    return numbered.astype(np.int64), tuple(str(value) for value in kept)


KIND = DataKind("npz", "Numpy archive (.npz)", path="required")
SOURCES = (Source(KIND, read, lambda: True),)
