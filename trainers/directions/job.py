"""The search as a long computation: told how far it is, shown on the way, given up at any step."""

from __future__ import annotations

import time
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from backends import device, native
from backends.api import Capability
from backends.errors import BadRequest
from backends.loaded import fuse
from trainers.directions.frozen import HIDE, Frozen
from trainers.directions.latentclr import LatentClr
from trainers.directions.settings import IDLE, VOYNOV, SearchSettings
from trainers.directions.voynov import Voynov

LOOKED = 16  # codes whose pictures say what a direction does
SHOWN_S = 2.0  # between two partial results
SLOW = "Each of this model's pictures takes many steps: a search would take hours."


class Task(Protocol):
    """What is used of `explorer.latent.task.Task`."""

    def progress(self, fraction: float, text: str = "") -> None: ...
    def partial(self, arrays: dict[str, np.ndarray], text: str = "") -> None: ...


def run(task: Task, _arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Options `model` (a file), `part`, `device` (auto), and those of `SearchSettings`.

    Partial results: arrays `directions` `[K, d]` (one deviation long) and running `accuracies` `[K]`.
    Result: the same, judged on codes held out; `effects` `[K]`, the root mean square change of a pixel for
    one deviation; `rows` `[K]`, each one's place in the partial results; data `chance`, `steps`, `accuracy`
    (the mean). The best told come first, those that do nothing last: nothing, too, can be told from anything.
    """
    settings = SearchSettings.from_json(options)
    path = str(options["model"])
    info = native.read_info(path)
    if info.can(Capability.PARTIAL):
        raise BadRequest(SLOW, "Use another model, or principal directions.")
    where = device.choose(str(options.get("device", "auto")))
    part = info.space[str(options.get("part") or info.space.main.name)]
    return search(task, Frozen(fuse(native.load(path)), part, where), settings)


def search(task: Task, frozen: Frozen, settings: SearchSettings) -> dict[str, Any]:
    """The same for a model that is loaded."""
    if frozen.size < 2:
        raise BadRequest(f"{frozen.part.name} has one dimension only.", "Its slider is its direction.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        kind = Voynov if settings.method == VOYNOV else LatentClr
        found = kind(frozen, settings)
        _learn(task, found, settings)
        accuracies, effects = found.judge().numpy(), _effects(found.matrix.rows, frozen).numpy()
    order = np.lexsort((-effects, -accuracies.round(2), effects <= IDLE))  # the strongest of those told alike
    return {
        "directions": _displacements(found.matrix.rows, frozen)[order],
        "accuracies": accuracies[order], "effects": effects[order], "rows": order,
        "data": {
            "chance": 1 / len(order), "steps": settings.all_steps, "accuracy": float(accuracies.mean()),
        },
    }  # fmt: skip


def _learn(task: Task, found: Voynov | LatentClr, settings: SearchSettings) -> None:
    shown = time.monotonic()
    for step in range(settings.all_steps):
        task.progress(step / settings.all_steps, "Learning directions")
        found.step(step)
        if time.monotonic() - shown > SHOWN_S:
            rows = _displacements(found.matrix.rows, found.frozen)
            task.partial({"directions": rows, "accuracies": found.accuracies.numpy().copy()})
            shown = time.monotonic()


@torch.no_grad()
def _effects(rows: Tensor, frozen: Frozen) -> Tensor:
    """Half the root mean square change of a pixel from one deviation behind to one ahead: `[K]`."""
    codes = frozen.draw(LOOKED, HIDE)
    found = []
    for row in rows:
        ahead, behind = (frozen.images(frozen.moved(codes, s * row.expand(LOOKED, -1))) for s in (1, -1))
        found.append((ahead - behind).square().mean().sqrt() / 2)
    return torch.stack(found).cpu()


def _displacements(rows: Tensor, frozen: Frozen) -> np.ndarray:
    """Rows `[K, d]` in units as displacements of the part."""
    return device.fetch(rows.detach() @ frozen.basis)
