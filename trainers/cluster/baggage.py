"""What is sent to the cluster with a run: our package, the newest checkpoints, and data that are small.

Data that lie in one file or folder go along up to `DATA_LIMIT`; what is larger, or belongs to a kind that
finds or makes its own (`mnist`, `digits`), must be there. No torch, no Ray.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from backends.errors import BadData, BadSettings
from trainers.checkpoints import BLANK
from trainers.data.places import locate
from trainers.data.registry import find
from trainers.data.subset import joined, parted
from trainers.header import classifier_of
from trainers.runs import ROOT, Run

PACKAGE_LIMIT = 50 << 20
DATA_LIMIT = 200 << 20
PARTS = ("backends", "trainers", "assets/recipes")
SINGLE = ("assets/__init__.py",)
ENDINGS = (".py", ".toml")
NEWEST = 2  # checkpoints; with two, a damaged one is no loss


def package(asked: dict[str, Any]) -> bytes:
    """Our code as a `.zip` for Ray's `working_dir`: what training needs. Raises `BadSettings` over 50 MB."""
    paths = [path for part in PARTS for path in sorted((ROOT / part).rglob("*")) if path.suffix in ENDINGS]
    paths += [ROOT / name for name in SINGLE]
    if judge := classifier_of(asked):
        paths.append(ROOT / "assets" / "models" / f"{judge}.safetensors")
    found = [path for path in paths if path.is_file() and "__pycache__" not in path.parts]
    content = zipped((path, str(path.relative_to(ROOT))) for path in found)
    if len(content) > PACKAGE_LIMIT:
        what = f"The package has {len(content) / 1e6:.0f} MB; {PACKAGE_LIMIT / 1e6:.0f} can be sent."
        raise BadSettings(what, "Install Latent Explorer in the cluster, and say package=installed.")
    return content


def zipped(files: Iterable[tuple[Path, str]]) -> bytes:
    """A `.zip` of files under other names: the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, name in files:
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def data_of(asked: dict[str, Any]) -> tuple[str, bytes, str]:
    """The data as the run shall name them there, what is sent of them, and what is to be known of it.

    What is sent is a `.zip` that is unpacked into a data folder; empty where nothing is sent.
    """
    spec = str(asked.get("data", ""))
    plain, classes = parted(spec)
    try:
        source, text = find(plain)
        path = locate(text, "file or folder") if text and source.kind.path != "none" else None
    except BadData:  # it may be there, if not here
        return spec, b"", ""
    if path is None:
        return spec, b"", ""
    files = [path] if path.is_file() else [p for p in sorted(path.rglob("*")) if p.is_file()]
    size = sum(file.stat().st_size for file in files)
    if size > DATA_LIMIT:
        sentence = f"The data have {size / 1e6:,.0f} MB, too much to be sent"
        return spec, b"", f"{sentence}: the cluster must have them under the same path, {text}."
    content = zipped((file, str(file.relative_to(path.parent))) for file in files)
    named = f"{source.kind.prefix}:{path.name}"
    return (named if classes is None else joined(named, classes)), content, ""


def unpack(archive: Path, folder: Path) -> None:
    """Put the data that were sent into a folder. Raises `BadData` for a damaged or hostile archive."""
    try:
        with zipfile.ZipFile(archive) as file:
            for name in file.namelist():
                if name.startswith(("/", "\\")) or ".." in Path(name).parts or ":" in name:
                    raise BadData("The data that were sent name a place outside of their folder.")
            file.extractall(folder)
    except (zipfile.BadZipFile, OSError) as error:
        raise BadData(f"The data that were sent can't be unpacked: {error}.", "Start it again.") from error


def checkpoints_of(run: Run) -> list[Path]:
    """The checkpoints that it goes on from there: the newest that are whole, oldest first."""
    whole = (path for path in reversed(run.checkpoints()) if is_whole(path.read_bytes()))
    return sorted(path for _, path in zip(range(NEWEST), whole, strict=False))


def is_whole(content: bytes) -> bool:
    """Whether the checksum inside of a checkpoint (`trainers.checkpoints`) is that of its bytes."""
    try:
        size = int.from_bytes(content[:8], "little")
        noted = str(json.loads(content[8 : 8 + size])["__metadata__"]["checksum"])
    except (ValueError, KeyError, TypeError, OverflowError):
        return False
    if len(noted) != len(BLANK):
        return False
    return hashlib.sha256(content.replace(noted.encode(), BLANK.encode(), 1)).hexdigest() == noted


def environment_of(folder: Path, threads: int) -> dict[str, str]:
    """The environment of the training there: its folder of runs, its data, its threads."""
    places = [str(folder / "data"), *filter(None, [os.environ.get("LATENT_EXPLORER_DATA", "")])]
    return {
        **os.environ,
        "LATENT_EXPLORER_RUNS": str(folder),
        "LATENT_EXPLORER_DATA": os.pathsep.join(places),
        "LATENT_EXPLORER_THREADS": str(threads),
        "LATENT_EXPLORER_NICE": "0",
    }
