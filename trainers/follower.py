"""A process that trains with others and follows their leader: `python -m trainers.follower`.

It learns from its share of each batch, writes nothing, and ends with its leader. All it must know it is told,
so that it may be on another machine; only the data must be there too.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

from backends.errors import ExplorerError
from trainers import data
from trainers.registry import trainer
from trainers.team import BROKEN, CHANGE, END, Team, following

PR_SET_PDEATHSIG = 1


def main() -> int:
    """Follow until the end; 0, or 1 when the leader was lost."""
    for number in (signal.SIGTERM, signal.SIGINT):  # the leader decides
        signal.signal(number, signal.SIG_IGN)
    try:
        with following() as team:
            follow(team)
    except RuntimeError as error:
        if not any(word in str(error).lower() for word in BROKEN):
            raise
        return 1
    except ExplorerError as error:
        print(error, file=sys.stderr, flush=True)  # noqa: T201 - the log of the run
        return 2
    return 0


def follow(team: Team) -> None:
    """Learn with the others, step by step, until the leader says that it is over."""
    from trainers import checkpoints
    from trainers.averaging import Average
    from trainers.batches import Batches
    from trainers.loop import learn, take_settings
    from trainers.preparing import half_precision

    told = team.share()
    found = trainer(told["family"])
    settings = found.INFO.settings.from_mapping(told["settings"])
    loaded = data.load(told["data"], settings.image_size, limit=settings.limit)
    if loaded.checksum() != told["checksum"]:
        raise ExplorerError(f"The data of {told['data']} is not the same in all processes.", "Copy it anew.")
    learner = team.join(found.build(settings, loaded, team.device))
    batches = Batches.of(loaded, settings.batch, settings.seed, team.device, team)
    begin = team.share()
    alone = Average(learner.model, 0.0)  # only the leader keeps an average
    checkpoints.restore(begin["tensors"], learner, alone)
    step, half = int(begin["step"]), half_precision(team.device)
    while True:
        word, change = team.hear()
        if word == END:
            return
        if word == CHANGE:
            take_settings(learner, change)
            continue
        learn(learner, batches, step, half, team)
        step += 1


def _die_with_leader() -> None:
    """Of a follower that its leader started; one of `torchrun` has a parent that sees to it."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    _die_with_leader()
    code = main()
    sys.stderr.flush()
    os._exit(code)  # taking torch apart would go on for seconds
