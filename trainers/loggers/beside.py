"""A thread beside a training that reads its folder and passes on what is new. No torch.

It knows nothing of the training and the training nothing of it: what a logger does, fails to do or waits for
changes no number and costs no step. A resumed run has forgotten what was measured after its checkpoint, so
reading its folder from the beginning tells each step once.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainers.loggers.api import EXTRAS, NAMES, Logger, without_secrets
from trainers.runs import Run

EVERY_S = 2.0  # between two looks at the folder
END_S = 8.0  # that the last values may take when the training has ended


@contextlib.contextmanager
def beside(run: Run, name: str) -> Iterator[None]:
    """Pass a run's curves and samples on to a logger (`none` for none) while the block trains it.

    Whatever goes wrong there is one warning on the run and ends the logging, never the training.
    """
    if name not in NAMES:
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_follow, args=(run, name, over), name=f"log for {name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(END_S)
        if thread.is_alive():
            _warn(run, f"{NAMES[name]} has not taken the last values within {END_S:.0f} s.")


def _follow(run: Run, name: str, over: threading.Event) -> None:
    try:
        logger = importlib.import_module(f"trainers.loggers.{name}").open_for(run)
        reader = Reader(run, logger.last)
        while not over.wait(EVERY_S):
            pass_on(reader, logger)
        pass_on(reader, logger)
        logger.close()
    except ImportError as error:
        install = f'pip install "latent-explorer[{EXTRAS[name]}]"'
        _warn(run, f"{NAMES[name]} gets nothing: its package is not here ({error}). Install it: {install}.")
    except Exception as error:  # noqa: BLE001 - boundary: other people's code, networks and disks
        said = without_secrets(" ".join(str(error).split()))[:300]
        _warn(run, f"{NAMES[name]} gets nothing more ({type(error).__name__}: {said}).")


def _warn(run: Run, text: str) -> None:
    with contextlib.suppress(OSError):  # a full disk
        run.add_event(run.state().step, "warning", f"{text} The training is not touched by it.")


def pass_on(reader: Reader, logger: Logger) -> None:
    """Give a logger what is new, in order of steps."""
    for step, time, what in reader.read():
        if isinstance(what, Path):
            logger.picture(step, time, what)
        else:
            logger.scalars(step, time, what)
    if reader.told:
        logger.flush()


@dataclass
class Reader:
    """Reads the measurements and sample grids of a run after the step `last`, each once."""

    run: Run
    last: int = -1
    told: int = field(default=0, init=False)  # in the newest reading
    _at: int = field(default=0, init=False)
    _step: int = field(default=0, init=False)
    _seconds: list[tuple[int, float]] = field(default_factory=list, init=False)
    _shown: set[str] = field(default_factory=set, init=False)

    def read(self) -> list[tuple[int, float, dict[str, float] | Path]]:
        """What is new: step, time, and either values by name or the file of a picture."""
        began = _number(self.run.asked().get("created"))
        found: list[tuple[int, float, dict[str, float] | Path]] = []
        for line in self._lines():
            self._step = max(self._step, int(_number(line.get("step"))))
            seconds = _number(line.get("seconds"))
            self._seconds.append((self._step, seconds))
            if self._step > self.last:
                values = {k: float(v) for k, v in line.items() if k not in ("step", "seconds")}
                found.append((self._step, began + seconds, values))
        steps = ((int(path.stem), path) for path in self._pictures())
        found += [(step, began + self._seconds_at(step), path) for step, path in steps]
        self.told = len(found)
        return sorted(found, key=lambda one: (one[0], isinstance(one[2], Path)))

    def _lines(self) -> Iterator[dict[str, Any]]:
        """The whole lines since the last reading."""
        try:
            with (self.run.folder / "metrics.jsonl").open("rb") as file:
                file.seek(self._at)
                new = file.read()
        except FileNotFoundError:
            return
        whole = new[: new.rfind(b"\n") + 1]
        self._at += len(whole)
        for line in whole.splitlines():
            with contextlib.suppress(ValueError):  # what a writer that was killed left
                data = json.loads(line)
                if isinstance(data, dict):
                    yield data

    def _pictures(self) -> Iterator[Path]:
        """Sample grids of steps that are measured; those after the step that it went on from come again."""
        for path in self.run.samples():
            if path.name not in self._shown and path.stem.isdigit() and int(path.stem) <= self._step:
                self._shown.add(path.name)
                if int(path.stem) > self.last:
                    yield path

    def _seconds_at(self, step: int) -> float:
        return next((seconds for at, seconds in reversed(self._seconds) if at <= step), 0.0)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
