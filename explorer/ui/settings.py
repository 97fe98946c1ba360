"""What the window remembers besides the session: one typed reader for each option."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

LAYOUT_VERSION = 1  # of docks and toolbars; a saved layout of another version is not restored
MOST_RECENT = 10


def open_settings(home: Path) -> QSettings:
    """The settings file of a home folder."""
    return QSettings(str(home / "settings.ini"), QSettings.Format.IniFormat)


def read_text(settings: QSettings, key: str, default: str = "") -> str:
    value = settings.value(key, default)
    return value if isinstance(value, str) else default


def read_bytes(settings: QSettings, key: str) -> QByteArray:
    value = settings.value(key)
    return value if isinstance(value, QByteArray) else QByteArray()


def read_list(settings: QSettings, key: str) -> list[str]:
    """A list of texts, kept as JSON: an INI file forgets types."""
    try:
        value: Any = json.loads(read_text(settings, key, "[]"))
    except ValueError:
        return []
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def write_list(settings: QSettings, key: str, values: list[str]) -> None:
    settings.setValue(key, json.dumps(values))


def add_recent(settings: QSettings, path: str) -> None:
    """Put a file first among the recent ones."""
    others = [p for p in read_list(settings, "recent") if p != path]
    write_list(settings, "recent", [path, *others][:MOST_RECENT])
