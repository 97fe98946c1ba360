"""Runs: one training, one folder (the layout is in `trainers.api`). No torch.

The folder is the truth. Anything may read it at any time: the writer replaces small files whole and
appends whole lines, and a reader ignores the half line of a writer that was killed.
"""

from __future__ import annotations

import contextlib
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

from backends.errors import BadRequest, BadSettings, CantWrite
from trainers.api import Command, Phase, Request, Settings
from trainers.files import append_line, read_json, read_lines, replace_file, write_json
from trainers.processes import adopt, alive, birth, holding

CONVERT = {"Phase": Phase, "int": int, "float": float, "str": str}  # of what state.json holds
ROOT = Path(__file__).resolve().parent.parent
LAST_WORDS = 4000  # bytes of the log in which a process's last line is looked for


@dataclass
class State:
    """What `state.json` holds: where a run stands, and the process that writes it.

    `started` is when the process began (`processes.birth`): its number alone is soon another's. `seconds` is
    the time spent in training steps over all starts, `speed` is in images a second, `memory` in bytes.
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
    memory: int = 0

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

    @property
    def is_far(self) -> bool:
        """Whether a cluster does it (`trainers.cluster`); the process here follows it only."""
        return isinstance(self.asked().get("cluster"), dict)

    def asked(self) -> dict[str, Any]:
        """`run.json`: family, settings, data, name, recipe, versions; empty when it can't be read."""
        return read_json(self.folder / "run.json")

    def note(self, **facts: Any) -> None:
        """Add facts to `run.json`: the data's checksum, the device, the number of threads.

        Raises `BadSettings` when the file can't be read: writing would lose what stands in it.
        """
        known = self.intact()
        if (new := {**known, **facts}) != known:
            write_json(self.folder / "run.json", new, lasting=True)

    def intact(self) -> dict[str, Any]:
        """`run.json`, whole. Raises `BadSettings` saying where it is damaged."""
        path = self.folder / "run.json"
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise BadSettings(
                f"{path} can't be read: {error}.", "Mend it by hand; the rest is safe."
            ) from None
        if not isinstance(data, dict) or not isinstance(data.get("settings"), dict) or "family" not in data:
            raise BadSettings(f"{path} names no family or no settings.", "Mend it by hand; the rest is safe.")
        return data

    def state(self) -> State:
        """Where the run stands, with `INTERRUPTED` where its process is gone."""
        return state_from(read_json(self.folder / "state.json"))

    def phase(self) -> Phase:
        return self.state().phase

    def write_state(self, state: State) -> None:
        write_json(self.folder / "state.json", asdict(state))

    def metrics(self) -> list[dict[str, Any]]:
        """The measurements so far, in order of steps."""
        return list(read_lines(self.folder / "metrics.jsonl"))

    def events(self) -> list[dict[str, Any]]:
        return list(read_lines(self.folder / "events.jsonl"))

    def add_metrics(self, step: int, seconds: float, values: dict[str, float]) -> None:
        append_line(self.folder / "metrics.jsonl", {"step": step, "seconds": round(seconds, 3), **values})

    def add_event(self, step: int, kind: str, text: str = "") -> None:
        append_line(
            self.folder / "events.jsonl", {"step": step, "kind": kind, "text": text, "time": time.time()}
        )

    def forget_after(self, step: int) -> None:
        """Drop measurements past a step, so that the curve of a resumed run has no seam."""
        kept = [line for line in self.metrics() if _number(line.get("step")) <= step]
        text = "".join(json.dumps(line) + "\n" for line in kept)
        replace_file(self.folder / "metrics.jsonl", text.encode())

    def samples(self) -> list[Path]:
        """The sample grids, oldest first."""
        return sorted((self.folder / "samples").glob("[0-9]*.png"))

    def checkpoints(self) -> list[Path]:
        """The checkpoints, oldest first."""
        return sorted((self.folder / "checkpoints").glob("[0-9]*.safetensors"))

    def send(self, command: Command, **values: Any) -> None:
        """Ask something of the training; it looks at every step. Raises `CantWrite`."""
        with writing():
            control = self.folder / "control"
            control.mkdir(exist_ok=True)
            newest = max((int(n[:20]) for n in self._asked_files() if n[:20].isdigit()), default=0)
            number = max(time.time_ns(), newest + 1)  # in order, even when the clock was set back
            data = {"command": command.value, "values": values}
            write_json(control / f"{number:020d}-{command.value}.json", data)

    def take_requests(self) -> list[Request]:
        """Read and remove what was asked, oldest first. Costs some microseconds when there is nothing."""
        found = []
        for name in self._asked_files():
            path = self.folder / "control" / name
            data = read_json(path)
            path.unlink(missing_ok=True)
            values = data.get("values")
            if data.get("command") in set(Command):
                known = values if isinstance(values, dict) else {}
                found.append(Request(Command(data["command"]), known))
        return found

    def _asked_files(self) -> list[str]:
        try:
            names = sorted(entry.name for entry in os.scandir(self.folder / "control"))
        except OSError:
            return []
        return [name for name in names if name.endswith(".json")]

    def is_asked(self, command: Command) -> bool:
        """Whether a command waits to be taken."""
        return any(name.endswith(f"-{command.value}.json") for name in self._asked_files())

    def notes(self) -> tuple[str, tuple[str, ...]]:
        """What a person wrote about the run, and its tags."""
        data = read_json(self.folder / "notes.json")
        tags = data.get("tags")
        listed = tags if isinstance(tags, list) else []
        return str(data.get("notes", "")), tuple(str(tag) for tag in listed)

    def write_notes(self, notes: str, tags: tuple[str, ...]) -> None:
        """Keep notes and tags with the run, whether it is being trained or not. Raises `CantWrite`."""
        with writing():
            write_json(self.folder / "notes.json", {"notes": notes, "tags": list(tags)}, lasting=True)

    def last_words(self) -> str:
        """The last line that its processes printed: why one ended that could not say so elsewhere."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(file.seek(0, os.SEEK_END) - LAST_WORDS, 0))
                lines = file.read().decode(errors="replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


def state_from(data: dict[str, Any]) -> State:
    """The state that `state.json` tells, with `INTERRUPTED` where its process is gone."""
    state = state_told(data)
    if state.phase.live and not alive(state.pid, state.started):
        state.phase = Phase.INTERRUPTED
    return state


def state_told(data: dict[str, Any]) -> State:
    """The state that is told, whether its process is one of this machine or not."""
    state = State()
    for name, kind in State.__annotations__.items():
        with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):
            setattr(state, name, CONVERT[kind](data[name]))
    return state


def runs_folder() -> Path:
    """Where runs lie: `LATENT_EXPLORER_RUNS`, else in the user's data folder."""
    given = os.environ.get("LATENT_EXPLORER_RUNS")
    return Path(given) if given else Path(platformdirs.user_data_dir("latent-explorer")) / "runs"


