"""Model files on the far side of a line, found by the SHA-256 of their bytes or received once. No torch."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from platformdirs import user_cache_path

from backends import catalog
from backends.errors import BadModel, BadRequest
from backends.native import SUFFIX

KEPT = 4 << 30  # bytes of received models; those not used for longest go first
PART = ".part"
LETTERS = frozenset("0123456789abcdef")


def checksum(path: str | Path) -> str:
    """The SHA-256 of a file's bytes. Raises `BadModel` where it can't be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadModel(f"{path} can't be read: {error.strerror or error}.", "Check the name.") from None


def received_folder() -> Path:
    """Where received models lie: in `LATENT_EXPLORER_CACHE`, else the user's cache folder."""
    given = os.environ.get("LATENT_EXPLORER_CACHE")
    return (Path(given) if given else user_cache_path(catalog.APPLICATION)) / "received"


class Store:
    """Files by checksum: this machine's own models, and those received."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or received_folder()
        self._paths: dict[str, Path] = {}
        self._checksums: dict[tuple[str, int, int], str] = {}

    def find(self, key: str, size: int) -> Path | None:
        """The file of a checksum and a number of bytes, None where there is none."""
        received = self._received(key)
        if received.is_file():
            self._paths[key] = received
            os.utime(received)  # it is in use, so it isn't the next to go
            return received
        for info in catalog.scan().models:
            path = Path(info.path)
            if path.stat().st_size == size and self._checksum(path) == key:
                self._paths[key] = path
                return path
        return None

    def path(self, key: str) -> str:
        """The file of a checksum that was found or received. Raises `BadModel`."""
        path = self._paths.get(key)
        if path is None or not path.is_file():
            raise BadModel("The model has gone from the other machine.", "Choose it again to copy it again.")
        return str(path)

    def key(self, path: str) -> str:
        """The checksum by which a file is asked for; the path itself where it wasn't."""
        return next((key for key, known in self._paths.items() if str(known) == path), path)

    def begun(self, key: str) -> int:
        """Bytes that have come of a file so far."""
        part = self._part(key)
        return part.stat().st_size if part.is_file() else 0

    def receive(self, key: str, at: int, content: NDArray[Any], size: int) -> bool:
        """Take the bytes of a file that begin at `at`; whether it is whole. Raises `BadRequest`, `BadModel`.

        The file appears under its name only when all its bytes are there and their checksum is right.
        """
        part = self._part(key)
        if at != self.begun(key):
            raise BadRequest("The copy of a model came out of order.", "Choose the model again.")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with part.open("ab") as file:
                file.write(content.tobytes())
        except OSError as error:
            what = f"The other machine can't keep the model: {error.strerror or error}."
            raise BadModel(what, "Make room there.") from None
        if part.stat().st_size < size:
            return False
        self._finish(part, key)
        return True

    def _finish(self, part: Path, key: str) -> None:
        if checksum(part) != key:
            part.unlink()
            raise BadModel(
                "The model came damaged to the other machine.", "Choose it again to copy it again."
            )
        self._make_room(part.stat().st_size)
        part.replace(self._received(key))
        self._paths[key] = self._received(key)

    def _make_room(self, size: int) -> None:
        files = [(path.stat().st_mtime, path) for path in self.folder.glob(f"*{SUFFIX}")]
        total = size + sum(path.stat().st_size for _, path in files)
        for _, path in sorted(files):
            if total > KEPT:
                total -= path.stat().st_size
                with contextlib.suppress(OSError):
                    path.unlink()

    def _received(self, key: str) -> Path:
        if len(key) != 64 or not LETTERS.issuperset(key):
            raise BadRequest(f"{key[:80]!r} is not the checksum of a model.")
        return self.folder / f"{key}{SUFFIX}"

    def _part(self, key: str) -> Path:
        return self._received(key).with_suffix(PART)

    def _checksum(self, path: Path) -> str:
        state = path.stat()
        known = (str(path), state.st_mtime_ns, state.st_size)
        if known not in self._checksums:
            self._checksums[known] = checksum(path)
        return self._checksums[known]
