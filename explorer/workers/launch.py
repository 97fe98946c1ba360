"""How the processes beside the window are started: their environment, their streams."""

from __future__ import annotations

import os
from collections.abc import Mapping

from explorer.workers.child import Child, start_process


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


def launch_host(environment: Mapping[str, str] | None = None) -> Child:
    """The model host as a child process."""
    return Child(start_process("backends.host", environment or host_environment()))


def launch_jobs() -> Child:
    """The process for long analysis (map, scores, directions): numpy and scikit-learn, no torch."""
    return Child(start_process("explorer.workers.job_host", host_environment()))
