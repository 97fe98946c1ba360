"""The process of one training: `python -m trainers.host RUN_FOLDER`.

Exit codes: 0 finished or stopped, 2 it could not start or go on (the sentence is in `state.json`),
3 another process is at work in the folder.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import psutil

from backends.errors import ExplorerError
from trainers.api import Command, Phase
from trainers.control import Control, Stopped
from trainers.runs import Run, alive, replace_file


def main(arguments: list[str]) -> int:
    run = Run(Path(arguments[0]).resolve())
    _share_the_processor(run)
    with _only_writer(run) as mine:
        if not mine:
            print(f"Another process is training {run.name}.", file=sys.stderr)  # noqa: T201
            return 3
        signal.signal(signal.SIGTERM, lambda *_: run.send(Command.STOP))
        signal.signal(signal.SIGINT, lambda *_: run.send(Command.STOP))
        return _train(run)


def _train(run: Run) -> int:
    """Train, and turn every end into a phase and a sentence."""
    control = Control.of(run, int(run.asked().get("settings", {}).get("steps", 0)))
    try:
        from trainers.loop import train

        control.enter(Phase.PREPARING, "Loading torch.")
        train(run, control)
        return 0
    except Stopped:
        control.enter(Phase.STOPPED, "Stopped before the first step.")
        return 0
    except ExplorerError as error:
        return _failed(control, str(error))
    except OSError as error:
        reason = error.strerror or str(error)
        return _failed(
            control, f"{reason} ({error.filename or run.folder}). Make room or allow writing, then resume."
        )
    except MemoryError:
        return _failed(control, "The memory is full. Choose a smaller batch, width or limit of images.")
    except Exception as error:  # noqa: BLE001 - boundary: any fault becomes a sentence, details go to the log
        traceback.print_exc()
        return _failed(control, f"The training ended with an error ({error}). Details are in {run.log.name}.")


def _failed(control: Control, sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201
    with contextlib.suppress(OSError):  # on a full disk the log may be all that is left
        control.enter(Phase.FAILED, sentence)
        control.run.add_event(control.state.step, "failed", sentence)
    return 2


def _share_the_processor(run: Run) -> None:
    """Leave a core and every priority to the window; must be done before torch is imported.

    With all cores as threads, one busy neighbour costs three times the speed. Being nice does
    nothing against processes of other sessions unless the own scheduler group is lowered as well.
    A run goes on with the threads it began with: sums in another order are not the same to the bit.
    """
    free = max(1, (os.cpu_count() or 2) - 1)
    threads = run.asked().get("threads") or os.environ.get("LATENT_EXPLORER_THREADS") or free
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    run.note(threads=int(threads))
    nice = int(os.environ.get("LATENT_EXPLORER_NICE", "19"))
    with contextlib.suppress(OSError, AttributeError):  # no such thing on this system
        os.nice(nice)
    with contextlib.suppress(OSError):
        if os.getpid() == os.getsid(0):  # else the group is that of the terminal
            Path("/proc/self/autogroup").write_text(str(nice))
    if sys.platform == "win32":
        psutil.Process().nice(psutil.IDLE_PRIORITY_CLASS)


@contextlib.contextmanager
def _only_writer(run: Run) -> Iterator[bool]:
    """One writer for each folder: a lock that names the process, void when that process is gone."""
    path = run.folder / "lock"
    own = f"{os.getpid()} {psutil.Process().create_time()}"
    with contextlib.suppress(OSError, ValueError):
        pid, started = path.read_text().split()
        if int(pid) != os.getpid() and alive(int(pid), float(started)):
            yield False
            return
    replace_file(path, own.encode())
    try:
        yield path.read_text() == own
    finally:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
