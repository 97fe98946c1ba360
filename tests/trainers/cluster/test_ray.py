"""Trainings on a real cluster: a Ray head on the loopback and two workers. Needs the extra `cluster`."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from tests.trainers.conftest import NARROW, SMALL, Make, wait
from trainers import checkpoints, runs
from trainers.api import Command, Phase
from trainers.cluster import places
from trainers.cluster.places import Wish
from trainers.runs import Run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason="Ray (the extra `cluster`) is not here"
    ),
]
LONG = {**SMALL, **NARROW, "steps": 100_000, "checkpoint_every": 50, "sample_every": 500, "device": "cpu"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """A head that has no processors and two workers with one each, all on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clients, self.head_port = folder, free_port(), free_port()
        self.log = folder.parent / "nodes.txt"
        self.environment = {
            **os.environ, "RAY_USAGE_STATS_ENABLED": "0",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE",
        }  # fmt: skip
        self.head = self._start(
            "--head", f"--port={self.head_port}", "--num-cpus=0", f"--ray-client-server-port={self.clients}",
            f"--dashboard-port={free_port()}", "--dashboard-host=127.0.0.1", f"--temp-dir={folder}",
        )  # fmt: skip
        wait(lambda: self.answers(self.clients) and self._joined(0), 120)
        self.workers = [self.add_worker() for _ in range(2)]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.clients}"

    def add_worker(self) -> subprocess.Popen[bytes]:
        """A worker that has joined; on a busy machine Ray itself gives up after half a minute."""
        for _ in range(4):
            one = self._start(f"--address=127.0.0.1:{self.head_port}", "--num-cpus=1")
            begun = self.log.stat().st_size
            wait(lambda one=one, begun=begun: one.poll() is not None or self._joined(begun), 120)
            if one.poll() is None:
                return one
        raise AssertionError(self.log.read_text())

    def _joined(self, begun: int) -> bool:
        return b"Ray runtime started" in self.log.read_bytes()[begun:]

    def worker_of(self, process: psutil.Process) -> subprocess.Popen[bytes]:
        """The worker in whose session a process of a job is, or that is its forefather."""
        above = {one.pid for one in process.parents()}
        return next(one for one in self.workers if one.pid in above)

    def answers(self, port: int) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Kill a node with all that it started, at once: as when its machine is switched off."""
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        for act in (psutil.Process.suspend, psutil.Process.kill):
            for one in family:
                with contextlib.suppress(psutil.Error):
                    act(one)
        process.wait()

    def close(self) -> None:
        for process in (*self.workers, self.head):
            if process.poll() is None:
                self.end(process)

    def _start(self, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats",
                   "--node-ip-address=127.0.0.1", "--object-store-memory=100000000", *options]  # fmt: skip
        command.append(f"--dashboard-agent-listen-port={free_port()}")
        with self.log.open("ab") as log:
            return subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log, process_group=0)  # fmt: skip


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:  # a short path
        one = Cluster(Path(folder) / "t")
        yield one
        one.close()


class Tunnel:
    """A way to a port that can be closed and opened."""

    def __init__(self, port: int) -> None:
        self.target, self.open, self.pairs = port, True, list[socket.socket]()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def shut(self) -> None:
        self.open = False
        for one in self.pairs:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.pairs.clear()

    def _serve(self) -> None:
        while True:
            one, _ = self.server.accept()
            if not self.open:
                one.close()
                continue
            other = socket.create_connection(("127.0.0.1", self.target))
            self.pairs += [one, other]
            for source, sink in ((one, other), (other, one)):
                threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def trainer_of(run: Run) -> psutil.Process:
    """The process that trains a run in the cluster."""
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if (
            "trainers.host" in line
            and any("latent-explorer-jobs-" in part for part in line)
            and run.name in line[-1]
        ):
            return process
    raise AssertionError("nobody trains it")


def sent(make: Make, cluster_address: str, **given: object) -> Run:
    run = make(**{**LONG, **given})
    places.assign(run, Wish(cluster_address))
    runs.start(run)
    return run


def learns(run: Run, past: int) -> None:
    wait(lambda: run.state().step > past or not run.phase().live, 1200)
    assert run.phase() is Phase.TRAINING, run.state()


def test_a_run_is_followed_paused_changed_left_found_stopped_and_goes_on(make: Make, cluster, tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, images=np.random.default_rng(0).integers(0, 255, (200, 16, 16), np.uint8))
    run = sent(make, cluster.address, data=f"npz:{path}")
    learns(run, 60)
    assert run.metrics()
    assert run.samples()
    run.send(Command.PAUSE)
    wait(lambda: run.phase() is Phase.PAUSED)
    run.send(Command.SET, learning_rate=5e-4)
    run.send(Command.RESUME)
    wait(lambda: any(event["kind"] == "setting" for event in run.events()))
    wait(lambda: bool(run.checkpoints()))

    job, far = run.asked()["cluster"]["job"], trainer_of(run)
    os.kill(run.state().pid, signal.SIGKILL)
    wait(lambda: run.phase() is Phase.INTERRUPTED)
    step = run.state().step
    assert far.is_running()
    runs.start(run)
    learns(run, step)
    assert run.asked()["cluster"]["job"] == job
    assert trainer_of(run) == far

    run.send(Command.STOP)
    wait(lambda: not run.phase().live, 600)
    assert run.phase() is Phase.STOPPED, run.state()
    assert int(run.checkpoints()[-1].stem) == run.state().step
    assert run.model.exists()
    assert run.asked()["data"] == f"npz:{path}"
    wait(lambda: not far.is_running())
    steps = [line["step"] for line in run.metrics()]
    assert steps == sorted(set(steps))
    stopped = run.state().step
    runs.start(run)
    learns(run, stopped)
    assert run.asked()["cluster"]["job"] != job
    assert any(event["text"] == f"Went on from step {stopped}." for event in run.events())
    run.send(Command.STOP)
    wait(lambda: not run.phase().live, 600)
    kept = [one for one in run.folder.rglob("*") if one.is_file()]
    assert not [one.name for one in kept if cluster.address.encode() in one.read_bytes()]


def test_stopped_and_resumed_there_equals_never_stopped_here(make: Make, cluster):
    given = {"steps": 120, "checkpoint_every": 40}
    here = make(**{**LONG, **given})
    runs.start(here)
    wait(lambda: not here.phase().live)
    there = sent(make, cluster.address, **given)
    wait(lambda: there.state().step > 0 or not there.phase().live, 1200)
    there.send(Command.STOP)
    wait(lambda: not there.phase().live, 600)
    if there.phase() is Phase.STOPPED:
        runs.start(there)
        wait(lambda: not there.phase().live, 1200)
    assert there.phase() is Phase.FINISHED, there.state()
    one, other = (checkpoints.read(run.checkpoints()[-1])[0] for run in (here, there))
    assert one.keys() == other.keys()
    assert all((one[name] == other[name]).all() for name in one)


def test_a_connection_that_is_lost_comes_back_and_the_job_goes_on_meanwhile(make: Make, cluster):
    tunnel = Tunnel(cluster.clients)
    run = sent(make, f"127.0.0.1:{tunnel.port}")
    learns(run, 20)
    tunnel.shut()
    wait(lambda: "not heard from since" in run.state().message)
    assert run.phase() is Phase.TRAINING
    step, far = run.state().step, trainer_of(run)
    time.sleep(2)
    tunnel.open = True
    learns(run, step)
    wait(lambda: "not heard" not in run.state().message)
    assert trainer_of(run) == far
    run.send(Command.STOP)
    wait(lambda: not run.phase().live, 600)
    assert run.phase() is Phase.STOPPED


def test_a_worker_that_is_lost_ends_it_resumably_elsewhere(make: Make, cluster):
    run = sent(make, cluster.address)
    learns(run, 60)
    wait(lambda: bool(run.checkpoints()))
    cluster.end(cluster.worker_of(trainer_of(run)))
    wait(lambda: not run.phase().live, 1200)
    state = run.state()
    assert state.phase is Phase.FAILED
    kept = int(run.checkpoints()[-1].stem)
    assert "lost the worker" in state.message or "was ended" in state.message  # whoever finds out first
    assert "Resume it" in state.message
    assert f"step {kept}" in state.message
    runs.start(run)
    learns(run, kept)
    assert any(event["text"] == f"Went on from step {kept}." for event in run.events())
    run.send(Command.STOP)
    wait(lambda: not run.phase().live, 600)
    assert run.phase() is Phase.STOPPED
    cluster.workers.append(cluster.add_worker())


def encoded(cluster, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "main.py", "encode", "digits-vae", "--data", "digits", "--shard", "32",
               "--cluster", cluster.address, "--workers", "2", "--out", str(out), *more]  # fmt: skip
    environment = {**os.environ, "LATENT_EXPLORER_HOME": str(out.parent / "home")}
    return subprocess.run(
        command, cwd=runs.ROOT, env=environment, text=True, capture_output=True, check=False
    )


def test_two_actors_encode_what_one_host_does_though_one_is_killed(cluster, tmp_path):
    from backends.catalog import find
    from trainers.cluster.encoder import Encoder

    stop = threading.Event()

    def kill_one() -> None:
        """End the first actor that has begun, once something is done."""
        while not stop.is_set() and not list((tmp_path / "codes.npz.shards").glob("*.npy")):
            time.sleep(0.01)
        hands = [
            p for p in psutil.process_iter(["cmdline"]) if "ray::Hand" in " ".join(p.info["cmdline"] or [])
        ]
        for one in hands[:1]:
            killed.append(one.pid)
            one.kill()

    killed: list[int] = []
    killer = threading.Thread(target=kill_one)
    killer.start()
    done = encoded(cluster, tmp_path / "codes.npz")
    stop.set()
    killer.join()
    assert done.returncode == 0, done.stderr
    assert killed
    one = Encoder(find("digits-vae").path, "digits", "all", 0)
    with np.load(tmp_path / "codes.npz") as found:
        expected = np.concatenate([one.encode(at, at + 32) for at in range(0, len(one.data), 32)])
        assert np.allclose(found["codes"], expected, atol=1e-5)
        assert (found["labels"] == one.data.labels).all()


def test_a_worker_that_lacks_the_data_says_so(cluster, tmp_path):
    done = encoded(cluster, tmp_path / "codes.npz", "--data", "npz:/nowhere/at-all.npz")
    assert done.returncode == 2
    assert "/nowhere/at-all.npz" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_host_in_the_cluster_gives_the_pictures_of_this_computer(cluster, tmp_path):
    """An actor with the host's own protocol; the model is copied there, exact pictures come back."""
    given = ["sample", "digits-vae", "--count", "9", "--seed", "4"]
    environment = {**os.environ, "LATENT_EXPLORER_CACHE": str(tmp_path / "cache")}
    for out, more in (("here.png", []), ("there.png", ["--host", f"ray://{cluster.address}"])):
        command = [sys.executable, "main.py", *given, "--out", str(tmp_path / out), *more]
        subprocess.run(command, cwd=runs.ROOT, env=environment, check=True)
    pictures = [np.asarray(Image.open(tmp_path / name)) for name in ("here.png", "there.png")]
    assert (pictures[0] == pictures[1]).all()
