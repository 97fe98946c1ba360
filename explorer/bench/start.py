"""From the start of the program to the first paint and to the first picture."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backends.api import ExplorerError
from explorer.bench.measurement import Measurement, Plan, measured, middle
from explorer.workers.processes import ROOT

HELP = "first paint and first picture of a warm start"
MOST_PAINT_S, MOST_PICTURE_S = 1.0, 3.0


def measure(plan: Plan) -> Iterator[Measurement]:
    with tempfile.TemporaryDirectory(prefix="latent-explorer-bench-") as home:
        start_once(Path(home))  # warms the disk's cache and writes what a first start writes
        starts = [start_once(Path(home)) for _ in range(max(plan.rounds, 1))]
    paint, picture = (middle([s[name] for s in starts]) for name in ("paint", "picture"))
    yield measured("start.paint", paint, "s", goal=f"at most {MOST_PAINT_S:g} s", holds=paint <= MOST_PAINT_S)
    yield measured(
        "start.picture", picture, "s", goal=f"at most {MOST_PICTURE_S:g} s", holds=picture <= MOST_PICTURE_S
    )
    torch = any(s["torch"] for s in starts)
    yield measured("start.torch", float(torch), "", goal="no torch in the window's process", holds=not torch)


def start_once(home: Path) -> dict[str, Any]:
    """Times of one start: seconds `paint`, `picture`, and whether `torch` was loaded."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "LATENT_EXPLORER_RUNS": str(home / "runs")}
    done = subprocess.run(
        [sys.executable, "-m", "explorer.bench.first_paint", str(time.time()), str(home)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    times = json.loads(lines[-1]) if lines else {}
    if "picture" not in times:
        raise ExplorerError("The window showed no picture.", (done.stderr or "Is there a model?")[-500:])
    return dict(times)
