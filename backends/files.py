"""Putting a finished file in the place of an old one, on every system."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

PATIENCE_S = 2.0  # a reader of a small file is done by then


def swap(beside: Path | str, path: Path | str) -> None:
    """Put `beside` in the place of `path`, in one step for whoever reads it.

    On Windows a file that somebody has open can't be replaced: it is tried again for two seconds.
    Raises OSError when it can't be done; `beside` is then still there.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return os.replace(beside, path)
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
