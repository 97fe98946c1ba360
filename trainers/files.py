"""Small files that survive their writer: replaced whole, or appended line by line. No torch."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backends.files import swap

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})  # what a full disk and a used-up quota answer


def write_json(path: Path, data: dict[str, Any], *, lasting: bool = False) -> None:
    """Replace a JSON file whole; a `lasting` one is on the disk when this returns, should the power fail."""
    replace_file(path, json.dumps(data, indent=1).encode(), lasting=lasting)


def replace_file(path: Path, content: bytes, *, lasting: bool = False) -> None:
    """Write beside and rename, so that a reader sees the old file or the new one, never a part."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        swap(beside, path)
    except OSError:
        beside.unlink(missing_ok=True)  # on a full disk a part would take the little room there is
        raise


def read_json(path: Path) -> dict[str, Any]:
    """What a JSON file holds; empty when it isn't there, is damaged or is no object."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def append_line(path: Path, line: dict[str, Any]) -> None:
    """Add one line; the half line of a writer that was killed is ended first, so that it spoils no other."""
    with path.open("ab+") as file:
        text = (json.dumps(line) + "\n").encode()
        if file.tell():
            file.seek(-1, os.SEEK_END)
            text = text if file.read(1) == b"\n" else b"\n" + text
        file.write(text)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a file that may still grow."""
    with contextlib.suppress(OSError):
        yield from parsed_lines(path.read_bytes())


def parsed_lines(content: bytes) -> Iterator[dict[str, Any]]:
    """The objects of lines of JSON."""
    for line in content.split(b"\n"):
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):  # the half line of a writer that was killed
            continue
        if isinstance(data, dict):
            yield data
