"""Reads folders of runs, a line each, and forks a training for each; prints its process number."""

from __future__ import annotations

import os
import signal
import sys

import trainers.loop
from trainers import data, host
from trainers.registry import trainers_by_family


def main() -> None:
    trainers_by_family()
    trainers.loop.torch.manual_seed(0)  # loads torch
    data.load("digits", 16)  # and scikit-learn
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are no zombies
    for line in sys.stdin:
        if pid := os.fork():
            print(pid, flush=True)  # noqa: T201 - the answer
            continue
        os.setsid()
        log = os.open(f"{line.strip()}/log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os._exit(host.main([line.strip()]))


if __name__ == "__main__":
    main()
