"""Several processes that train one model, on the cores, GPUs or machines there are: data parallel.

Each process has the whole network and learns from its share of every batch; before each step of an optimiser
the gradients are averaged over all. Batches, noise and the statistics of batch norm are those of the whole
batch, so that a team computes what one process would, but for the order of sums. The first process leads: it
alone reads commands and writes the folder. What is shared goes through `torch.distributed`: gloo for
processors, NCCL for NVIDIA's GPUs.

Not `DistributedDataParallel` itself: it averages in the one backward pass after one `forward`, and the steps
here have several of both (games), penalties, and methods besides `forward`. What it does is done before an
optimiser's step instead, in one message.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends.errors import BadSettings, LostProcess
from trainers.api import Settings, TrainerInfo
from trainers.lazy import Lazy
from trainers.learner import Learner

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazy("torch")

ROOT = Path(__file__).resolve().parent.parent
MEETING = (
    "LATENT_EXPLORER_TEAM"  # for followers that we start: where to meet, their number, how many there are
)
GO, END, CHANGE = 0, 1, 2  # what the leader says before each step
PATIENCE = timedelta(days=30)  # a paused leader is waited for; a dead one is noticed at once
BROKEN = ("closed", "reset", "peer", "timed out", "timeout", "gloo", "nccl")  # words in errors of a lost line


@dataclass
class Team:
    """One process's place among `size`. Alone, all of it does nothing."""

    rank: int = 0
    size: int = 1
    device: Any = None  # torch.device of this process

    def share(self, value: Any = None) -> Any:
        """What the leader gives; every process must ask."""
        if self.size == 1:
            return value
        box = [value]
        torch.distributed.broadcast_object_list(box, src=0)
        return box[0]

    def say(self, word: int, value: Any = None) -> None:
        """The leader says what comes next: a step (`GO`), other settings (`CHANGE`, `value`), the `END`."""
        if self.size > 1:
            torch.distributed.broadcast(torch.tensor([word]), src=0)
            if word == CHANGE:
                self.share(value)

    def hear(self) -> tuple[int, Any]:
        """The other side of `say`."""
        said = torch.zeros(1, dtype=torch.int64)
        torch.distributed.broadcast(said, src=0)
        return int(said), self.share() if int(said) == CHANGE else None

    def join(self, learner: Learner) -> Learner:
        """Make a learner one of the team's: its gradients and its batch norm are everybody's."""
        if self.size > 1:
            from trainers.shared.batch_norm import synchronise

            for network in learner.networks.values():
                synchronise(network)
            for optimiser in learner.optimisers.values():
                optimiser.register_step_pre_hook(lambda one, *_: share_gradients(one))
        return learner

    def mine(self, rows: Tensor) -> Tensor:
        """This process's share of a batch's rows `[B]`."""
        return rows.view(self.size, -1)[self.rank]

    def noise(self, count: int) -> contextlib.AbstractContextManager[Any]:
        """Within, random numbers are those of the whole batch; a process gets those of its `count` rows."""
        if self.size == 1:
            return contextlib.nullcontext()
        from trainers.shared.noise import SharedNoise

        return SharedNoise(count, self.rank, self.size)

    def mean(self, values: dict[str, Tensor]) -> dict[str, Tensor]:
        """The values of a step, averaged over all."""
        if self.size == 1 or not values:
            return values
        names = sorted(values)
        together = torch.stack([values[name].detach().float().to(self.device) for name in names])
        torch.distributed.all_reduce(together)
        return dict(zip(names, together / self.size, strict=True))


_now = Team()


def now() -> Team:
    """The team this process belongs to; it is alone unless a training with several has begun."""
    return _now


def share_gradients(optimiser: torch.optim.Optimizer) -> None:
    """Average gradients over the team, where there is one. Again, it changes nothing.

    To be called before gradients are clipped; before each step it is done anyhow.
    """
    if _now.size == 1:
        return
    weights = [
        weight for group in optimiser.param_groups for weight in group["params"] if weight.grad is not None
    ]
    if not weights:
        return
    flat = torch.cat([weight.grad.reshape(-1) for weight in weights])
    torch.distributed.all_reduce(flat)
    flat /= _now.size
    for weight, part in zip(weights, flat.split([weight.numel() for weight in weights]), strict=True):
        weight.grad.copy_(part.view_as(weight.grad))


