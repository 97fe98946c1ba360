"""The process that follows a run, before a made-up cluster: what it says, fetches and carries over."""

from __future__ import annotations

import io
import itertools
import os
from dataclasses import asdict

import pytest

from backends.errors import ExplorerError
from tests.trainers.conftest import Make
from trainers import changes
from trainers.api import Command, Phase
from trainers.cluster import host, places
from trainers.cluster.folder import FarFolder
from trainers.cluster.host import Following
from trainers.cluster.line import Away, Gone
from trainers.cluster.places import Wish
from trainers.cluster.told import Told
from trainers.files import write_json
from trainers.processes import birth
from trainers.registry import trainer
from trainers.runs import Run, State


class Cluster:
    """Stands for `Line` and all behind it. `plot` has what happens at each look, in turn."""

    def __init__(self, folder) -> None:
        self.home, self.jobs, self.plot, self.ended, self.looks = folder, {}, [], [], 0
        self.far: FarFolder | None = None
        self.status = "RUNNING"
        self.message = ""

    def __call__(self, address, log, breathe):
        if self.plot and self.plot[0] == "unreachable":
            self.plot.pop(0)
            raise Away
        return self

    def do(self, verb, content=b"", **given):
        if verb == "submit":
            self.jobs[given["job"]] = {**given, "package": len(content)}
            _, _, _, number, name, _ = given["entrypoint"].split()
            self.far = FarFolder(str(self.home / number / name))
            for inner in ("samples", "checkpoints", "control"):
                (self.far.run.folder / inner).mkdir(parents=True)
            self.run = self.far.run
        if verb == "status":
            job = self.jobs.get(given["job"], {"status": ""})
            return {"status": job.get("status", self.status), "message": self.message}
        if verb in ("cancel", "end"):
            self.ended.append(verb)
        return {}

    def ask(self, actor, method, **given):
        if self.far is None or not self.far.run.folder.exists():
            raise Gone
        if method == "look":
            self.looks += 1
            if self.plot and (event := self.plot.pop(0)) is not None:
                event()
        return getattr(self.far, method)(**given)

    def close(self):
        pass

    # What may happen there

    def trains(self, step, phase=Phase.TRAINING):
        def event():
            self.run.write_state(State(phase, step, 40, os.getpid(), birth(os.getpid()), 1.0, "there"))
            self.run.add_metrics(step, step / 10, {"loss": 1.0})
            (self.run.folder / "checkpoints" / f"{step:07d}.safetensors").write_bytes(b"c" * step)

        return event

    def ends(self, step, phase=Phase.FINISHED, code=0):
        def event():
            self.trains(step, phase)()
            write_json(self.far.ended, {"code": code})

        return event

    def away(self):
        raise Away

    def lost(self):
        for job in self.jobs.values():
            job["status"] = "FAILED"
        self.far = None
        raise Gone


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    made = Cluster(tmp_path / "there")
    monkeypatch.setattr(places, "is_installed", lambda: True)
    monkeypatch.setattr(host, "Line", made)
    monkeypatch.setattr(host.baggage, "package", lambda asked: bytes(200_000))
    for name in ("LOOK_S", "STOP_S", "GONE_S", "QUIET_S"):
        monkeypatch.setattr(host, name, 0.0)
    monkeypatch.setattr(host, "AGAIN_S", (0.0,))
    return made


@pytest.fixture
def run(make: Make, cluster):
    made = make()
    places.assign(made, Wish("secret.example.org", 2))
    return made


def follow(run: Run) -> tuple[int, Following]:
    following = Following(run, places.wish_of(run), Told.of(run), io.BytesIO())
    following.told.enter(Phase.PREPARING, "")
    return following.to_the_end(), following


def failure(run: Run) -> str:
    with pytest.raises(ExplorerError) as error:
        follow(run)
    return str(error.value)


def test_a_run_is_sent_followed_fetched_and_cleared_away(run, cluster):
    cluster.plot = [None, cluster.trains(10), cluster.trains(20), cluster.ends(40)]
    assert follow(run)[0] == 0
    assert run.phase() is Phase.FINISHED
    assert [path.stem for path in run.checkpoints()] == ["0000010", "0000020", "0000040"]
    assert [line["step"] for line in run.metrics()] == [10, 20, 40]
    (job,) = cluster.jobs.values()
    assert (job["cpus"], job["gpus"]) == (2, 0)
    assert job["package"] > 100_000
    assert not cluster.far.run.folder.exists()
    assert cluster.ended == ["end"]
    assert run.asked()["cluster"]["job"] == job["job"]
    assert not any(b"secret" in path.read_bytes() for path in run.folder.rglob("*") if path.is_file())


def test_commands_are_carried_over_and_a_stop_is_done_when_all_is_here(run, cluster):
    def obeys():
        cluster.taken = cluster.run.take_requests()
        cluster.ends(30, Phase.STOPPED)()

    run.send(Command.SET, learning_rate=0.05)
    run.send(Command.STOP)
    cluster.plot = [None, cluster.trains(10), obeys]
    assert follow(run)[0] == 0
    assert [request.command for request in cluster.taken] == [Command.SET, Command.STOP]
    assert cluster.taken[0].values == {"learning_rate": 0.05}
    assert run.phase() is Phase.STOPPED
    assert int(run.checkpoints()[-1].stem) == 30


