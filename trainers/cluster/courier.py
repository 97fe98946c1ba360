"""The child process that holds the connection to the cluster: `python -m trainers.cluster.courier`.

It alone imports Ray. It is asked on its standard input and answers on its output (`backends.wire`), one at a
time; whatever Ray's client does when a connection breaks, the parent ends this process and starts another.
The first line has the address, so that it stands in no list of processes.

All goes through the one port of Ray's clients: jobs are submitted by a function that runs in the cluster,
where the address of its dashboard is known, and files go through the actor beside the job.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from typing import Any, BinaryIO

import numpy as np

from backends.wire import StreamClosed, read_message, write_message
from trainers.cluster import crew

NAMESPACE = "latent-explorer"
CALL_S = 25.0  # for one answer of the actor
JOB_S = 120.0  # for one of the cluster's job server
LOST = ("RayActorError", "ActorDiedError", "ActorUnavailableError", "ActorUnschedulableError")
TRY_AGAIN = ("GetTimeoutError", "RpcError", "_InactiveRpcError", "_MultiThreadedRendezvous")


def main() -> int:
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what Ray prints must not get between the messages
    head, _ = read_message(source)
    try:
        cluster = Cluster(str(head["address"]))
    except Exception as error:  # noqa: BLE001 - boundary: whatever Ray raises becomes a message
        _answer(sink, _told(error))
        return 1
    _answer(sink, {"kind": "value", "value": {}})
    while True:
        try:
            head, arrays = read_message(source)
        except StreamClosed:
            return 0
        try:
            value, content = cluster.do(head, arrays)
            _answer(sink, {"kind": "value", "value": value}, content)
        except Exception as error:  # noqa: BLE001 - boundary, as above
            _answer(sink, _told(error))


class Cluster:
    """A connection; each verb gives a dictionary and bytes."""

    def __init__(self, address: str) -> None:
        import ray

        self.ray = ray
        context = ray.init(address, namespace=NAMESPACE, log_to_driver=False, logging_level="error")
        self.dashboard = getattr(context, "dashboard_url", "") or ""
        for module in (sys.modules[__name__], crew):  # they are not installed there
            ray.cloudpickle.register_pickle_by_value(module)
        self.crew = crew.Crew(ray)
        self.actors: dict[str, Any] = {}

    def do(self, head: dict[str, Any], arrays: dict[str, np.ndarray]) -> tuple[dict[str, Any], bytes]:
        content = arrays["content"].tobytes() if "content" in arrays else b""
        verbs: dict[str, Any] = {
            "submit": self.submit,
            "status": self.status,
            "cancel": self.cancel,
            "end": self.end,
        }
        if head.get("pool"):
            return self.crew.do(head["verb"], content, head["given"])
        if (verb := verbs.get(head["verb"])) is not None:
            return verb(content=content, **head["given"]), b""
        given = {**head["given"], **({"content": content} if "content" in arrays else {})}
        return self.call(head["actor"], head["verb"], given)

    def call(self, name: str, method: str, given: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """What a method of the actor of that name answers."""
        if name not in self.actors:
            self.actors[name] = self.ray.get_actor(name, namespace=NAMESPACE)
        try:
            text, content = self.ray.get(self.actors[name].ask.remote(method, given), timeout=CALL_S)
        except Exception:
            del self.actors[name]  # the next one looks for it anew
            raise
        told = json.loads(text)
        if "error" in told:
            raise RuntimeError(told["error"])
        return told, content

    def submit(
        self, job: str, entrypoint: str, cpus: float, gpus: float, content: bytes = b""
    ) -> dict[str, Any]:
        """Submit a job, with our package where `content` has it."""
        return self._there(_submit, job, entrypoint, cpus, gpus, content)

    def status(self, job: str, content: bytes = b"") -> dict[str, Any]:
        """`status` of a job (empty where there is none) and what Ray says of it."""
        return self._there(_status, job)

    def cancel(self, job: str, content: bytes = b"") -> dict[str, Any]:
        """Stop a job that has not begun, or that answers nothing."""
        return self._there(_cancel, job)

    def end(self, actor: str, content: bytes = b"") -> dict[str, Any]:
        """End the actor of a run that was fetched."""
        self.ray.kill(self.ray.get_actor(actor, namespace=NAMESPACE), no_restart=True)
        return {}

    def _there(self, function: Any, *given: Any) -> dict[str, Any]:
        there = self.ray.remote(num_cpus=0, max_retries=0)(function)
        told: dict[str, Any] = self.ray.get(there.remote(self.dashboard, *given), timeout=JOB_S)
        return told


def _submit(
    dashboard: str, job: str, entrypoint: str, cpus: float, gpus: float, package: bytes
) -> dict[str, Any]:
    import pathlib
    import tempfile

    from ray.job_submission import JobSubmissionClient

    with tempfile.TemporaryDirectory() as folder:
        environment: dict[str, Any] = {}
        if package:
            path = pathlib.Path(folder) / "latent-explorer.zip"
            path.write_bytes(package)
            environment["working_dir"] = str(path)
        JobSubmissionClient(f"http://{dashboard}").submit_job(
            entrypoint=entrypoint, submission_id=job, runtime_env=environment,
            entrypoint_num_cpus=cpus, entrypoint_num_gpus=gpus or None,
            metadata={"application": "latent-explorer"},
        )  # fmt: skip
    return {}


def _status(dashboard: str, job: str) -> dict[str, Any]:
    from ray.job_submission import JobSubmissionClient

    try:
        info = JobSubmissionClient(f"http://{dashboard}").get_job_info(job)
    except RuntimeError as error:
        if "does not exist" not in str(error):
            raise
        return {"status": "", "message": ""}
    return {"status": str(getattr(info.status, "value", info.status)), "message": str(info.message or "")}


def _cancel(dashboard: str, job: str) -> dict[str, Any]:
    from ray.job_submission import JobSubmissionClient

    JobSubmissionClient(f"http://{dashboard}").stop_job(job)
    return {}


def _told(error: Exception) -> dict[str, Any]:
    """An error as a message; what is not to be expected goes into the log too."""
    kind = _kind(error)
    if kind != "gone":
        print(time.strftime("%F %T"), repr(error), file=sys.stderr, flush=True)  # noqa: T201 - the log
    return {"kind": kind, "text": f"{type(error).__name__}: {error}"}


def _kind(error: Exception) -> str:
    """`away`: to be tried again; `gone`: the actor is no more; `refused`: trying again mends nothing."""
    name, text = type(error).__name__, str(error).lower()
    if isinstance(error, ImportError):
        return "refused"
    if name in LOST or (isinstance(error, ValueError) and "failed to look up actor" in text):
        return "gone"
    if "authenticat" in name.lower() or "authenticat" in text:
        return "denied"
    if isinstance(error, RuntimeError) and "version" in text and ("ray" in text or "python" in text):
        return "unlike"
    if isinstance(error, (ConnectionError, TimeoutError)) or "ConnectionError" in name or name in TRY_AGAIN:
        return "away"
    return "fault"


def _answer(sink: BinaryIO, head: dict[str, Any], content: bytes = b"") -> None:
    with contextlib.suppress(StreamClosed):  # the parent has ended; the next read finds out
        write_message(sink, head, {"content": np.frombuffer(content, np.uint8)} if content else {})


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # Ray's client may take long to let go of a broken connection
