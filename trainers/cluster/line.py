"""The connection to a cluster: starts the courier, asks it, sorts what goes wrong. No torch, no Ray."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import IO, Any, cast

import numpy as np

from backends.errors import ExplorerError
from backends.wire import StreamClosed, read_message, write_message
from trainers.cluster.folder import Answer
from trainers.cluster.places import NO_RAY, is_installed, scrub
from trainers.runs import ROOT

CONNECT_S = 60.0
PATIENCE_S = 45.0  # without an answer: then the courier hangs with its connection
SUBMIT_S = 180.0
SLICE_S = 0.2
SAID = {
    "denied": ("The cluster asks for a token.", "Ray looks for it in RAY_AUTH_TOKEN and ~/.ray/auth_token."),
    "unlike": ("The cluster has another version of Ray or Python.", "Both ends need the same."),
}  # fmt: skip


class Away(Exception):
    """The cluster does not answer; to be tried again."""


class Gone(Exception):
    """The cluster answers, but the actor that was asked is no more (or not yet)."""


class Fault(ExplorerError):
    """The cluster answers that something went wrong there that we don't know."""


class Line:
    """A connection. Whatever is asked may raise `Away`, `Gone` or `ExplorerError`.

    `breathe` is called while an answer is waited for.
    """

    def __init__(self, address: str, log: IO[bytes], breathe: Callable[[], None] = lambda: None) -> None:
        if not is_installed():
            raise NO_RAY
        self.address, self.breathe = address, breathe
        command = [sys.executable, "-m", "trainers.cluster.courier"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        )
        self._answers: queue.SimpleQueue[tuple[dict[str, Any], dict[str, np.ndarray]] | None]
        self._answers = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self._exchange({"address": address}, {}, CONNECT_S)
        except BaseException:
            self.close()
            raise

    def do(self, verb: str, content: bytes = b"", **given: Any) -> dict[str, Any]:
        """`submit`, `status`, `cancel` or `end`."""
        arrays = {"content": np.frombuffer(content, np.uint8)} if content else {}
        return self._exchange({"verb": verb, "given": given}, arrays, SUBMIT_S)[0]

    def ask(self, actor: str, method: str, content: bytes | None = None, **given: Any) -> Answer:
        """A method of an actor."""
        arrays = {} if content is None else {"content": np.frombuffer(content, np.uint8)}
        return self._exchange({"verb": method, "actor": actor, "given": given}, arrays, PATIENCE_S)

    def pool(self, verb: str, content: bytes = b"", **given: Any) -> Answer:
        """What the crew (`trainers.cluster.crew`) does."""
        arrays = {"content": np.frombuffer(content, np.uint8)} if content else {}
        return self._exchange({"verb": verb, "pool": True, "given": given}, arrays, SUBMIT_S)

    def close(self) -> None:
        """End the courier, however it is."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _exchange(self, head: dict[str, Any], arrays: dict[str, np.ndarray], seconds: float) -> Answer:
        try:
            write_message(cast(Any, self._process.stdin), head, arrays)
        except StreamClosed:
            raise Away from None
        found = self._wait(seconds)
        if found is None:
            raise Away
        told, content = found
        if told["kind"] == "value":
            return told["value"], content["content"].tobytes() if "content" in content else b""
        raise self._error(told["kind"], scrub(str(told["text"]), self.address))

    def _wait(self, seconds: float) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                return self._answers.get(timeout=SLICE_S)
            except queue.Empty:
                self.breathe()
        return None

    def _error(self, kind: str, text: str) -> Exception:
        if kind == "away":
            return Away(text)
        if kind == "gone":
            return Gone(text)
        if kind in SAID:
            return ExplorerError(*SAID[kind])
        last = text.strip().splitlines()[-1] if text.strip() else "no reason was given"
        return Fault(f"The cluster could not do it: {last.strip().rstrip('.')}.")

    def _read(self) -> None:
        try:
            while True:
                self._answers.put(read_message(cast(Any, self._process.stdout)))
        except (StreamClosed, ValueError):
            self._answers.put(None)
