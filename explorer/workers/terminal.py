"""What the verbs share in asking and telling at a terminal. No Qt."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backends.api import BadRequest, ModelInfo
from explorer.latent.compare import data_spec
from explorer.latent.task import Task


def data_of(info: ModelInfo, given: str = "") -> str:
    """The data that are named, else those of the model. Raises `BadRequest` where they aren't known."""
    if spec := given or data_spec(info.dataset):
        return spec
    raise BadRequest(f"The data of {info.name} are not known.", "Name some: --data mnist.")


def check_ending(file: Path | None, *endings: str) -> None:
    """Raises `BadRequest` for a file whose name has none of these endings."""
    if file is not None and file.suffix.lower() not in endings:
        those = " or ".join(endings)
        raise BadRequest(f"{file.name} is no {those}.", f"Give it a name that ends with {those}.")


@contextmanager
def telling() -> Iterator[Task]:
    """A task whose progress stands on the terminal's last line meanwhile; nothing is said on a pipe."""
    if not sys.stderr.isatty():
        yield Task()
        return

    def say(kind: str, data: dict[str, Any], _: dict[str, Any]) -> None:
        if kind == "progress":
            sys.stderr.write(f"\r\033[K{data['fraction']:4.0%}  {data['text']}")
            sys.stderr.flush()

    yield Task(say)
    sys.stderr.write("\r\033[K")
