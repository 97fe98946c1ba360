"""The process of one training: `python -m trainers.host RUN_FOLDER`.

Exit codes: 0 finished or stopped, 2 it could not start or go on (the sentence is in `state.json`),
3 another process is at work in the folder.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

import psutil

from backends.errors import ExplorerError
from trainers import queued
from trainers.api import Command, Phase, Request
from trainers.control import Control, Stopped
from trainers.processes import holding
from trainers.runs import Run, list_runs
from trainers.team import size_of

PATIENCE = 2.0  # seconds that the lock of a process that is just ending is waited for
UNBEGUN = "Stopped while it prepared; nothing was lost."
ABRUPT = 1.0  # seconds after which a stop during preparation does not wait for its turn


def main(arguments: list[str]) -> int:
    run = Run(Path(arguments[0]).resolve())
    with holding(run.folder / "lock", PATIENCE) as mine:
        if not mine:
            print(f"Another process is training {run.name}.", file=sys.stderr)  # noqa: T201
            return 3
        _sweep_up(run)
        control = Control.of(run, 0)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: control.inbox.append(Request(Command.STOP)))
        code = _train(run, control)
    with contextlib.suppress(ExplorerError, OSError):  # the next one says itself what is wrong with it
        queued.start_next(run.folder.parent)
    return code


def _sweep_up(run: Run) -> None:
    """Take away what killed writers left half written; the lock is ours, so nobody writes these now."""
    for folder in (run.folder, run.folder / "samples", run.folder / "checkpoints"):
        for path in folder.glob(".*"):
            if path.is_file() and not path.name.startswith((".ballast", ".notes.json", ".queued.json")):
                path.unlink(missing_ok=True)


def _train(run: Run, control: Control) -> int:
    """Train, and turn every end into a phase and a sentence."""
    try:
        _share_the_processor(run)
        threading.Thread(target=_end_if_asked, args=(control,), daemon=True).start()
        control.enter(Phase.PREPARING, "Loading torch.")
        from trainers.loop import train

        train(run, control)
        return 0
    except Stopped:
        control.enter(Phase.STOPPED, UNBEGUN)
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


def _end_if_asked(control: Control) -> None:
    """End at once at a stop that preparation does not take: importing torch or reading one large file.

    Nothing is learned then, so nothing is lost; checkpoints of an earlier start are whole.
    """
    since = 0.0
    while control.state.phase is Phase.PREPARING:
        asked = control.run.is_asked(Command.STOP) or any(r.command is Command.STOP for r in control.inbox)
        since = (since or time.monotonic()) if asked else 0.0
        if since and time.monotonic() - since > ABRUPT:
            control.run.take_requests()
            control.enter(Phase.STOPPED, UNBEGUN)
            os._exit(0)
        time.sleep(0.1)


def _share_the_processor(run: Run) -> None:
    """Leave a core and every priority to the window; must be done before torch is imported.

    With all cores as threads, one busy neighbour costs three times the speed. Being nice does
    nothing against processes of other sessions unless the own scheduler group is lowered as well.
    A run goes on with the threads it began with: sums in another order are not the same to the bit.
    """
    threads = run.asked().get("threads") or os.environ.get("LATENT_EXPLORER_THREADS") or _free_cores(run)
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    run.note(threads=int(threads))
    nice = int(os.environ.get("LATENT_EXPLORER_NICE", "19"))
    with contextlib.suppress(OSError, AttributeError):  # no such thing on this system
        os.nice(nice)
    with contextlib.suppress(OSError, AttributeError):
        if os.getpid() == os.getsid(0):  # else the group is that of the terminal
            Path("/proc/self/autogroup").write_text(str(nice))
    if sys.platform == "win32":
        psutil.Process().nice(psutil.IDLE_PRIORITY_CLASS)


def _free_cores(run: Run) -> int:
    """A process's share of all but one for the window and one for each training that is there already."""
    runs = [one for one in list_runs(run.folder.parent) if one.folder != run.folder and not one.is_far]
    others = sum(one.phase().live for one in runs)
    return max(1, ((os.cpu_count() or 2) - 1 - others) // size_of(run.asked()))


def _leave(code: int) -> None:
    """End at once: on a busy machine, taking torch apart piece by piece would go on for seconds."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join()  # a checkpoint that is being written
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _leave(main(sys.argv[1:]))
