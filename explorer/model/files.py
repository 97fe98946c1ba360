"""Writing files so that nothing is ever half there, and the session's file. No Qt."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from backends import native
from backends.errors import ExplorerError
from explorer.model.state import State

KIND = "latent-explorer-session"


class BadFile(ExplorerError):
    """A file that can't be written or read back."""


@dataclass(frozen=True)
class Saved:
    """What a session file holds: the state, and what each panel wants to find again."""

    state: State
    panels: Mapping[str, dict[str, Any]] = field(default_factory=dict)


def home() -> Path:
    """Where session, settings and log lie: `LATENT_EXPLORER_HOME`, else the user's data folder."""
    given = os.environ.get("LATENT_EXPLORER_HOME")
    return Path(given) if given else Path(platformdirs.user_data_dir("latent-explorer"))


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file whole: a reader sees the old one or the new one. Raises `BadFile` on a full disk."""
    try:
        native.write_atomically(path, content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadFile(
            f"{path} can't be written: {reason}.", "Choose another place or free some room."
        ) from error


def write_session(path: Path, saved: Saved) -> None:
    """Save a session. Raises `BadFile`."""
    data = {"kind": KIND, "state": saved.state.to_json(), "panels": dict(saved.panels)}
    write_atomically(path, json.dumps(data).encode())


def read_session(path: Path) -> Saved:
    """The session that `write_session` wrote. Raises `BadFile` for anything else."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise BadFile(
            f"{path} can't be read: {error.strerror}.", "Check its place and permissions."
        ) from error
    except (ValueError, RecursionError) as error:
        raise BadFile(f"{path.name} is damaged or no session.", "Choose a saved session (.json).") from error
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise BadFile(f"{path.name} is not a session of Latent Explorer.", "Choose a saved session (.json).")
    try:
        panels = {str(k): dict(v) for k, v in data.get("panels", {}).items()}
        return Saved(State.from_json(data["state"]), panels)
    except (KeyError, TypeError, ValueError, AttributeError, ExplorerError) as error:
        said = f"{path.name} is damaged or of a newer version: {error}."
        raise BadFile(said, "Update Latent Explorer, or open an older session.") from error


def set_aside(path: Path) -> Path:
    """Rename a damaged file, so that the next one doesn't overwrite it; where it went."""
    aside = path.with_name(f"{path.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}{path.suffix}")
    os.replace(path, aside)
    return aside
