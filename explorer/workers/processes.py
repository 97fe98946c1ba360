"""How the processes beside the window are started. No Qt, so that `main.py` can be early."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from explorer.workers.remote import ADDRESS, Machine

ROOT = Path(__file__).resolve().parent.parent.parent
RELAY = "explorer.workers.relay"


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
    """The process that holds the models; it loads torch while the window opens.

    It is on the machine that `LATENT_EXPLORER_HOST` names, else here.
    """
    return start_process(host_module(), host_environment())


def start_far_host(machine: Machine) -> subprocess.Popen[bytes]:
    """The process that speaks with the model host of another machine."""
    return start_process(RELAY, host_environment() | machine.environment)


def host_module() -> str:
    """The module of the process that holds the models, or speaks with it."""
    return RELAY if os.environ.get(ADDRESS, "").strip() else "backends.host"
