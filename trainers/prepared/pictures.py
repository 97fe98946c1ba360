"""Every picture of folders, archives, videos and single files, one after another. No torch."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath

from PIL import Image

from backends.errors import BadData
from trainers.data.folder import pictures_in
from trainers.data.images import SUFFIXES

VIDEOS = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg"})
LARGEST = 1 << 28  # bytes of one picture in an archive; a larger one is no picture


@dataclass(frozen=True)
class Picture:
    """One picture: what it is called, the folders it lies in, and how it is opened (any error of PIL)."""

    name: str
    folders: tuple[str, ...]
    open: Callable[[], Image.Image]

    @property
    def path(self) -> str:
        return "/".join((*self.folders, self.name))


def pictures(inputs: Sequence[Path], every: int = 1) -> Iterator[Picture]:
    """All pictures of the inputs in a fixed order; of a video one frame in `every`. Raises `BadData`."""
    for path in inputs:
        if path.is_dir():
            yield from _in_folder(path)
        elif path.suffix.lower() == ".zip":
            yield from _in_archive(path)
        elif path.suffix.lower() in VIDEOS:
            yield from _in_video(path, every)
        elif path.suffix.lower() in SUFFIXES:
            yield Picture(path.name, (), partial(Image.open, path))
        else:
            known = "a folder, a .zip, a video or pictures"
            raise BadData(f"{path} is nothing that holds pictures.", f"Choose {known}.")


def refuse_missing(inputs: Sequence[Path]) -> None:
    """Raise `BadData` for what isn't there."""
    if not inputs:
        raise BadData("Nothing was chosen to prepare.", "Name a folder, a .zip, a video or pictures.")
    for path in inputs:
        if not path.exists():
            raise BadData(f"There is nothing at {path}.", "Check the path.")


def fingerprint(inputs: Sequence[Path]) -> str:
    """SHA-256 of what lies there: each file's name, size and date."""
    digest = hashlib.sha256()
    for path in inputs:
        for file in pictures_in(path) if path.is_dir() else [path]:
            status = file.stat()
            stamp = f"\0{file.resolve()}\0{status.st_size}\0{status.st_mtime_ns}"
            digest.update(stamp.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _in_folder(root: Path) -> Iterator[Picture]:
    for file in pictures_in(root):
        folders = file.relative_to(root).parts[:-1]
        yield Picture(file.name, folders, partial(Image.open, file))


def _in_archive(path: Path) -> Iterator[Picture]:
    try:
        with zipfile.ZipFile(path) as archive:
            for info in sorted(archive.infolist(), key=lambda info: info.filename):
                inside = PurePosixPath(info.filename)
                hidden = any(part.startswith((".", "__MACOSX")) for part in inside.parts)
                if not info.is_dir() and not hidden and inside.suffix.lower() in SUFFIXES:
                    folders = tuple(part for part in inside.parts[:-1] if part not in ("/", ".."))
                    yield Picture(inside.name, folders, partial(_unpacked, archive, info))
    except (OSError, zipfile.BadZipFile) as error:
        raise BadData(f"{path} can't be read ({error}).", "It is damaged or no zip archive.") from error


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Image.Image:
    if info.file_size > LARGEST:
        raise ValueError(f"it would take {info.file_size / 2**20:,.0f} MB")
    if info.flag_bits & 1:
        raise ValueError("it is locked with a password")
    try:
        return Image.open(io.BytesIO(archive.read(info)))
    except zipfile.BadZipFile as error:
        raise OSError(str(error)) from error


def _in_video(path: Path, every: int) -> Iterator[Picture]:
    import av

    try:
        with av.open(str(path)) as video:
            if not video.streams.video:
                raise BadData(f"{path} has no picture track.", "Choose a video.")
            frames = enumerate(video.decode(video.streams.video[0]))
            for number, frame in islice(frames, 0, None, every):
                image = frame.to_image()
                yield Picture(f"{path.stem} {number:06d}", (path.stem,), image.copy)
    except av.FFmpegError as error:
        raise BadData(f"{path} can't be read ({error}).", "It is damaged or no video.") from error
