"""A process that does not answer is terminated, then killed with all it started."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from backends.errors import CantWrite
from tests.trainers.conftest import Make, wait
from trainers import processes
from trainers.api import Command, Phase
from trainers.processes import birth
from trainers.runs import Run, State
from trainers.stopping import Ending

DEAF = """
import signal, subprocess, sys, time
if sys.argv[1] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(subprocess.Popen(["sleep", "100"]).pid, flush=True)
time.sleep(100)
"""


@pytest.fixture
def hung(make: Make):
    """A training that hangs: `hung(kind)` gives its run, its process and its child's number."""
    begun = []

    def begin(kind: str):
        run = make()
        process = subprocess.Popen([sys.executable, "-c", DEAF, kind], stdout=subprocess.PIPE, text=True,
                                   start_new_session=True)  # fmt: skip
        processes.adopt(process)
        assert process.stdout is not None
        child = int(process.stdout.readline())
        begun.append((process, child))
        run.write_state(State(Phase.TRAINING, pid=process.pid, started=birth(process.pid)))
        return run, process, child

    yield begin
    for process, child in begun:
        for pid in (process.pid, child):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.wait()
        process.stdout.close()


def said(ending: Ending) -> list[str]:
    """What is said until it has ended."""
    words = [ending.words]
    deadline = time.monotonic() + 60
    while not ending.look():
        assert time.monotonic() < deadline
        if ending.words != words[-1]:
            words.append(ending.words)
        time.sleep(0.01)
    return words


def test_no_answer_is_answered_with_a_signal(hung):
    run, process, _child = hung("sleepy")
    assert said(Ending.begin(run, grace=2.0)) == ["Stopping…", "Terminating…"]
    assert process.poll() == -signal.SIGTERM


def test_the_deaf_are_killed_with_all_they_started(hung):
    run, process, child = hung("deaf")
    assert said(Ending.begin(run, grace=0.2)) == ["Stopping…", "Terminating…", "Killing…"]
    assert process.poll() == -signal.SIGKILL
    wait(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
    assert run.phase() is Phase.INTERRUPTED


def test_one_that_is_at_work_on_its_checkpoint_is_left_alone(hung):
    run, process, _child = hung("sleepy")
    ending = Ending.begin(run, grace=0.3)
    run.take_requests()  # it heard
    for beat in range(20):
        state = State(Phase.STOPPING, pid=process.pid, started=birth(process.pid), heartbeat=float(-beat))
        run.write_state(state)  # backwards, as with a clock that was set back
        assert not ending.look()
        time.sleep(0.05)
    assert ending.words == "Stopping…"


def test_where_nothing_can_be_written_it_is_told_at_once(hung, monkeypatch):
    run, process, _child = hung("sleepy")

    def full(*_: object, **__: object) -> None:
        raise CantWrite("The disk is full.")

    monkeypatch.setattr(Run, "send", full)
    ending = Ending.begin(run, grace=30)
    wait(lambda: ending.look())
    assert process.poll() == -signal.SIGTERM


def test_what_stands_still_has_ended(make: Make):
    run = make()
    assert Ending(run).look()
    assert not run.is_asked(Command.STOP)