def test_a_lost_connection_is_told_and_it_goes_on(run, cluster):
    said = []

    def look():
        said.append(run.state())

    cluster.plot = [None, cluster.trains(10), cluster.away, "unreachable", look, cluster.ends(40)]
    assert follow(run)[0] == 0
    assert "not heard from since" in said[0].message
    assert said[0].phase is Phase.TRAINING
    assert run.phase() is Phase.FINISHED
    assert len(cluster.jobs) == 1


def test_a_job_that_is_there_already_is_followed_and_waiting_changes_are_asked_for(run, cluster):
    cluster.plot = [None, cluster.trains(10), lambda: (_ for _ in ()).throw(host.Left)]
    with pytest.raises(host.Left):
        follow(run)
    changes.ask(run, trainer("vae").INFO.settings, {"learning_rate": "0.05"})

    def obeys():
        cluster.taken = cluster.run.take_requests()
        cluster.ends(40)()

    cluster.plot = [None, cluster.trains(20), None, obeys]
    assert follow(run)[0] == 0
    assert len(cluster.jobs) == 1
    assert [request.values for request in cluster.taken] == [{"learning_rate": 0.05}]
    assert run.phase() is Phase.FINISHED


def test_a_lost_worker_is_a_sentence_and_the_next_job_gets_the_checkpoints(run, cluster, monkeypatch):
    monkeypatch.setattr("trainers.cluster.baggage.is_whole", lambda content: True)
    cluster.plot = [None, cluster.trains(10), cluster.trains(20), None, cluster.lost]
    assert "lost the worker" in (text := failure(run))
    assert "step 20" in text
    cluster.plot = [None, cluster.ends(40)]
    assert follow(run)[0] == 0
    assert len(cluster.jobs) == 2
    assert [line["step"] for line in run.metrics()] == [10, 20, 40]


def test_a_training_that_was_killed_there_is_told_with_its_last_words(run, cluster):
    def killed():
        cluster.ends(20, Phase.INTERRUPTED, -9)()
        cluster.run.log.write_text("Out of memory on secret.example.org\n")

    cluster.plot = [None, cluster.trains(10), killed]
    assert follow(run)[0] == 2
    message = run.state().message
    assert run.phase() is Phase.FAILED
    assert "code -9" in message
    assert "Out of memory on the cluster" in message
    assert "step 20" in message


def test_a_job_that_can_not_begin_says_why(run, cluster):
    def submitted(verb, content=b"", **given):
        told = Cluster.do(cluster, verb, content, **given)
        cluster.far = None
        cluster.status, cluster.message = "FAILED", "…\nModuleNotFoundError: No module named 'torch'\n"
        return told

    cluster.do = submitted
    assert "No module named 'torch'" in failure(run)


def test_a_job_that_was_given_to_a_dead_machine_is_sent_anew(run, cluster, monkeypatch):
    monkeypatch.setattr(host.time, "time", itertools.count(10.0).__next__)

    def submitted(verb, content=b"", **given):
        told = Cluster.do(cluster, verb, content, **given)
        if verb == "submit" and len(cluster.jobs) < 3:
            cluster.far = None
            cluster.jobs[given["job"]]["status"] = "FAILED"
            cluster.message = "The actor's node was terminated unexpectedly: health check failed"
        return told

    cluster.do = submitted
    cluster.plot = [None, cluster.ends(40)]
    assert follow(run)[0] == 0
    assert len(cluster.jobs) == 3
    assert run.phase() is Phase.FINISHED


def test_another_version_there_is_refused_and_the_job_ended(run, cluster, monkeypatch):
    monkeypatch.setattr(host, "SPEAKS", 99)
    assert "another version" in failure(run)
    assert cluster.ended == ["cancel"]


def test_a_wrong_address_is_given_up_but_a_known_job_is_not(run, cluster):
    cluster.plot = ["unreachable"] * 2
    assert "Is its address right" in failure(run)
    host_job = {**run.asked()["cluster"], "job": f"{run.name}-1-2"}
    run.note(cluster=host_job)
    cluster.plot = ["unreachable"] * 9 + [None, cluster.ends(40)]
    assert follow(run)[0] == 0
    run.note(cluster={**host_job, "job": f"{run.name}-1-3"})
    cluster.plot = ["unreachable"] * 9
    run.send(Command.STOP)
    assert "could not be told to stop" in failure(run)


def test_what_it_says_is_its_own_process(run):
    told = Told.of(run)
    told.take(State(Phase.TRAINING, 7, 40, 1, 2.0, 3.0, "x", 4.0, 5.0, 6))
    assert (told.state.pid, told.state.step, told.state.memory) == (os.getpid(), 7, 6)
    told.beat(now=True)
    assert asdict(run.state())["phase"] is Phase.TRAINING
    assert told.failed("It broke.") == 2
    assert run.events()[-1]["text"] == "It broke."
