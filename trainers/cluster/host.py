"""The process that follows one run of a cluster: `python -m trainers.cluster.host RUN_FOLDER`.

To everybody here it is what `trainers.host` is: it holds the folder's lock, says where the run stands, takes
commands. It submits the job, or finds the one that this run has already, and copies what is made there. Ended
by force it leaves the job at work; started again it goes on following. Exit codes as of `trainers.host`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import sys
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import IO, Any

from backends.errors import ExplorerError
from trainers import changes, queued
from trainers.api import Command, Phase, Request
from trainers.cluster import baggage, places
from trainers.cluster.folder import SPEAKS, Answer
from trainers.cluster.line import Away, Fault, Gone, Line
from trainers.cluster.mirror import Mirror, send
from trainers.cluster.told import Told
from trainers.files import FULL
from trainers.processes import holding
from trainers.runs import Run, State, state_told

LOOK_S = 0.5  # between two looks at the folder there
AGAIN_S = (1.0, 2.0, 4.0, 8.0, 15.0)  # between two attempts to reach the cluster
FIRST_ATTEMPTS = 2  # before anything was submitted; then the address is wrong
STOP_S = 60.0  # for which a stop waits for a cluster that can't be reached
GONE_S = 90.0  # for which an actor that is gone may be started again
SILENT_S = 10.0  # without an answer, before that is said
QUIET_S = 30.0  # after which a job that trains nothing (any more) is asked for
AGAIN = 5  # times that a job is sent anew when it was given to a machine that is no more
DEAD_NODE = "node was terminated"  # in what Ray then says
LAST_S = 1.0  # after its last word a process stays, for those who read the word before it
RUNNING = ("PENDING", "RUNNING")
UNTOLD = ("The cluster can't be reached, so the job could not be told to stop; it may go on there.",
          "Resume follows it again.")  # fmt: skip
OTHER_VERSION = ("Latent Explorer in the cluster is another version.",
                 "Install the same there, or have it sent: --resources package=sent.")  # fmt: skip
STOPPING = "Stopping: a checkpoint is being written there."
SENT = ("metrics.jsonl", "events.jsonl", "log.txt", "loggers.json")  # so that its curves have no seam


class Left(Exception):
    """This process was told to end; the job goes on."""


def main(arguments: list[str]) -> int:
    run = Run(Path(arguments[0]).resolve())
    with holding(run.folder / "lock", 2.0) as mine:
        if not mine:
            print(f"Another process is at work in {run.name}.", file=sys.stderr)  # noqa: T201
            return 3
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _leave)
        code = _follow(run)
        with contextlib.suppress(Left):
            time.sleep(LAST_S)
    with contextlib.suppress(ExplorerError, OSError):
        queued.start_next(run.folder.parent)
    return code


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise Left


def _follow(run: Run) -> int:
    """Follow, and turn every end into a phase and a sentence."""
    told = Told.of(run)
    try:
        told.enter(Phase.PREPARING, "Connecting to the cluster.")
        wish = places.wish_of(run)
        with places.log_of(run).open("ab") as log:
            return Following(run, wish, told, log).to_the_end()
    except Left:
        return 0
    except ExplorerError as error:
        return told.failed(str(error))
    except OSError as error:
        return told.failed(
            f"{error.strerror or error} ({error.filename or run.folder}). Resume, and it goes on."
        )
    except Exception as error:  # noqa: BLE001 - boundary: any fault becomes a sentence, details go to our log
        traceback.print_exc()
        return told.failed(f"Following the job ended with an error ({error!r}). Resume to follow it again.")


class Following:
    """One run in hand: the line to the cluster, the copy, what was asked and not yet said there."""

    def __init__(self, run: Run, wish: places.Wish, told: Told, log: IO[bytes]) -> None:
        self.run, self.wish, self.told, self.log = run, wish, told, log
        self.line: Line | None = None
        self.mirror = Mirror(run, self.ask)
        self.outbox: list[Request] = []
        self.number = places.number_of(run)
        self._heard = time.time()
        self._following = False
        self._stop_since = 0.0
        self._gone_since = self._quiet_since = 0.0
        self._attempts = self._again = 0

    # What happens

    def to_the_end(self) -> int:
        """Submit or find the job, follow it, fetch all; an exit code."""
        while True:
            try:
                return self._once()
            except (Away, Fault) as error:
                self._drop_line()
                self._bear(error)
            except Gone:
                self._judge_loss()
                self._wait(2 * LOOK_S)
            except OSError as error:
                if error.errno not in FULL:
                    raise
                self.told.say("The disk is full here: nothing more is fetched. The job goes on; make room.")
                self._wait(AGAIN_S[-1])

    def _once(self) -> int:
        """All of it on one connection. Raises `Away` when that is lost."""
        self._connect()
        if not self._is_there():
            self._submit()
        if not self._await_folder():
            self.told.enter(Phase.STOPPED, "Stopped before the job began; nothing was lost.")
            return 0
        return self._copy_to_the_end()

    def _connect(self) -> None:
        if self.line is None:
            self.line = Line(self.wish.address, self.log, self._breathe)

    def _is_there(self) -> bool:
        """Whether this run has a job already: at work, or with results that were not fetched."""
        job = self._job
        if not job:
            return False
        if self._status()["status"] in RUNNING:
            return True
        try:
            told, _ = self.ask("look")
        except Gone:
            return False
        if not told["begun"]:  # its job ended before it was sent anything
            self._clear_away()
        return bool(told["begun"])

    def _submit(self) -> None:
        """Send our package and have the job queued there. The job's name is on record before it exists."""
        self._note(job=f"{self.run.name}-{self.number}-{int(time.time() * 1000)}")
        self.told.enter(Phase.PREPARING, "Sending the job to the cluster.")
        package = baggage.package(self.run.asked()) if self.wish.package == "sent" else b""
        name = shlex.quote(self.run.name)
        entry = f"python -m trainers.cluster.job {self._actor} {name} {self.wish.cpus:g}"
        assert self.line is not None
        self.line.do("submit", package, job=self._job, entrypoint=entry,
                     cpus=self.wish.cpus, gpus=self.wish.gpus)  # fmt: skip

    def _await_folder(self) -> bool:
        """Wait for the job to begin, and send what it needs; False when it was stopped before."""
        while True:
            try:
                told, _ = self.ask("look")
            except Gone:
                if self._take_stop():
                    self._cancel()
                    return False
                self._judge_waiting()
                self._wait(2 * LOOK_S)
                continue
            if told.get("speaks") != SPEAKS:
                self._cancel()
                raise ExplorerError(*OTHER_VERSION)
            if told["begun"]:
                self._tell_changes()
            else:
                self._send_all()
            return True

    def _judge_waiting(self) -> None:
        """Why there is no folder yet. Raises `ExplorerError` when there never will be."""
        status = self._status()
        if status["status"] == "PENDING":
            self.told.say(f"Waits in the cluster for {self.wish.words()}.")
        elif status["status"] == "RUNNING":
            self.told.say("The job begins.")
        elif DEAD_NODE in status["message"] and self._again < AGAIN:
            self._again += 1  # Ray had not noticed yet that a machine is gone
            self._submit()
        else:
            lines = [line.strip() for line in status["message"].splitlines() if line.strip()]
            why = places.scrub(lines[-1], self.wish.address) if lines else "Ray gave no reason."
            raise ExplorerError(f"The job ended before it trained: {why}", "Resume to send it again.")

    def _send_all(self) -> None:
        """What the training needs: what was asked, its curves so far, newest checkpoints, small data."""
        data, content, sentence = baggage.data_of(self.run.asked())
        if sentence:
            self.told.say(sentence)
        files = [*baggage.checkpoints_of(self.run), *map(self.run.folder.joinpath, SENT)]
        for path in files:
            if path.is_file():
                name = path.relative_to(self.run.folder).as_posix()
                self.told.say(f"Sending {path.name}.")
                send(self.ask, name, path.read_bytes(), self.told.beat)
        if content:
            self.told.say(f"Sending {len(content) / 1e6:.1f} MB of data.")
            send(self.ask, "data.zip", content, self.told.beat)
        asked = {**self.run.intact(), "data": data}
        del asked["cluster"]
        send(self.ask, "run.json", json.dumps(asked).encode(), self.told.beat)
        state = self.told.state
        self.ask("begin", step=state.step, steps=state.steps, seconds=state.seconds)

    def _tell_changes(self) -> None:
        """Settings that were changed here while nobody followed the job: they are asked for there."""
        waiting = {c["name"]: c["new"] for c in changes.of(self.run.asked()) if c["step"] is None}
        if waiting:
            self.outbox.append(Request(Command.SET, waiting))

    def _copy_to_the_end(self) -> int:
        while True:
            try:
                told = self.mirror.step()
            except Gone:
                self._judge_loss()
                self._wait(2 * LOOK_S)
                continue
            self._gone_since, self._heard, self._attempts = 0.0, time.time(), 0
            self._following = True
            there = state_told(told["state"])
            if not self._is_over(told, there):
                self._show(there)
            elif not self.mirror.waiting:
                return self._finish(there, told["ended"])
            else:
                self.told.say("Fetching what was made.")
            self._say_outbox()
            self._wait(0.0 if self.mirror.waiting else LOOK_S)

    def _is_over(self, told: dict[str, Any], there: State) -> bool:
        """Whether nothing more is coming: the training has ended there, or the job that began it has."""
        if there.phase.live:
            self._quiet_since = 0.0
            return False
        if told["ended"] or there.phase is Phase.INTERRUPTED:
            return True
        self._quiet_since = self._quiet_since or time.monotonic()
        if time.monotonic() - self._quiet_since < QUIET_S:
            return False
        self._quiet_since = time.monotonic()
        return self._status()["status"] not in RUNNING

    def _show(self, there: State) -> None:
        """Say what the training there says of itself."""
        self.told.take(there)
        if self._stop_since:
            self.told.state.phase, self.told.state.message = Phase.STOPPING, STOPPING
        elif not there.phase.live:  # it has not begun yet, or has just said its last word
            self.told.state.phase = Phase.EVALUATING if there.step else Phase.PREPARING
        self.told.beat()

    def _finish(self, there: State, ended: dict[str, Any]) -> int:
        """All is here: the folder there may go."""
        self._clear_away()
        self._drop_line()
        self.told.take(there)
        if there.phase in (Phase.FINISHED, Phase.STOPPED, Phase.FAILED) and there.heartbeat:
            self.told.enter(there.phase, places.scrub(there.message, self.wish.address))
            return 2 if there.phase is Phase.FAILED else 0
        last = places.scrub(self.run.last_words(), self.wish.address)
        code = f" (code {ended['code']})" if ended.get("code") else ""
        self.told.failed(f"The training's process in the cluster was ended{code}. {last} {self._goes_on()}")
        return 2

    def _clear_away(self) -> None:
        """Have the folder there removed; where that fails, it removes itself in some days."""
        with contextlib.suppress(Away, Gone, Fault):
            self.ask("leave")
            assert self.line is not None
            self.line.do("end", actor=self._actor)

    def _judge_loss(self) -> None:
        """The actor is gone. Raises `ExplorerError` when the job is too, or it does not come back."""
        self._gone_since = self._gone_since or time.monotonic()
        status = self._status()["status"]
        if status in RUNNING and time.monotonic() - self._gone_since < GONE_S:
            self.told.say("The job's folder does not answer; waiting for it.")
            return
        if status in RUNNING:
            self._cancel()
        raise ExplorerError("The cluster has lost the worker of this training.", self._goes_on())

    def _goes_on(self) -> str:
        kept = self.run.checkpoints()
        at = f"the checkpoint of step {int(kept[-1].stem)}, which is here" if kept else "the start"
        return f"Resume it: it goes on from {at}."

    # The connection

    def ask(self, method: str, **given: Any) -> Answer:
        """What `FarFolder` answers. Raises `Away`, `Gone`, `ExplorerError`."""
        self._connect()
        assert self.line is not None
        return self.line.ask(self._actor, method, **given)

    def _bear(self, error: Exception) -> None:
        """Wait until the next attempt. Raises `ExplorerError` when there is no sense in another."""
        self._attempts += 1
        if not self._job and self._attempts >= FIRST_ATTEMPTS:
            said = error.what if isinstance(error, Fault) else "The cluster can't be reached."
            raise ExplorerError(said, "Is its address right, is there a way to it (a tunnel)? Then resume.")
        if self._stop_since and time.monotonic() - self._stop_since > STOP_S:
            raise ExplorerError(*UNTOLD)
        self._say_silence()
        self._wait(AGAIN_S[min(self._attempts, len(AGAIN_S)) - 1])

    def _drop_line(self) -> None:
        if self.line is not None:
            self.line.close()
            self.line = None

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        self._breathe()
        while time.monotonic() < deadline:
            time.sleep(0.05)
            self._breathe()

    def _breathe(self) -> None:
        """Take what is asked here, and give a sign of life."""
        for request in self.run.take_requests():
            self.outbox.append(request)
            if request.command is Command.STOP:
                self._stop_since = self._stop_since or time.monotonic()
                self.told.state.phase = Phase.STOPPING
                self.told.say(STOPPING)
        if self._following and time.time() - self._heard > SILENT_S:
            self._say_silence()
        self.told.beat()

    def _say_silence(self) -> None:
        since = time.strftime("%H:%M:%S", time.localtime(self._heard))
        waiting = " It will be told to stop." if self._stop_since else ""
        self.told.say(f"The cluster was not heard from since {since}; trying again.{waiting}")

    def _say_outbox(self) -> None:
        """Carry what was asked to the training."""
        self._breathe()
        while self.outbox:
            request = self.outbox[0]
            self.ask("ask", command=request.command.value, values=dict(request.values))
            self.outbox.pop(0)

    def _take_stop(self) -> bool:
        return any(request.command is Command.STOP for request in self.outbox)

    def _status(self) -> dict[str, Any]:
        self._connect()
        assert self.line is not None
        return self.line.do("status", job=self._job)

    def _cancel(self) -> None:
        assert self.line is not None
        self.line.do("cancel", job=self._job)

    @property
    def _job(self) -> str:
        return str(self.run.intact()["cluster"].get("job", ""))

    @property
    def _actor(self) -> str:
        """The job's name without the run's, which a person may give it."""
        return "-".join(self._job.rsplit("-", 2)[1:])

    def _note(self, **facts: Any) -> None:
        self.run.note(cluster={**self.run.intact()["cluster"], **facts})


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)
