"""A machine that is slow at random moments: `python -m pytest -p tests.shaken` finds what needs it quick.

Threads wait now and then where they call one of our functions, and processes below the tests are stopped for
moments. What fails under it has a race, in a test or in the application. `SHAKEN` seeds it (0); what other
processes do is never quite the same twice.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import threading
import time
from types import FrameType

import psutil
import pytest

OURS = tuple(os.sep + name + os.sep for name in ("explorer", "backends", "trainers"))
OF_THREADS, OF_MAIN = 0.002, 0.0005  # how many of the calls wait
WAITS_S = (0.01, 0.05, 0.3)
STOPS_S = (0.05, 0.2, 0.5, 1.5)
BETWEEN_STOPS_S = 0.5  # at most
ENDED = threading.Event()
STOPPER: list[threading.Thread] = []


def pytest_configure(config: pytest.Config) -> None:
    """Shake the threads of every process that runs tests, and from the first one the processes below."""
    seed = int(os.environ.get("SHAKEN", "0"))
    chance = random.Random(seed + os.getpid())
    if not hasattr(config, "workerinput"):
        STOPPER.append(threading.Thread(target=_stop_processes, args=(random.Random(seed),)))
        STOPPER[0].start()
    threading.setprofile(_waiting(chance, OF_THREADS))
    sys.setprofile(_waiting(chance, OF_MAIN))


def pytest_unconfigure() -> None:
    sys.setprofile(None)
    threading.setprofile(None)  # type: ignore[arg-type]
    ENDED.set()
    for thread in STOPPER:  # it lets no process stand still
        thread.join()


def _waiting(chance: random.Random, share: float):  # type: ignore[no-untyped-def]
    """A profiler that waits at some calls. It holds all it needs: at the end modules are emptied."""
    draw, choose, wait, ours, waits = chance.random, chance.choice, time.sleep, OURS, WAITS_S

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and draw() < share and any(part in frame.f_code.co_filename for part in ours):
            wait(choose(waits))

    return profile


def _stop_processes(chance: random.Random) -> None:
    me = psutil.Process()
    while not ENDED.wait(chance.uniform(0.05, BETWEEN_STOPS_S)):
        with contextlib.suppress(psutil.Error, IndexError, ProcessLookupError):
            process = chance.choice(me.children(recursive=True))
            if process.status() != psutil.STATUS_STOPPED:  # a test's own doing is left alone
                process.send_signal(signal.SIGSTOP)
                time.sleep(chance.choice(STOPS_S))
                process.send_signal(signal.SIGCONT)