def check(info: TrainerInfo, settings: Settings, size: int) -> None:
    """Raise `BadSettings` for what can't be trained by a team of that size."""
    if size == 1:
        return
    why = settings.why_whole() if info.spreads else "its loss looks at the batch as a whole"
    if why:
        what = f"{info.title} can't be trained by several processes: {why}."
        raise BadSettings(what, "Train it with one process.")
    if settings.batch % size or settings.batch < 2 * size:
        what = f"A batch of {settings.batch} can't be shared evenly by {size} processes."
        raise BadSettings(what, f"Choose a multiple of {size}, at least {2 * size}.")


def size_of(asked: dict[str, Any]) -> int:
    """How many processes a run is to have: those of `torchrun`, else those it was made with."""
    given = os.environ.get("WORLD_SIZE") if "RANK" in os.environ else asked.get("processes")
    return max(1, int(given or 1))


@contextlib.contextmanager
def gathered(size: int, device: torch.device) -> Iterator[Team]:
    """The team that this process leads; followers are started here unless `torchrun` has done so.

    Raises `LostProcess` when one of them ends on the way, `BadSettings` for a device that can't be shared.
    """
    if size == 1:
        yield Team(device=device)
        return
    followers = _Followers(size)
    try:
        with _joined(followers.meeting, 0, size, device) as team:
            yield team
            team.say(END)
    except RuntimeError as error:
        if not any(word in str(error).lower() for word in BROKEN):
            raise
        what = f"One of the {size} processes of this training has ended."
        advice = "Resume it: it goes on from its newest checkpoint. Its last words are in the log."
        raise LostProcess(what, advice) from error
    finally:
        followers.end()


@contextlib.contextmanager
def following() -> Iterator[Team]:
    """The team of a process that follows, as its environment says."""
    meeting, rank, size = "", os.environ.get("RANK", ""), os.environ.get("WORLD_SIZE", "")
    if MEETING in os.environ:
        meeting, rank, size = os.environ[MEETING].rsplit(",", 2)
    with _joined(meeting, int(rank), int(size), None) as team:
        yield team


@contextlib.contextmanager
def _joined(meeting: str, rank: int, size: int, device: torch.device | None) -> Iterator[Team]:
    """The process group while it lasts; a follower's device is of the leader's kind."""
    global _now
    distributed = torch.distributed
    kinds = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and distributed.is_nccl_available() else "gloo"
    where = f"file://{meeting}" if meeting else "env://"
    distributed.init_process_group(kinds, where, timeout=PATIENCE, rank=rank, world_size=size)
    try:
        _now = Team(rank, size)
        _now.device = own_device(_now.share(device.type if device is not None else None), rank)
        yield _now
    finally:
        _now = Team()
        with contextlib.suppress(RuntimeError):  # of a line that is broken
            distributed.destroy_process_group()


def own_device(kind: str, rank: int) -> torch.device:
    """The device of a process of the team: each has a GPU of its own. Raises `BadSettings`."""
    if kind == "cpu":
        return torch.device("cpu")
    if kind != "cuda":
        raise BadSettings(f"{kind} can't be shared by several processes.", "Choose the device cpu.")
    local = int(os.environ.get("LOCAL_RANK", rank))
    if local >= torch.cuda.device_count():
        what = f"There are {torch.cuda.device_count()} GPUs here, fewer than processes."
        raise BadSettings(what, "Use fewer processes, or the device cpu.")
    torch.cuda.set_device(local)
    return torch.device("cuda", local)


@dataclass
class _Followers:
    """The processes that follow this one on its machine, and the file by which they meet.

    With `torchrun` there are none: it has started them.
    """

    size: int
    meeting: str = ""
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _folder: tempfile.TemporaryDirectory[str] | None = None

    def __post_init__(self) -> None:
        if "RANK" in os.environ:
            return
        self._folder = tempfile.TemporaryDirectory(prefix="latent-explorer-")
        self.meeting = str(Path(self._folder.name) / "meeting")
        if sys.platform == "linux":  # they are all on this machine: nothing is to be heard outside
            os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        for rank in range(1, self.size):
            environment = {**os.environ, MEETING: f"{self.meeting},{rank},{self.size}"}
            command = [sys.executable, "-m", "trainers.follower"]
            self._processes.append(
                subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
            )

    def end(self) -> None:
        """Let those that were told go; the others have nothing left to do."""
        for process in self._processes:
            try:
                process.wait(2.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._folder is not None:
            self._folder.cleanup()
