"""Checkpoints: all that going on needs, in one `.safetensors` file. Data only, never code.

Tensors are named `network/NAME/…`, `average/…` and `optimiser/NAME/INDEX/KEY`; the metadata has the step
and the seconds trained. Random numbers and the order of the data are pure functions of (seed, step),
so they need no saving.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends.errors import BadModel, ExplorerError
from trainers.averaging import Average
from trainers.lazy import Lazy
from trainers.learner import Learner

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazy("torch")

FORMAT = 1
KEEP = 2


def snapshot(learner: Learner, average: Average) -> dict[str, Tensor]:
    """Copies, in memory, of everything that learns; training may go on while they are written."""
    found: dict[str, Tensor] = {}
    for name, network in learner.networks.items():
        found |= {f"network/{name}/{key}": value for key, value in network.state_dict().items()}
    if average.decay:
        found |= {f"average/{key}": value for key, value in average.model.state_dict().items()}
    for name, optimiser in learner.optimisers.items():
        for index, state in optimiser.state_dict()["state"].items():
            found |= {f"optimiser/{name}/{index}/{key}": torch.as_tensor(v) for key, v in state.items()}
    return {key: value.detach().to("cpu", copy=True).contiguous() for key, value in found.items()}


def restore(tensors: dict[str, Tensor], learner: Learner, average: Average) -> None:
    """Put a snapshot back. Raises `BadModel` when it belongs to other networks."""
    try:
        for name, network in learner.networks.items():
            network.load_state_dict(_below(tensors, f"network/{name}/"))
        if average.decay:
            average.model.load_state_dict(_below(tensors, "average/"))
        for name, optimiser in learner.optimisers.items():
            state: dict[int, dict[str, Tensor]] = {}
            for key, value in _below(tensors, f"optimiser/{name}/").items():
                index, field = key.split("/")
                state.setdefault(int(index), {})[field] = value
            groups = optimiser.state_dict()["param_groups"]
            optimiser.load_state_dict({"state": state, "param_groups": groups})
            _lay_out_like_weights(optimiser)
    except (RuntimeError, KeyError, ValueError) as error:
        raise BadModel("The checkpoint belongs to other settings.", "Start a new run.") from error


def _lay_out_like_weights(optimiser: torch.optim.Optimizer) -> None:
    """Bring moments into their weights' order in memory; a fused optimiser pairs them by address."""
    for weight, state in optimiser.state.items():
        for key, value in state.items():
            if value.shape == weight.shape:
                state[key] = torch.empty_like(weight).copy_(value).detach()


def write(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write a checkpoint atomically; then remove all but the newest `KEEP`."""
    from safetensors.torch import save

    from backends.native import write_atomically

    metadata = {"latent_explorer_checkpoint": json.dumps({"format": FORMAT, **facts})}
    write_atomically(path, save(tensors, metadata))
    for old in sorted(path.parent.glob("[0-9]*.safetensors"))[:-KEEP]:
        old.unlink(missing_ok=True)


def read_newest(paths: list[Path]) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Tensors and facts of the newest checkpoint that can be read, None when there is none."""
    for path in sorted(paths, reverse=True):
        try:
            return _read(path)
        except (OSError, ValueError, KeyError, ExplorerError):
            continue  # damaged by the disk; the one before it is kept for this
    return None


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            facts = json.loads(file.metadata()["latent_explorer_checkpoint"])
            return {name: file.get_tensor(name).clone() for name in file.keys()}, facts  # noqa: SIM118
    except (SafetensorError, TypeError) as error:
        raise BadModel(f"{path.name} can't be read: {error}") from error


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}


class Writer:
    """Writes in a thread, one thing at a time, so that training does not wait for the disk."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._error: OSError | None = None

    def submit(self, work: Callable[[], object]) -> None:
        """Do `work` soon; first waits for, and reports, what was submitted before."""
        self.finish()
        self._thread = threading.Thread(target=self._run, args=(work,), name="checkpoint writer")
        self._thread.start()

    def finish(self) -> None:
        """Wait until all is on the disk. Raises the `OSError` of a full or broken disk."""
        if self._thread:
            self._thread.join()
            self._thread = None
        if self._error:
            error, self._error = self._error, None
            raise error

    def _run(self, work: Callable[[], object]) -> None:
        try:
            work()
        except OSError as error:
            self._error = error
