"""What comes before the first step: data that is what it was, a device that is there, a record of both."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from backends.errors import BadData, BadModel, BadSettings
from trainers import data
from trainers.api import Settings, TrainerInfo
from trainers.control import Control
from trainers.data.api import Dataset
from trainers.environment import differences, environment
from trainers.lazy import Lazy
from trainers.runs import Run

if TYPE_CHECKING:
    import torch
else:
    torch = Lazy("torch")


def choose_device(name: str) -> torch.device:
    """`auto` is CUDA, else Apple's, else the processor. Raises `BadSettings` for one that isn't here."""
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, present in here.items() if present)
    if not here[name]:
        raise BadSettings(f"This machine has no {name} device.", "Choose auto or cpu.")
    return torch.device(name)


def half_precision(device: torch.device) -> bool:
    """Whether bfloat16 is faster here: newer NVIDIA GPUs, processors with AMX."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    check = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return device.type == "cpu" and bool(check and check())


def load_data(run: Run, spec: str, settings: Settings, info: TrainerInfo, control: Control) -> Dataset:
    """The data of a run. Raises `BadData`, `BadModel` when it has changed since the run began."""
    control.say("Loading the data.")
    loaded = data.load(spec, settings.image_size, limit=settings.limit, progress=control.progress)
    control.check()
    _check_labels(spec, loaded, info)
    before, now = run.asked().get("data_checksum"), loaded.checksum()
    if before and before != now:
        raise BadModel(f"The data of {spec} has changed since this run began.", "Start a new run.")
    run.note(data_checksum=now, images=len(loaded))
    return loaded


def load_unseen(spec: str, settings: Settings, control: Control) -> Dataset | None:
    """The held-out images that are measured on the way; None where none are asked for. Raises `BadData`."""
    if not settings.held_out:
        return None
    control.say("Loading held-out images.")
    return data.load(
        spec, settings.image_size, limit=settings.held_out, split="test", progress=control.progress
    )


def _check_labels(spec: str, loaded: Dataset, info: TrainerInfo) -> None:
    if info.needs_labels and loaded.labels is None:
        raise BadData(f"{spec} has no labels, and {info.title} needs them.", "Choose labelled data.")
    if loaded.labels is None:
        return
    odd = np.flatnonzero((loaded.labels < 0) | (loaded.labels >= len(loaded.classes)))
    if len(odd):
        what = f"Image {odd[0]} of {spec} has the label {loaded.labels[odd[0]]}"
        raise BadData(
            f"{what}, but there are {len(loaded.classes)} classes.", "Labels count from 0: mend it."
        )


def note_environment(run: Run, device: torch.device, half: bool, step: int) -> None:
    """Put versions, device and threads into `run.json`, and tell when they are not what they were."""
    threads = int(os.environ.get("OMP_NUM_THREADS") or torch.get_num_threads())
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    now = environment(name, threads, "bfloat16" if half else "float32")
    before = run.asked().get("environment")
    if isinstance(before, dict) and (changed := differences(before, now)):
        text = f"Goes on with {', '.join(changed)}: the last bits of its numbers may differ from now on."
        run.add_event(step, "notice", text)
    run.note(environment=now)
