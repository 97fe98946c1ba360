"""The entry point of the Ray job: `python -m trainers.cluster.job ID NAME CPUS`.

It makes the run's folder on its node, starts an actor beside itself that gives the folder to the mirror,
waits until all is there that the training needs, and trains as everywhere: with `trainers.host`, in a process
of its own. The actor outlives the job, so that nothing is lost when nobody listens as the training ends.
"""

from __future__ import annotations

import getpass
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from backends.errors import BadData
from trainers.cluster import baggage
from trainers.cluster.folder import FarFolder
from trainers.files import write_json
from trainers.runs import ROOT, Run

NAMESPACE = "latent-explorer"
PATIENCE = 15 * 60.0  # seconds for all to be sent, since the last piece
LOOK = 0.2
RESTARTS = 3  # of the actor, on the same node


def main(arguments: list[str]) -> int:
    """Train the run that is sent; the exit code of the training."""
    number, name, cpus = arguments
    run = Run(_home() / number / name)
    for inner in ("samples", "checkpoints", "control"):
        (run.folder / inner).mkdir(parents=True, exist_ok=True)
    offer(number, run.folder)
    if not _arrived(FarFolder(str(run.folder))):
        print("Nothing more was sent; the job ends.", file=sys.stderr)  # noqa: T201 - the job's log
        return 1
    write_json(run.folder.parent / "ended.json", {"code": train(run, int(float(cpus)))})
    return 0


def offer(number: str, folder: Path) -> None:
    """Start the actor that gives the folder; a job that Ray starts again finds the one it has."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    ray.init(address="auto", namespace=NAMESPACE, log_to_driver=False)
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    options: dict[str, Any] = {"name": number, "lifetime": "detached", "get_if_exists": True, "num_cpus": 0,
                               "max_restarts": RESTARTS, "scheduling_strategy": here}  # fmt: skip
    actor = ray.remote(Door).options(**options).remote(str(folder))
    ray.get(actor.ask.remote("look", {}))


class Door:
    """The actor: `FarFolder` for those who can't import it, as Ray's server for clients can't.

    So answers are JSON and bytes, and what goes wrong is an answer too: `{"error": …}`.
    """

    def __init__(self, folder: str) -> None:
        from trainers.cluster import folder as far

        self.folder = far.FarFolder(folder, mind=True)

    def ask(self, method: str, given: dict[str, Any]) -> tuple[str, bytes]:
        try:
            told, content = getattr(self.folder, method)(**given)
        except Exception as error:  # noqa: BLE001 - boundary: see above
            return json.dumps({"error": f"{type(error).__name__}: {error}"}), b""
        return json.dumps(told), content


def train(run: Run, threads: int) -> int:
    """Train in a process that ends with this one; a stop of the job is a stop with a checkpoint."""
    sent = run.folder / "data.zip"
    try:
        if sent.exists():
            baggage.unpack(sent, run.folder.parent / "data")
    except BadData as error:
        run.log.write_text(f"{error}\n")
        return 2
    environment = baggage.environment_of(run.folder.parent, threads)
    command = [sys.executable, "-m", "trainers.host", str(run.folder)]
    with run.log.open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda *_: process.terminate())
    return process.wait()


def _arrived(folder: FarFolder) -> bool:
    """Wait until all was sent; False when it stops coming."""
    seen, since = -1, time.monotonic()
    while not folder.begun.exists():
        size = sum(path.stat().st_size for path in folder.run.folder.rglob("*") if path.is_file())
        if size != seen:
            seen, since = size, time.monotonic()
        if time.monotonic() - since > PATIENCE:
            folder.leave()
            return False
        time.sleep(LOOK)
    return True


def _home() -> Path:
    """Where the runs of jobs lie on this node; nobody else can look into it."""
    home = Path(tempfile.gettempdir()) / f"latent-explorer-jobs-{getpass.getuser()}"
    home.mkdir(mode=0o700, exist_ok=True)
    if home.stat().st_uid != os.getuid():
        raise PermissionError(f"{home} belongs to somebody else")
    return home


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.exit(code)
