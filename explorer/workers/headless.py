"""The model host without a window: for the headless verbs, tests and scripts. No Qt; calls wait."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, cast

import numpy as np

from backends.api import ExplorerError, ModelInfo, Reply
from backends.wire import StreamClosed, read_message, write_message
from explorer.workers.processes import host_environment, host_module, importable


class Host:
    """A model host of one's own; use it as a context manager.

    `with Host() as host: images = host.generate(info, codes)`

    It is on the machine that `LATENT_EXPLORER_HOST` names, else here.
    """

    def __init__(self, threads: int | None = None) -> None:
        environment = importable(host_environment(threads or max(1, (os.cpu_count() or 2))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", host_module()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self._stamps = itertools.count(1)

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stream(
        self,
        verb: str,
        model: str = "",
        *,
        options: dict[str, Any] | None = None,
        arrays: dict[str, np.ndarray] | None = None,
    ) -> Iterator[Reply]:
        """Every reply to one request, the result last. Raises `ExplorerError` for an error reply."""
        source, sink = cast(BinaryIO, self._process.stdout), cast(BinaryIO, self._process.stdin)
        stamp = next(self._stamps)
        head = {"verb": verb, "model": model, "options": options or {}, "priority": 0, "stamp": stamp}
        try:
            write_message(sink, head, arrays or {})
            while True:
                got, received = read_message(source)
                reply = Reply(got["stamp"], got["kind"], got["data"], received)
                _heed_line(reply)
                if reply.stamp != stamp:
                    continue
                if reply.kind == "error":
                    raise ExplorerError(*reply.problem)
                yield reply
                if reply.kind == "result":
                    return
        except StreamClosed as error:
            raise ExplorerError(
                "The model host has ended.", "See the messages above for its reason."
            ) from error

    def call(
        self,
        verb: str,
        model: str = "",
        *,
        options: dict[str, Any] | None = None,
        arrays: dict[str, np.ndarray] | None = None,
    ) -> Reply:
        """The result of one request."""
        *_, last = self.stream(verb, model, options=options, arrays=arrays)
        return last

    def generate(
        self,
        info: ModelInfo,
        codes: np.ndarray,
        truncation: float = 1.0,
        knobs: Mapping[str, float] | None = None,
    ) -> np.ndarray:
        """Images uint8 `[N, H, W, C]` of packed codes `[N, D]`; `knobs` as in `Code.options`."""
        options = {**(knobs or {}), "truncation": truncation}
        reply = self.call("generate", info.path, options=options, arrays={"codes": codes})
        return reply.arrays["images"]

    def close(self) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.close()
            self._process.wait(5)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


def _heed_line(reply: Reply) -> None:
    """Say that another machine is away; raise `ExplorerError` when it can't be reached at all."""
    if reply.stamp or not reply.data.get("what"):
        return
    error = ExplorerError(*reply.problem)
    if reply.data.get("state") == "failed":
        raise error
    print(error, file=sys.stderr, flush=True)  # noqa: T201 - a verb's terminal
