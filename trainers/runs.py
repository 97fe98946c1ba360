"""Runs: one training, one folder (the layout is in `trainers.api`). No torch.

The folder is the truth. Anything may read it at any time: the writer replaces small files whole and
appends whole lines, and a reader ignores the half line of a writer that was killed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import platformdirs
import psutil

from backends.errors import BadRequest
from trainers.api import Command, Phase, Settings

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class State:
    """What `state.json` holds: where a run stands, and the process that writes it.

    `started` is the process's creation time: a process number alone is soon another's. `seconds` is
    the time spent in training steps over all starts, `speed` is in images a second.
    """

    phase: Phase = Phase.STOPPED
    step: int = 0
    steps: int = 0
    pid: int = 0
    started: float = 0.0
    heartbeat: float = 0.0
    message: str = ""
    seconds: float = 0.0
    speed: float = 0.0

    @property
    def seconds_left(self) -> float:
        """Estimated seconds of training left, 0 when nothing can be said."""
        done = self.step and self.seconds
        return self.seconds / self.step * max(self.steps - self.step, 0) if done else 0.0


@dataclass(frozen=True)
class Run:
    """The folder of one training."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def model(self) -> Path:
        """The newest model in our native format (it may not be there yet)."""
        return self.folder / "model.safetensors"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    def asked(self) -> dict[str, Any]:
        """`run.json`: family, settings, data, name, recipe, versions; empty when it can't be read."""
        return _read_json(self.folder / "run.json")

    def note(self, **facts: Any) -> None:
        """Add facts to `run.json`: the data's checksum, the device, the number of threads."""
        write_json(self.folder / "run.json", {**self.asked(), **facts})

    def state(self) -> State:
        """Where the run stands, with `INTERRUPTED` where its process is gone."""
        data = _read_json(self.folder / "state.json")
        known = {k: v for k, v in data.items() if k in State.__dataclass_fields__}
        try:
            state = State(**{**known, "phase": Phase(known.get("phase", "stopped"))})
        except (TypeError, ValueError):
            state = State()
        if state.phase.live and not alive(state.pid, state.started):
            state.phase = Phase.INTERRUPTED
        return state

    def phase(self) -> Phase:
        return self.state().phase

    def write_state(self, state: State) -> None:
        write_json(self.folder / "state.json", asdict(state))

    def metrics(self) -> list[dict[str, Any]]:
        """The measurements so far, in order of steps."""
        return list(_read_lines(self.folder / "metrics.jsonl"))

    def events(self) -> list[dict[str, Any]]:
        return list(_read_lines(self.folder / "events.jsonl"))

    def add_metrics(self, step: int, seconds: float, values: dict[str, float]) -> None:
        _append(self.folder / "metrics.jsonl", {"step": step, "seconds": round(seconds, 3), **values})

    def add_event(self, step: int, kind: str, text: str = "") -> None:
        _append(self.folder / "events.jsonl", {"step": step, "kind": kind, "text": text, "time": time.time()})

    def forget_after(self, step: int) -> None:
        """Drop measurements past a step, so that the curve of a resumed run has no seam."""
        kept = [line for line in self.metrics() if line.get("step", 0) <= step]
        text = "".join(json.dumps(line) + "\n" for line in kept)
        replace_file(self.folder / "metrics.jsonl", text.encode())

    def samples(self) -> list[Path]:
        """The sample grids, oldest first."""
        return sorted((self.folder / "samples").glob("[0-9]*.png"))

    def checkpoints(self) -> list[Path]:
        """The checkpoints, oldest first."""
        return sorted((self.folder / "checkpoints").glob("[0-9]*.safetensors"))

    def send(self, command: Command) -> None:
        """Ask something of the training; it looks at every step."""
        name = f"{time.time_ns():020d}-{command.value}.json"
        write_json(self.folder / "control" / name, {"command": command.value})

    def take_commands(self) -> list[Command]:
        """Read and remove what was asked, oldest first. Costs some microseconds when there is nothing."""
        found = []
        try:
            names = sorted(entry.name for entry in os.scandir(self.folder / "control"))
        except OSError:
            return []
        for name in (n for n in names if n.endswith(".json")):
            path = self.folder / "control" / name
            data = _read_json(path)
            path.unlink(missing_ok=True)
            if data.get("command") in set(Command):
                found.append(Command(data["command"]))
        return found

    def extend(self, steps: int) -> None:
        """Ask for `steps` training steps in all, more than before; `start` then goes on."""
        asked = self.asked()
        self.note(settings={**asked.get("settings", {}), "steps": int(steps)})


