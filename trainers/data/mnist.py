"""MNIST, Fashion-MNIST and KMNIST: read where they lie, else downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backends.errors import BadData
from trainers.data.api import DataKind, Dataset, Integers, Source, Wish
from trainers.data.download import fetch
from trainers.data.idx import find_idx, read_idx
from trainers.data.places import data_folders, downloads, locate

STEMS = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


@dataclass(frozen=True)
class _Member:
    """One of the three sets. `torchvision` is its class there, and its folder's name in that layout."""

    prefix: str
    title: str
    torchvision: str
    classes: tuple[str, ...]
    licence: str
    source: str


MEMBERS = (
    _Member("mnist", "MNIST handwritten digits", "MNIST", tuple("0123456789"),
            "CC BY-SA 3.0", "LeCun, Cortes and Burges 1998, The MNIST database"),
    _Member("fashion-mnist", "Fashion-MNIST clothes", "FashionMNIST",
            ("T-shirt", "Trousers", "Pullover", "Dress", "Coat",
             "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
            "MIT", "Xiao, Rasul and Vollgraf 2017, Fashion-MNIST, Zalando SE"),
    _Member("kmnist", "KMNIST cursive Japanese", "KMNIST",
            ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
            "CC BY-SA 4.0", "Clanuwat et al. 2018, KMNIST Dataset, created by CODH"),
)  # fmt: skip


def _read(member: _Member, wish: Wish) -> Dataset:
    splits = ("train", "test") if wish.split == "all" else (wish.split,)
    folder = _folder(member, splits, wish)
    pairs = [_read_pair(folder, split) for split in splits]
    images = np.concatenate([pair[0] for pair in pairs])
    labels = np.concatenate([pair[1] for pair in pairs])
    rows = wish.rows(len(images), held_out=False)
    return Dataset(
        images=images[rows],
        labels=labels[rows],
        classes=member.classes,
        name=member.title,
        licence=member.licence,
        source=member.source,
    )


def _read_pair(folder: Path, split: str) -> tuple[np.ndarray, Integers]:
    image_path, label_path = (find_idx(folder, stem) for stem in STEMS[split])
    assert image_path is not None  # `_complete` has looked
    assert label_path is not None
    images, labels = read_idx(image_path), read_idx(label_path)
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
        raise BadData(
            f"{image_path} has shape {images.shape} and its labels {labels.shape}.",
            "They belong to different sets.",
        )
    return images[..., None], labels.astype(np.int64)


def _folder(member: _Member, splits: tuple[str, ...], wish: Wish) -> Path:
    """Where all files of these splits are, after a download if need be."""
    if wish.path:
        folder = locate(wish.path, "folder")
        if not _complete(folder, splits):
            wanted = f"{STEMS[splits[0]][0]}.gz"
            raise BadData(
                f"{folder} has no {member.title} (no {wanted}).", "Choose the folder with its four files."
            )
        return folder
    for folder in _places(member):
        if _complete(folder, splits):
            return folder
    return _download(member, wish)


def _places(member: _Member) -> list[Path]:
    names = (member.prefix, f"{member.torchvision}/raw", member.torchvision)
    return [folder / name for folder in data_folders() for name in names]


def _complete(folder: Path, splits: tuple[str, ...]) -> bool:
    return all(find_idx(folder, stem) for split in splits for stem in STEMS[split])


def _download(member: _Member, wish: Wish) -> Path:
    from torchvision import datasets  # it keeps the mirrors and checksums

    known = getattr(datasets, member.torchvision)
    folder = downloads() / member.prefix
    for index, (name, md5) in enumerate(known.resources):
        if not (folder / name).exists():
            urls = [mirror.rstrip("/") + "/" + name for mirror in known.mirrors]
            fetch(urls, folder / name, md5, wish.progress, index / 4, 1 / 4)
    return folder


def _source(member: _Member) -> Source:
    kind = DataKind(member.prefix, member.title, path="optional", downloads=True,
                    advice="It is downloaded at the first use.")  # fmt: skip
    return Source(
        kind,
        lambda wish: _read(member, wish),
        lambda: any(_complete(folder, ("train", "test")) for folder in _places(member)),
    )


SOURCES = tuple(_source(member) for member in MEMBERS)
