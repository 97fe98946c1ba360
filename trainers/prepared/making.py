"""Pictures into one data file: `prepare`, and `preview` of what it would do. No torch.

The file is a numpy archive that `npz:FILE` reads: `images`, `labels` with `classes` or `factor_names`,
`held_out`, and `origin`, the JSON of how it was made. It is written beside and renamed; a second call with
the same pictures and settings finds it and only checks it.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from backends.errors import BadData, BadSettings
from backends.files import swap
from trainers.data.api import Dataset, Images, Integers
from trainers.data.images import with_channels
from trainers.data.places import downloads
from trainers.prepared.pictures import Picture, fingerprint, pictures, refuse_missing
from trainers.prepared.report import Report
from trainers.prepared.settings import Preparation
from trainers.prepared.shaping import Bytes, copied, shaped
from trainers.prepared.tables import Table, numbered, read_table
from trainers.prepared.twins import groups

VERSION = 1  # of how pictures are prepared
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError, zlib.error)
Progress = Callable[[int, str], None]  # pictures seen, what is done; may raise to give up


@dataclass
class _Read:
    """What was read: `images` `[S, S, 1 or 3]` each, their paths, and the texts of their factors."""

    images: list[Bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    texts: list[tuple[str, ...]] = field(default_factory=list)


def prepare(
    inputs: Sequence[Path], asked: Preparation, out: Path | None = None, progress: Progress | None = None
) -> Report:
    """Make the data file of these pictures; a broken one is only told of. Raises `BadData`, `BadSettings`."""
    asked.check()
    refuse_missing(inputs)
    key = _key(inputs, asked)
    origin = {"version": VERSION, "settings": asked.to_json(), "inputs": key}
    path = out or place_for(inputs, asked)
    if path.suffix.lower() != ".npz":
        raise BadSettings(f"{path.name} has no known ending.", "Name a .npz file.")
    if (found := _made_already(path, origin)) is not None:
        return found
    report, tell = Report(path=str(path)), progress or (lambda _seen, _text: None)
    read = _read_all(inputs, asked, report, tell)
    if not read.images:
        advice = report.sentences()[-1] if report.seen else "It needs files such as .png or .jpg."
        raise BadData("No picture is left to prepare.", advice)
    images = _stacked(read.images)
    tell(report.seen, "Looking for twins")
    alike = asked.alike if asked.twins == "drop alike" else None
    group = groups(images, alike)
    rows = np.arange(len(images))
    if asked.twins != "keep":
        rows = np.flatnonzero(group == rows)
        twins = np.flatnonzero(group != np.arange(len(images)))
        report.twins = [(read.paths[row], read.paths[group[row]]) for row in twins]
    arrays = _arrays(
        images[rows], [read.texts[row] for row in rows], group[rows], _factors(asked), asked, report
    )
    tell(report.seen, "Writing")
    _write(path, arrays, origin, report)
    return report


def preview(inputs: Sequence[Path], asked: Preparation, count: int = 24) -> tuple[Images, list[str]]:
    """The first `count` pictures as they would become, `[N, S, S, C]`, and their paths. Raises `BadData`."""
    asked.check()
    refuse_missing(inputs)
    read = _Read()
    for picture in islice(pictures(inputs, asked.every), 4 * count):
        with_image = _shaped(picture, asked, Report())
        if with_image is not None:
            read.images.append(with_image)
            read.paths.append(picture.path)
        if len(read.images) == count:
            break
    if not read.images:
        raise BadData("There is no picture to show.", "Choose a folder, a .zip or a video that holds some.")
    return _stacked(read.images), read.paths


def place_for(inputs: Sequence[Path], asked: Preparation) -> Path:
    """Where a prepared file lies that nobody named a place for: another one for other settings."""
    told = json.dumps([[str(path) for path in inputs], asked.to_json()])
    name = f"{inputs[0].stem or 'pictures'}-{hashlib.sha256(told.encode()).hexdigest()[:8]}.npz"
    return downloads().parent / "prepared" / name


def _key(inputs: Sequence[Path], asked: Preparation) -> str:
    """What lies there, and in the table."""
    table = [Path(asked.table).expanduser()] if asked.labels == "table" else []
    refuse_missing([*inputs, *table])
    return fingerprint([*inputs, *table])


def _read_all(inputs: Sequence[Path], asked: Preparation, report: Report, tell: Progress) -> _Read:
    table = read_table(Path(asked.table).expanduser()) if asked.labels == "table" else None
    read = _Read()
    for picture in pictures(inputs, asked.every):
        if asked.most and len(read.images) == asked.most:
            break
        report.seen += 1
        tell(report.seen, f"Reading {picture.path}")
        texts = _texts(picture, table, asked)
        if texts is None:
            report.nameless.append(picture.path)
            continue
        if (image := _shaped(picture, asked, report)) is not None:
            read.images.append(image)
            read.paths.append(picture.path)
            read.texts.append(texts)
    return read


def _texts(picture: Picture, table: Table | None, asked: Preparation) -> tuple[str, ...] | None:
    if table is not None:
        return table.of(picture.path)
    return (picture.folders[0] if picture.folders else "",) if asked.labels == "folders" else ()


def _shaped(picture: Picture, asked: Preparation, report: Report) -> Bytes | None:
    """The image, or None and a line in the report."""
    try:
        with picture.open() as opened:
            side = min(opened.size)
            if side < max(asked.smallest, 1):
                report.small.append(picture.path)
                return None
            image = shaped(opened, asked)
    except UNREADABLE as error:
        report.broken.append((picture.path, str(error) or type(error).__name__))
        return None
    low, high = report.sides
    report.sides = (min(low or side, side), max(high, side))
    return image


def _stacked(images: list[Bytes]) -> Images:
    most = max(image.shape[-1] for image in images)
    return np.stack([with_channels(image[None], most)[0] for image in images])


def _factors(asked: Preparation) -> tuple[str, ...]:
    if asked.labels == "table":
        return read_table(Path(asked.table).expanduser()).factors
    return ("class",) if asked.labels == "folders" else ()


def _arrays(
    images: Images, texts: list[tuple[str, ...]], group: Integers, factors: tuple[str, ...],
    asked: Preparation, report: Report,
) -> dict[str, np.ndarray]:  # fmt: skip
    """What goes into the file; copies are made of training images alone."""
    rng = np.random.default_rng(asked.seed)
    held_out = _split(group, asked.held_out, rng)
    columns = [numbered([row[index] for row in texts], name) for index, name in enumerate(factors)]
    numbers = np.array([column for column, _ in columns], np.int64).T.reshape(len(images), len(factors))
    names = [values for _, values in columns]
    if asked.labels == "folders" and len(names[0]) < 2:
        numbers, names, factors = numbers[:, :0], [], ()
    learnt = np.flatnonzero(~held_out)
    extra = [copied(images[learnt], asked, rng) for _ in range(asked.copies)]
    report.kept, report.held_out = len(images), int(held_out.sum())
    report.copies = sum(len(copies) for copies in extra)
    if len(names) == 1:
        report.classes = dict(zip(names[0], np.bincount(numbers[:, 0]).tolist(), strict=True))
    arrays: dict[str, np.ndarray] = {
        "images": np.concatenate([images, *extra]),
        "held_out": np.concatenate([held_out, np.zeros(report.copies, bool)]),
    }
    every = np.concatenate([numbers, *[numbers[learnt]] * asked.copies])
    if len(factors) == 1:
        arrays |= {"labels": every[:, 0], "classes": np.array(names[0])}
    elif factors:
        arrays |= {"labels": every, "factor_names": np.array(factors)}
        arrays |= {
            f"{factor}_values": np.array(values) for factor, values in zip(factors, names, strict=True)
        }
    return arrays


def _split(group: Integers, share: float, rng: np.random.Generator) -> np.ndarray:
    """Which are held out `[N]`; a group of alike images is never torn."""
    kinds = np.unique(group)
    chosen = rng.permutation(kinds)[: round(len(kinds) * share)]
    return np.isin(group, chosen)


def _made_already(path: Path, origin: dict[str, Any]) -> Report | None:
    """The report of a file that was made of the same pictures in the same way, and is whole."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            told = json.loads(str(archive["origin"]))
            if {name: told.get(name) for name in origin} != origin:
                return None
            arrays = {name: archive[name] for name in archive.files if name != "origin"}
            report = Report.from_json(told["report"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    if checksum(arrays) != report.checksum:
        return None
    report.reused = True
    return report


def checksum(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of images, labels and split."""
    labels = arrays.get("labels")
    held_out = arrays["held_out"].astype(np.int64)
    return Dataset(arrays["images"], labels, factors=held_out[:, None]).checksum()


def _write(path: Path, arrays: dict[str, np.ndarray], origin: dict[str, Any], report: Report) -> None:
    report.checksum = checksum(arrays)
    told = json.dumps({**origin, "report": report.to_json()})
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, origin=np.array(told), **arrays)
            file.flush()
            os.fsync(file.fileno())
        swap(beside, path)
    finally:
        beside.unlink(missing_ok=True)
