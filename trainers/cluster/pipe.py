"""A model host as an actor of a Ray cluster, on standard streams: `python -m trainers.cluster.pipe ADDRESS`.

It stands where ssh stands for another machine (`explorer.workers.remote`): what comes in is given to
`backends.host --far` beside the actor, and what that says comes out. It ends with its input, and the actor
with it. Exit codes as of ssh: 255 where there is no connection, with a sentence on the error stream.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from trainers.cluster import baggage, places

NAMESPACE = "latent-explorer"
NO_CONNECTION = 255
PIECE = 1 << 18
START_S = 300.0  # for an actor to be placed and begun
ANSWER_S = 30.0
POLL_S = 5.0  # that a reading waits in the cluster for something to come


def main(address: str) -> int:
    sink = os.dup(1)
    os.dup2(2, 1)  # what Ray prints must not get between the messages
    try:
        import ray

        ray.init(address, namespace=NAMESPACE, log_to_driver=False, logging_level="error")
        ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
        actor = _hired(ray)
    except Exception as error:  # noqa: BLE001 - boundary: whatever Ray raises becomes a sentence
        _say(error, address)
        return 1 if isinstance(error, ImportError) else NO_CONNECTION
    threading.Thread(target=_give, args=(ray, actor), daemon=True).start()
    try:
        return _take(ray, actor, sink)
    except Exception as error:  # noqa: BLE001 - boundary, as above
        _say(error, address)
        return NO_CONNECTION


def _hired(ray: Any) -> Any:
    """An actor with a processor, and a GPU where the cluster has any; begun."""
    gpus = min(1, ray.cluster_resources().get("GPU", 0))
    options = {"num_cpus": 1, "num_gpus": gpus, "max_concurrency": 4}
    actor = ray.remote(Host).options(**options).remote()
    ray.get(actor.begin.remote(baggage.package({"data": ""})), timeout=START_S)
    return actor


def _give(ray: Any, actor: Any) -> None:
    """All that comes in, in its order; at the end of it the process is over."""
    number, last = 0, None
    while data := os.read(0, PIECE):
        if last is not None and number % 8 == 0:
            ray.get(last, timeout=ANSWER_S)  # not more on the way than is taken
        last = actor.write.remote(number, data)
        number += 1
    os._exit(0)


def _take(ray: Any, actor: Any, sink: int) -> int:
    while True:
        data, code, said = ray.get(actor.read.remote(POLL_S), timeout=ANSWER_S)
        view = memoryview(data)
        while view:
            view = view[os.write(sink, view) :]
        if code is not None:
            print(said, file=sys.stderr, flush=True)  # noqa: T201 - the words that the other side shows
            return int(code)


def _say(error: Exception, address: str) -> None:
    lines = str(error).strip().splitlines() or [repr(error)]
    print(places.scrub(lines[-1], address), file=sys.stderr, flush=True)  # noqa: T201 - as above


class Host:
    """The actor: a model host as its child. It goes to the cluster by value and imports nothing of ours."""

    def begin(self, package: bytes) -> None:
        """Unpack what was sent and start the host."""
        import io
        import subprocess
        import tempfile
        import zipfile

        self.folder = tempfile.TemporaryDirectory(prefix="latent-explorer-")
        zipfile.ZipFile(io.BytesIO(package)).extractall(self.folder.name)
        environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "backends.host", "--far"], cwd=self.folder.name, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
        )  # fmt: skip
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stderr
        self.sink, self.source, self.words = self.process.stdin, self.process.stdout, self.process.stderr
        self.came, self.turn = threading.Condition(), threading.Lock()
        self.data, self.over, self.said = bytearray(), False, b""
        self.next, self.early = 0, dict[int, bytes]()
        for target in (self._out, self._errors):
            threading.Thread(target=target, daemon=True).start()

    def write(self, number: int, data: bytes) -> None:
        """Give the host a piece; those that come before their turn wait."""
        with self.turn:
            self.early[number] = data
            while self.next in self.early:
                view = memoryview(self.early.pop(self.next))
                while view:
                    view = view[self.sink.write(view) :]
                self.next += 1

    def read(self, seconds: float) -> tuple[bytes, int | None, str]:
        """What the host has said since the last time, its exit code at its end, and its last words."""
        with self.came:
            self.came.wait_for(lambda: self.data or self.over, seconds)
            data, self.data = bytes(self.data), bytearray()
            code = self.process.wait() if self.over and not data else None
        return data, code, self.said[-2000:].decode(errors="replace")

    def _out(self) -> None:
        while data := os.read(self.source.fileno(), PIECE):
            with self.came:
                self.data += data
                self.came.notify()
        with self.came:
            self.over = True
            self.came.notify()

    def _errors(self) -> None:
        for line in self.words:
            self.said = self.said[-2000:] + line


if __name__ == "__main__":
    code = main(sys.argv[1])
    sys.stderr.flush()
    os._exit(code)
