"""Processes that are measured beside the window: started once, asked again and again in lines of JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from backends.api import ExplorerError
from explorer.workers.processes import ROOT, host_environment


class Beside:
    """`python -m MODULE ARGUMENTS…` that answers a line of JSON with a line of JSON; a context manager."""

    def __init__(self, module: str, *arguments: str) -> None:
        self.module = module
        environment = {**host_environment(), "QT_QPA_PLATFORM": "offscreen"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT, text=True,
        )  # fmt: skip

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def ask(self, **request: Any) -> Any:
        """The answer to one request. Raises `ExplorerError` when the process has ended."""
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except OSError:
            answer = ""
        if not answer:
            raise ExplorerError(f"{self.module} ended while it was measured.", "Its reason is printed above.")
        return json.loads(answer)