def runs_folder() -> Path:
    """Where runs lie: `LATENT_EXPLORER_RUNS`, else in the user's data folder."""
    given = os.environ.get("LATENT_EXPLORER_RUNS")
    return Path(given) if given else Path(platformdirs.user_data_dir("latent-explorer")) / "runs"


def create(
    family: str, data: str, settings: Settings, name: str = "", recipe: str = "", folder: Path | None = None
) -> Run:
    """Make the folder of a new run (nothing starts yet). The name is made unique by a number."""
    parent = folder or runs_folder()
    plain = re.sub(r"[^a-z0-9.-]+", "-", (name or f"{data}-{family}").lower()).strip("-.") or family
    parent.mkdir(parents=True, exist_ok=True)
    run = Run(_new_folder(parent, plain))
    for inner in ("samples", "checkpoints", "control"):
        (run.folder / inner).mkdir()
    asked = {"format": 1, "family": family, "data": data, "name": name or run.name, "recipe": recipe,
             "settings": settings.to_json(), "created": time.time()}  # fmt: skip
    write_json(run.folder / "run.json", asked)
    run.write_state(State(steps=settings.steps, message="Not started yet."))
    return run


def list_runs(folder: Path | None = None) -> list[Run]:
    """The runs in a folder, newest first."""
    found = [Run(path.parent) for path in (folder or runs_folder()).glob("*/run.json")]
    return sorted(found, key=lambda run: run.asked().get("created", 0.0), reverse=True)


def find(name: str, folder: Path | None = None) -> Run:
    """The run of a name or a path. Raises `BadRequest` naming the runs there are."""
    for path in (Path(name), (folder or runs_folder()) / name):
        if (path / "run.json").is_file():
            return Run(path.resolve())
    names = ", ".join(run.name for run in list_runs(folder)) or "none yet"
    raise BadRequest(f"There is no run named {name!r}.", f"The runs are: {names}.")


def start(run: Run) -> int:
    """Start (or go on with) a run in a process of its own that outlives this one; its process number.

    Raises `BadRequest` when a process is already at work in the folder.
    """
    if run.phase().live:
        raise BadRequest(f"The run {run.name!r} is already being trained.", "Pause or stop it first.")
    before = run.state()
    _let_end(before)
    run.take_commands()  # what was asked of an earlier process is not meant for this one
    detached: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        detached = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    with run.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "trainers.host", str(run.folder)],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **detached,
        )  # fmt: skip
    state = State(Phase.PREPARING, before.step, before.steps, process.pid, _created(process.pid),
                  time.time(), "Starting.", before.seconds)  # fmt: skip
    run.write_state(state)
    _children.append(process)
    return process.pid


def _let_end(state: State, seconds: float = 10.0) -> None:
    """Wait for a process that has said its last word but still holds the lock."""
    deadline = time.monotonic() + seconds
    while state.pid != os.getpid() and alive(state.pid, state.started) and time.monotonic() < deadline:
        time.sleep(0.05)


_children: list[subprocess.Popen[bytes]] = []  # polled in `alive`, so that ended ones are no zombies


def alive(pid: int, started: float) -> bool:
    """Whether that very process still lives (number and creation time agree)."""
    for child in _children[:]:
        if child.poll() is not None:
            _children.remove(child)
    try:
        process = psutil.Process(pid) if pid > 0 else None
        if process is None or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return abs(process.create_time() - started) < 2.0
    except psutil.Error:
        return False


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Replace a JSON file whole."""
    replace_file(path, json.dumps(data, indent=1).encode())


def replace_file(path: Path, content: bytes) -> None:
    """Write beside and rename, so that a reader sees the old file or the new one, never a part."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    os.replace(beside, path)


def _new_folder(parent: Path, plain: str) -> Path:
    for number in range(1, 10_000):
        folder = parent / (plain if number == 1 else f"{plain}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise BadRequest(f"There are 10,000 runs named {plain!r}.", "Choose another name.")


def _created(pid: int) -> float:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _append(path: Path, line: dict[str, Any]) -> None:
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return
    for line in lines:
        try:
            data = json.loads(line)
        except ValueError:  # the last line of a writer that was killed
            continue
        if isinstance(data, dict):
            yield data
