"""CelebA, aligned faces with 40 attributes: read where it lies, else downloaded by torchvision."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from backends.errors import BadData
from trainers.data.api import DataKind, Dataset, Integers, Source, Wish
from trainers.data.cache import cached
from trainers.data.folder import read_all
from trainers.data.places import data_folders, downloads, locate

FACES, ATTRIBUTES, PARTITION = "img_align_celeba", "list_attr_celeba.txt", "list_eval_partition.txt"
CODE = {"train": (0,), "test": (2,), "all": (0, 1, 2)}
ADVICE = f"Put {FACES}/, {ATTRIBUTES} and {PARTITION} into a folder and use celeba:FOLDER."


def read(wish: Wish) -> Dataset:
    """Aligned faces, cut to the middle square; the attributes are factors of 0 or 1."""
    folder = _folder(wish)
    names, attributes, factors = _table(folder / ATTRIBUTES)
    split = _partition(folder / PARTITION, names)
    kept = np.flatnonzero(np.isin(split, CODE[wish.split]))
    rows = kept[wish.rows(len(kept), held_out=False)]
    return Dataset(
        images=cached([folder / FACES / names[row] for row in rows], wish, read_all),
        name="CelebA",
        licence="non-commercial research only",
        source="Liu et al. 2015, Deep Learning Face Attributes in the Wild",
        factors=factors[rows],
        factor_names=attributes,
    )


def _table(path: Path) -> tuple[list[str], tuple[str, ...], Integers]:
    """File names, attribute names and `[N, 40]` of 0 and 1, from the list that comes with CelebA."""
    try:
        lines = path.read_text("utf-8").splitlines()
        count, attributes = int(lines[0]), tuple(lines[1].split())
        rows = [line.split() for line in lines[2 : 2 + count]]
        values = np.array([row[1:] for row in rows], np.int64)
        if values.shape != (count, len(attributes)):
            raise ValueError(f"{len(rows)} of {count} lines")
    except (OSError, ValueError, IndexError) as error:
        raise BadData(f"{path} can't be read ({error}).", ADVICE) from error
    return [row[0] for row in rows], attributes, (values > 0).astype(np.int64)


def _partition(path: Path, names: list[str]) -> Integers:
    """0 train, 1 validation, 2 test, for each name."""
    try:
        table = dict(line.split() for line in path.read_text("utf-8").splitlines() if line.strip())
        return np.array([int(table[name]) for name in names], np.int64)
    except (OSError, ValueError, KeyError) as error:
        raise BadData(f"{path} can't be read ({error}).", ADVICE) from error


def _folder(wish: Wish) -> Path:
    if wish.path:
        folder = locate(wish.path, "folder")
        if not _complete(folder):
            raise BadData(f"{folder} has no CelebA.", ADVICE)
        return folder
    return _present() or _download(wish)


def _complete(folder: Path) -> bool:
    return (folder / FACES).is_dir() and all((folder / name).is_file() for name in (ATTRIBUTES, PARTITION))


def _present() -> Path | None:
    places = (folder / name for folder in data_folders() for name in ("celeba", "CelebA"))
    return next((place for place in places if _complete(place)), None)


def _download(wish: Wish) -> Path:
    from torchvision.datasets import CelebA

    wish.progress(0.0, "Downloading CelebA (1.4 GB; Google Drive tells no progress)")
    try:
        CelebA(str(downloads()), download=True)
    # torchvision raises RuntimeError for a refused or broken download, ImportError without gdown
    except (OSError, RuntimeError, ValueError, ImportError) as error:
        raise BadData(f"CelebA could not be downloaded ({str(error).splitlines()[0]}).", ADVICE) from error
    return downloads() / "celeba"


KIND = DataKind("celeba", "CelebA faces", path="optional", has_labels=False, downloads=True,
                advice="It is downloaded at the first use (1.4 GB), or read from a folder.")  # fmt: skip
SOURCES = (Source(KIND, read, lambda: _present() is not None),)
