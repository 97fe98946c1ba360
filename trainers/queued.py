"""Runs that wait for their turn. The folder of the runs holds the queue, so it outlives every process.

A run that ends starts the next one; so do the window and the verbs, whenever they look. No torch.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from backends.errors import BadRequest, BadSettings, ExplorerError
from trainers import runs
from trainers.api import Phase
from trainers.files import read_json, write_json
from trainers.processes import holding
from trainers.runs import Run, State

FIRST_GUESS = 1 << 30  # bytes of memory of a family that was never trained here
SPARE = 0.1  # share of the memory that stays free
WAITING = "Waits in the queue."


@dataclass(frozen=True)
class Room:
    """Whether one more training fits, and if not, why."""

    fits: bool
    why: str = ""


def at_once(folder: Path | None = None) -> int:
    """How many trainings run at the same time; 0 means as many as there are cores but one."""
    given = read_json((folder or runs.runs_folder()) / "queue.json").get("at_once")
    return given if isinstance(given, int) and given >= 0 else 0


def set_at_once(count: int, folder: Path | None = None) -> None:
    """Limit how many trainings run at the same time. Raises `BadSettings`, `CantWrite`."""
    if count < 0:
        raise BadSettings(f"{count} trainings at once is not possible.", "Say 0 for as many as fit.")
    parent = folder or runs.runs_folder()
    with runs.writing():
        parent.mkdir(parents=True, exist_ok=True)
        write_json(parent / "queue.json", {"at_once": count})


def add(run: Run) -> None:
    """Put a run at the end of the queue, and start what fits. Raises `BadRequest`, `CantWrite`."""
    state = run.state()
    if state.phase.live:
        raise BadRequest(f"{run.name} is being trained.", "Only a run that stands still can wait.")
    with runs.writing():
        write_json(run.folder / "queued.json", {"place": _next_place(run.folder.parent)})
        run.write_state(State(Phase.QUEUED, state.step, state.steps, message=WAITING, seconds=state.seconds))
    start_next(run.folder.parent)


def remove(run: Run) -> None:
    """Take a run out of the queue; it stays as it is. Raises `CantWrite`."""
    state = run.state()
    with runs.writing():
        (run.folder / "queued.json").unlink(missing_ok=True)
        if state.phase is Phase.QUEUED:
            state.phase, state.message = Phase.STOPPED, "Taken out of the queue."
            run.write_state(state)


def put_first(run: Run) -> None:
    """Let a waiting run be the next one. Raises `CantWrite`."""
    places = [_place(one) for one in waiting(run.folder.parent)]
    with runs.writing():
        write_json(run.folder / "queued.json", {"place": min(places, default=0.0) - 1})


def waiting(folder: Path | None = None) -> list[Run]:
    """The runs that wait, the next one first."""
    parent = folder or runs.runs_folder()
    found = [Run(path.parent) for path in parent.glob("*/queued.json")]
    return sorted((run for run in found if run.phase() is Phase.QUEUED), key=lambda r: (_place(r), r.name))


def start_next(folder: Path | None = None) -> list[Run]:
    """Start the waiting runs that there is room for, in their order; those started.

    Only one process at a time does this; a run that can't start leaves the queue and says why.
    """
    parent = folder or runs.runs_folder()
    if not any(parent.glob("*/queued.json")):
        return []
    started: list[Run] = []
    with runs.writing(), holding(parent / ".queue.lock") as mine:
        for run in waiting(parent) if mine else ():
            if not room(run).fits:
                break
            try:
                runs.start(run)
                started.append(run)
            except ExplorerError as error:
                remove(run)
                run.write_state(State(Phase.FAILED, message=str(error)))
    return started


def room(run: Run) -> Room:
    """Whether a run could start now, by the number of trainings, cores and memory."""
    parent = run.folder.parent
    live = [one for one in runs.list_runs(parent) if one.phase().live and not one.is_far]
    if not live or run.is_far:
        return Room(True)  # alone it may try, else it would wait for ever; a cluster has a queue of its own
    most = at_once(parent) or max(1, (os.cpu_count() or 2) - 1)
    if len(live) >= most:
        return Room(False, f"{len(live)} of {most} trainings at once are running.")
    memory, need = psutil.virtual_memory(), _need(run)
    free = memory.available - SPARE * memory.total
    if need > free:
        return Room(
            False, f"It needs about {need / 1e9:.1f} GB of memory; {max(free, 0) / 1e9:.1f} GB are free."
        )
    return Room(True)


def _need(run: Run) -> float:
    """Bytes of memory that a run will take: what runs of its family took, else a first guess."""
    family = run.asked().get("family")
    taken = [
        one.state().memory for one in runs.list_runs(run.folder.parent) if one.asked().get("family") == family
    ]
    return float(max(taken, default=0) or FIRST_GUESS)


def _place(run: Run) -> float:
    place = read_json(run.folder / "queued.json").get("place")
    return float(place) if isinstance(place, int | float) else time.time()


def _next_place(folder: Path) -> float:
    last = max((_place(run) for run in waiting(folder)), default=0.0)
    with contextlib.suppress(OverflowError):
        return max(last + 1, time.time())
    return last
