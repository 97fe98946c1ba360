"""What a run was computed with: versions, device, threads. Another one may give other last bits. No torch."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

NAMES = {"python": "Python", "latent-explorer": "Latent Explorer"}
PACKAGES = ("torch", "numpy", "safetensors", "latent-explorer")


def environment(device: str, threads: int, precision: str) -> dict[str, Any]:
    """Versions, machine, device, precision and threads of this process."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # run from a copy that was not installed
            continue
    return {"versions": versions, "system": platform.platform(terse=True), "machine": platform.machine(),
            "cores": os.cpu_count() or 1, "device": device, "threads": threads,
            "precision": precision}  # fmt: skip


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is no longer as it was, each as `threads 1 → 2`; only what can change a result."""
    found = [f"{name} {before[name]} → {now[name]}" for name in ("device", "threads", "precision", "machine")
             if name in before and before[name] != now[name]]  # fmt: skip
    old = before.get("versions")
    for name, new in now["versions"].items():
        if isinstance(old, dict) and name in old and old[name] != new and name in ("torch", "numpy"):
            found.append(f"{NAMES.get(name, name)} {old[name]} → {new}")
    return found
