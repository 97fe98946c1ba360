"""How the processes beside the window are started. No Qt, so that `main.py` can be early."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def host_environment(threads: int | None = None) -> dict[str, str]:
    """The environment of a process that runs torch for a person who is waiting.

    `OMP_WAIT_POLICY=PASSIVE`: a spinning thread pool costs 30 times the latency as soon as
    something else wants the cores.
    """
    count = threads or max(1, (os.cpu_count() or 2) // 2)
    settings = {
        "OMP_WAIT_POLICY": "PASSIVE",
        "OMP_NUM_THREADS": str(count),
        "MKL_NUM_THREADS": str(count),
        "PYTHONUNBUFFERED": "1",
    }
    return {**os.environ, **settings}


def importable(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which a child finds our packages, whatever folder it was started from."""
    path = os.pathsep.join(p for p in (str(ROOT), environment.get("PYTHONPATH", "")) if p)
    return {**environment, "PYTHONPATH": path}


def start_process(module: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """`python -m module` with pipes on all three standard streams."""
    return subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=importable(environment),
        bufsize=1 << 16,
    )


def start_host() -> subprocess.Popen[bytes]:
    """The process that holds the models; it loads torch while the window opens."""
    return start_process("backends.host", host_environment())
