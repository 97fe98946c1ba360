"""Processes told apart for certain, and locks that die with their holder. No torch."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psutil

_children: list[subprocess.Popen[bytes]] = []  # polled in `alive`, so that ended ones are no zombies


def adopt(process: subprocess.Popen[bytes]) -> None:
    """Remember a child, so that its end is noticed."""
    _children.append(process)


def birth(pid: int) -> float:
    """When a process began; 0.0 when there is none of that number.

    On Linux in seconds since the machine started, which setting the clock doesn't change; elsewhere as
    psutil says it.
    """
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
            return int(fields[19]) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, IndexError):
            return 0.0
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def alive(pid: int, born: float) -> bool:
    """Whether that very process still lives: a number alone is soon another's.

    `born` is what `birth` said, or the date of its creation (runs of the first version have that).
    """
    for child in _children[:]:
        if child.poll() is not None:
            _children.remove(child)
    try:
        process = psutil.Process(pid) if pid > 0 else None
        if process is None or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return abs(birth(pid) - born) < 0.05 or abs(process.create_time() - born) < 2.0
    except psutil.Error:
        return False


@contextlib.contextmanager
def holding(path: Path, patience: float = 0.0) -> Iterator[bool]:
    """Hold the lock of a file, which no two processes can; False when another has it.

    The system gives it back when the holder ends, however it ends. Tries for `patience` seconds.
    """
    with path.open("a+b") as file:
        deadline = time.monotonic() + patience
        while not (mine := _take(file)) and time.monotonic() < deadline:
            time.sleep(0.05)
        try:
            yield mine
        finally:
            if mine:
                _give_back(file)


def _take(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _give_back(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_UN)
