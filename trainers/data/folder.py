"""Any folder of pictures; subfolders, if there are two or more, are the classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from backends.errors import BadData
from trainers.data.api import DataKind, Dataset, Images, Source, Wish, title_of
from trainers.data.cache import cached
from trainers.data.images import SUFFIXES, open_image, with_channels
from trainers.data.places import locate


def read(wish: Wish) -> Dataset:
    """Every picture below the folder, decoded once."""
    root = locate(wish.path, "folder")
    if not root.is_dir():
        raise BadData(f"{root} is a file, not a folder.", "Choose the folder that holds the pictures.")
    files = pictures_in(root)
    if not files:
        raise BadData(
            f"{root} has no pictures.", f"It needs files such as {', '.join(sorted(SUFFIXES)[:4])}."
        )
    rows = wish.rows(len(files), held_out=True)
    labels, classes = _classes(root, files)
    return Dataset(
        images=cached([files[row] for row in rows], wish, read_all),
        labels=None if labels is None else labels[rows],
        classes=classes,
        name=title_of(root),
        licence="unknown",
        source=root.name,
    )


def pictures_in(root: Path) -> list[Path]:
    """Every picture file below `root`, hidden ones left out, in the order of their names."""
    found = (p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    return sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(root).parts))


def read_all(files: Sequence[Path], wish: Wish) -> Images:
    """The pictures as `[N, size, size, C]`: grey when all are, unless the wish says otherwise."""
    images = []
    for index, file in enumerate(files):
        image = open_image(file, wish.image_size)
        images.append(with_channels(image[None], wish.channels)[0] if wish.channels else image)
        if index % 64 == 0:
            wish.progress(index / len(files), f"Reading pictures: {index} of {len(files)}")
    most = max(image.shape[-1] for image in images)
    return np.stack([with_channels(image[None], most)[0] for image in images])


def _classes(root: Path, files: list[Path]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Labels by the first subfolder; none when pictures lie in the root or in a single subfolder."""
    parts = [file.relative_to(root).parts for file in files]
    names = sorted({part[0] for part in parts if len(part) > 1})
    if len(names) < 2 or any(len(part) == 1 for part in parts):
        return None, ()
    number = {name: index for index, name in enumerate(names)}
    return np.array([number[part[0]] for part in parts], np.int64), tuple(names)


KIND = DataKind("folder", "Folder of pictures", path="required")
SOURCES = (Source(KIND, read, lambda: True),)