def create(
    family: str,
    data: str,
    settings: Settings,
    name: str = "",
    recipe: str = "",
    folder: Path | None = None,
    **facts: Any,
) -> Run:
    """Make the folder of a new run (nothing starts yet). The name is made unique by a number.

    `facts` are kept in `run.json` too. Raises `CantWrite`.
    """
    parent = folder or runs_folder()
    plain = re.sub(r"[^a-z0-9.-]+", "-", (name or f"{data}-{family}").lower()).strip("-.") or family
    with writing():
        parent.mkdir(parents=True, exist_ok=True)
        run = Run(_new_folder(parent, plain))
        for inner in ("samples", "checkpoints", "control"):
            (run.folder / inner).mkdir()
        asked = {"format": 1, "family": family, "data": data, "name": name or run.name, "recipe": recipe,
                 "settings": settings.to_json(), "created": time.time(), **facts}  # fmt: skip
        run.write_state(State(steps=settings.steps, message="Not started yet."))
        write_json(run.folder / "run.json", asked, lasting=True)  # last: with it the folder is a run
    return run


def list_runs(folder: Path | None = None) -> list[Run]:
    """The runs in a folder, newest first."""
    found = [Run(path.parent) for path in (folder or runs_folder()).glob("*/run.json")]
    return sorted(found, key=lambda run: _number(run.asked().get("created")), reverse=True)


def find(name: str, folder: Path | None = None) -> Run:
    """The run of a name or a path. Raises `BadRequest` naming the runs there are."""
    for path in (Path(name), (folder or runs_folder()) / name):
        if (path / "run.json").is_file():
            return Run(path.resolve())
    names = ", ".join(run.name for run in list_runs(folder)) or "none yet"
    raise BadRequest(f"There is no run named {name!r}.", f"The runs are: {names}.")


def start(run: Run) -> int:
    """Start (or go on with) a run in a process of its own that outlives this one; its process number.

    Raises `BadRequest` when a process is already at work in the folder, `CantWrite`.
    """
    if run.phase().live:
        raise BadRequest(f"The run {run.name!r} is already being trained.", "Pause or stop it first.")
    before = run.state()
    _let_end(before)
    with writing():
        run.take_requests()  # what was asked of an earlier process is not meant for this one
        (run.folder / "queued.json").unlink(missing_ok=True)
        process = _process(run)
    state = State(Phase.PREPARING, before.step, before.steps, process.pid, birth(process.pid),
                  time.time(), "Starting.", before.seconds)  # fmt: skip
    with contextlib.suppress(OSError):  # it says so itself soon
        _tell_first(run, state)
    return process.pid


def _tell_first(run: Run, state: State, seconds: float = 1.0) -> None:
    """Say that a process begins, unless it has spoken itself: what it said last would be lost."""
    deadline = time.monotonic() + seconds
    while read_json(run.folder / "state.json").get("pid") != state.pid and time.monotonic() < deadline:
        with holding(run.folder / "lock") as mine:
            if not mine:  # it has begun, and speaks in a moment
                time.sleep(0.005)
            elif read_json(run.folder / "state.json").get("pid") != state.pid:
                run.write_state(state)


def _process(run: Run) -> subprocess.Popen[bytes]:
    detached: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        detached = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    module, words = ("trainers.cluster.host", _far_log(run)) if run.is_far else ("trainers.host", run.log)
    with words.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(run.folder)],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **detached,
        )  # fmt: skip
    adopt(process)
    return process


def _far_log(run: Run) -> Path:
    """Of a process that follows: the run's own log is the copy of the one in the cluster."""
    from trainers.cluster.places import log_of

    return log_of(run)


def _let_end(state: State, seconds: float = 10.0) -> None:
    """Wait for a process that has said its last word but still holds the lock."""
    deadline = time.monotonic() + seconds
    while state.pid != os.getpid() and alive(state.pid, state.started) and time.monotonic() < deadline:
        time.sleep(0.05)


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """Turns a full disk and missing permissions into a sentence. Raises `CantWrite`."""
    try:
        yield
    except OSError as error:
        what = f"{error.filename or 'The folder of the run'} can't be written: {error.strerror or error}."
        raise CantWrite(what, "Make room, or choose a folder that you may write.") from error


def _new_folder(parent: Path, plain: str) -> Path:
    for number in range(1, 10_000):
        folder = parent / (plain if number == 1 else f"{plain}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise BadRequest(f"There are 10,000 runs named {plain!r}.", "Choose another name.")


def _number(value: Any) -> float:
    """A number from a file that a hand may have edited."""
    return float(value) if isinstance(value, int | float) else 0.0
