"""Where data sets lie on this machine, and where downloads go."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from backends.errors import BadData

VARIABLE = "LATENT_EXPLORER_DATA"
DEBIAN = Path("/usr/share/datasets")  # of packages such as dataset-fashion-mnist


def data_folders() -> list[Path]:
    """The folders that are searched for data, in order; only those that exist."""
    named = os.environ.get(VARIABLE, "")
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    places = [Path(part).expanduser() for part in named.split(os.pathsep) if part]
    return [place for place in [*places, downloads(), beside, DEBIAN] if place.is_dir()]


def downloads() -> Path:
    """Where downloads are kept (it may not exist yet)."""
    return user_data_path("latent-explorer", appauthor=False) / "data"


def locate(text: str, what: str) -> Path:
    """The file or folder that a spec means: as it is, or in a data folder. Raises `BadData`."""
    given = Path(text).expanduser()
    tried = [given, *(folder / given for folder in data_folders() if not given.is_absolute())]
    for path in tried:
        if path.exists():
            return path
    places = ", ".join(str(folder) for folder in data_folders()) or "no data folder"
    looked = "" if given.is_absolute() else f" (also looked in {places})"
    raise BadData(
        f"There is no {what} at {text}{looked}.", f"Check the path, or set {VARIABLE} to your data folder."
    )
