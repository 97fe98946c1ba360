"""The children of the window as objects that the GUI thread talks with."""

from __future__ import annotations

from collections.abc import Mapping

from explorer.workers.child import Child
from explorer.workers.processes import host_environment, start_far_host, start_process
from explorer.workers.remote import Machine


def launch_host(environment: Mapping[str, str] | None = None) -> Child:
    """The model host as a child process."""
    return Child(start_process("backends.host", environment or host_environment()))


def launch_far_host(machine: Machine) -> Child:
    """The model host of another machine."""
    return Child(start_far_host(machine))


def launch_jobs() -> Child:
    """The process for long analysis (map, scores, directions): numpy and scikit-learn, no torch."""
    return Child(start_process("explorer.workers.job_host", host_environment()))
