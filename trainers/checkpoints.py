"""Checkpoints: all that going on needs, in one `.safetensors` file. Data only, never code.

Tensors are named `network/NAME/…`, `average/…` and `optimiser/NAME/INDEX/KEY`; the metadata has the step,
the seconds trained, and a SHA-256 over every byte of the file but its own. Random numbers and the order of
the data are pure functions of (seed, step), so they need no saving.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends.errors import BadModel, BadSettings, ExplorerError
from trainers.averaging import Average
from trainers.lazy import Lazy
from trainers.learner import Learner
from trainers.retention import Rule, surplus

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazy("torch")

FORMAT = 2  # files of format 1 have no checksum
KEY = "latent_explorer_checkpoint"
BLANK = "0" * 64  # stands for the checksum while it is taken
Tensors = dict[str, "Tensor"]


def snapshot(learner: Learner, average: Average) -> Tensors:
    """Copies, in memory, of everything that learns; training may go on while they are written."""
    found: Tensors = {}
    for name, network in learner.networks.items():
        found |= {f"network/{name}/{key}": value for key, value in network.state_dict().items()}
    if average.decay:
        found |= {f"average/{key}": value for key, value in average.model.state_dict().items()}
    for name, optimiser in learner.optimisers.items():
        for index, state in optimiser.state_dict()["state"].items():
            found |= {f"optimiser/{name}/{index}/{key}": torch.as_tensor(v) for key, v in state.items()}
    return {key: value.detach().to("cpu", copy=True).contiguous() for key, value in found.items()}


def restore(tensors: Tensors, learner: Learner, average: Average) -> None:
    """Put a snapshot back. Raises `BadModel` when it belongs to other networks."""
    try:
        for name, network in learner.networks.items():
            network.load_state_dict(_below(tensors, f"network/{name}/"))
        if average.decay:
            average.model.load_state_dict(_averaged(tensors))
        for name, optimiser in learner.optimisers.items():
            state: dict[int, Tensors] = {}
            for key, value in _below(tensors, f"optimiser/{name}/").items():
                index, field = key.split("/")
                state.setdefault(int(index), {})[field] = value
            groups = optimiser.state_dict()["param_groups"]
            optimiser.load_state_dict({"state": state, "param_groups": groups})
            _lay_out_like_weights(optimiser)
    except (RuntimeError, KeyError, ValueError) as error:
        raise BadModel("The checkpoint belongs to other settings.", "Start a new run.") from error


def _averaged(tensors: Tensors) -> Tensors:
    """The averaged weights; where averaging was switched on just now, it begins at the trained ones."""
    return _below(tensors, "average/") or _below(tensors, "network/model/")


def _lay_out_like_weights(optimiser: torch.optim.Optimizer) -> None:
    """Bring moments into their weights' order in memory; a fused optimiser pairs them by address."""
    for weight, state in optimiser.state.items():
        for key, value in state.items():
            if value.shape == weight.shape:
                state[key] = torch.empty_like(weight).copy_(value).detach()


def write(path: Path, tensors: Tensors, facts: dict[str, Any], rule: Rule | None = None) -> None:
    """Write a checkpoint to the disk for good, then remove those that the rule no longer keeps.

    Atomic, flushed, and read back before anything old goes. Raises `OSError` for a full or broken disk,
    `BadSettings` for weights that are no numbers: such a checkpoint would only push out good ones.
    """
    from backends.native import write_atomically

    _refuse_nonsense(tensors, facts)
    content = _bytes(tensors, facts)
    write_atomically(path, content)
    if path.read_bytes() != content:
        raise OSError(5, "What was written reads back differently", str(path))
    _remove_surplus(path.parent, rule or Rule())


def _bytes(tensors: Tensors, facts: dict[str, Any]) -> bytes:
    from safetensors.torch import save

    described = json.dumps({"format": FORMAT, **facts})
    content = save(tensors, {KEY: described, "checksum": BLANK})
    return content.replace(BLANK.encode(), hashlib.sha256(content).hexdigest().encode(), 1)


def _refuse_nonsense(tensors: Tensors, facts: dict[str, Any]) -> None:
    for name, tensor in tensors.items():
        if name.startswith("network/") and tensor.is_floating_point() and not tensor.isfinite().all():
            what = f"At step {facts['step']} the weights stopped being finite numbers."
            raise BadSettings(what, "The checkpoint before is kept; start again with a lower learning rate.")


def _remove_surplus(folder: Path, rule: Rule) -> None:
    files = {int(path.stem): path for path in folder.glob("[0-9]*.safetensors")}
    best = bool(rule.figure)
    for step in surplus({step: _figure(path, rule) if best else None for step, path in files.items()}, rule):
        files[step].unlink(missing_ok=True)


def _figure(path: Path, rule: Rule) -> float | None:
    """The figure that the checkpoint noted, if it is the one asked for."""
    try:
        facts = read_facts(path)
    except ExplorerError:
        return None
    return facts.get("figure") if facts.get("figure_name") == rule.figure else None


def read_facts(path: Path) -> dict[str, Any]:
    """What a checkpoint says of itself, without its tensors. Raises `BadModel`."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            return dict(json.loads(file.metadata()[KEY]))
    except (SafetensorError, OSError, TypeError, KeyError, ValueError) as error:
        raise BadModel(f"{path.name} can't be read: {error}") from error


def read_newest(paths: Sequence[Path]) -> tuple[tuple[Tensors, dict[str, Any]] | None, list[str]]:
    """Tensors and facts of the newest checkpoint that is whole, if any; what was wrong with newer ones.

    A damaged one is put aside under another name, so that it isn't counted among those that are kept.
    """
    problems: list[str] = []
    for path in sorted(paths, reverse=True):
        try:
            return read(path), problems
        except BadModel as error:
            problems.append(f"{error.what} Its step is trained again from the checkpoint before.")
            path.rename(path.with_suffix(".damaged"))
    return None, problems


def read(path: Path) -> tuple[Tensors, dict[str, Any]]:
    """Tensors and facts of one checkpoint. Raises `BadModel` for a damaged one."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        content = path.read_bytes()
        size = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + size])["__metadata__"]
        facts = json.loads(metadata[KEY])
        noted = metadata.get("checksum", "")
        blank = content.replace(noted.encode(), BLANK.encode(), 1) if noted else b""
        if int(facts["format"]) > 1 and hashlib.sha256(blank).hexdigest() != noted:
            raise BadModel(f"The checkpoint {path.name} is damaged: its checksum is wrong.")
        return load(content), facts
    except (SafetensorError, OSError, TypeError, KeyError, ValueError, OverflowError) as error:
        raise BadModel(f"The checkpoint {path.name} can't be read ({error}).") from error


def _below(tensors: Tensors, prefix: str) -> Tensors:
    return {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}
