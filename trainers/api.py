"""What the application may know of a training: its settings, its folder, its control. No torch.

A run is a folder, and the folder is the truth:

```
run.json          what was asked: family, settings, data, name, recipe; changes of the settings since;
                  environment (versions, device, threads), checksum of the data
state.json        atomic: phase, step, steps, pid, started, heartbeat, message, seconds, speed, memory
metrics.jsonl     one line per measurement: {"step": 120, "seconds": 3.1, "loss": 0.25, ...}
events.jsonl      one line per event: {"step": 500, "kind": "checkpoint", "text": ...}
log.txt           what the process printed
samples/          000500.png: a grid of images from fixed latents (or reconstructions)
checkpoints/      000500.safetensors: all that resuming needs;
model.safetensors the newest model in our native format, which the application opens
control/          one small JSON file per command, read and removed at every step
notes.json        what a person wrote about it, and tags
tensorboard/      event files, where `log_to` asks for them
loggers.json      under which names W&B or MLflow know the run
queued.json       its place in the queue, while it waits there
lock              held by the one process that writes here
.ballast          some room that is given up to say that the disk is full
```

All the runs of a machine lie in one folder, beside `queue.json` (how many at once) and `index.sqlite`,
which is made anew from the folders whenever it is missing or damaged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from backends.errors import BadSettings

LIVE = ("sample_every", "checkpoint_every", "keep_last", "keep_every", "keep_best", "patience")


class Phase(StrEnum):
    """Where a run stands. `INTERRUPTED` is never written: a reader finds it when the process is gone."""

    QUEUED = "queued"
    PREPARING = "preparing"
    TRAINING = "training"
    EVALUATING = "evaluating"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def live(self) -> bool:
        """Whether a process should be there."""
        return self in (Phase.PREPARING, Phase.TRAINING, Phase.EVALUATING, Phase.PAUSED, Phase.STOPPING)


class Command(StrEnum):
    """What can be asked of a running training, through a file in `control/`."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    CHECKPOINT = "checkpoint"
    SAMPLE = "sample"
    SET = "set"


@dataclass(frozen=True)
class Request:
    """A command, with the new `values` of settings where it is `SET`."""

    command: Command
    values: Mapping[str, Any] = field(default_factory=dict)


def setting(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[Any, ...] = (),
    group: str = "Network",
    label: str = "",
) -> Any:
    """One setting: its default, its help, its range or choices. The form, the command line and the
    file are all made from it."""
    meta = {"help": help, "low": low, "high": high, "choices": choices, "group": group, "label": label}
    return field(default=default, metadata=meta)


@dataclass(frozen=True)
class Checked:
    """Settings with defaults, ranges and help, each a field made by `setting`."""

    def check(self) -> None:
        """Raise `BadSettings` with one sentence for the first setting that can't work.

        Families extend this with what must hold between settings.
        """
        for item in fields(self):
            _check_one(item, getattr(self, item.name))

    def to_json(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Self:
        """Settings from a form, a file or `--set key=value` pairs (text is converted), checked.

        Raises `BadSettings` for an unknown name, a value of the wrong kind or out of range.
        """
        known = {item.name: item for item in fields(cls)}
        for name in given:
            if name not in known:
                near = ", ".join(sorted(known))
                raise BadSettings(f"There is no setting named {name!r}.", f"The settings are: {near}.")
        values = {name: _convert(known[name], value) for name, value in given.items()}
        made = cls(**values)
        made.check()
        return made


@dataclass(frozen=True)
class Settings(Checked):
    """The settings that every trainer has; each family adds its own by inheriting."""

    steps: int = setting(4000, "Training steps (batches) in all.", low=1, high=10_000_000, group="Training")
    batch: int = setting(128, "Images in a batch.", low=2, high=4096, group="Training")
    seed: int = setting(0, "Seed of weights, data order and noise.", low=0, high=2**31 - 1, group="Training")
    image_size: int = setting(28, "Height and width in pixels; data of another size is resized.",
                              choices=(16, 28, 32, 64), group="Data")  # fmt: skip
    limit: int = setting(0, "Use only this many images (0: all).", low=0, high=10_000_000, group="Data")
    ema: float = setting(0.999, "Decay of the averaged weights (0 turns averaging off).",
                         low=0, high=0.99999, group="Training")  # fmt: skip
    checkpoint_every: int = setting(
        500, "Steps between two checkpoints.", low=1, high=1_000_000, group="Checkpoints"
    )
    keep_last: int = setting(
        2, "How many of the newest checkpoints stay; with two, a damaged one is no loss.",
        low=1, high=1000, group="Checkpoints")  # fmt: skip
    keep_every: int = setting(
        0, "Also keep the first checkpoint after every so many steps (0: none).",
        low=0, high=10_000_000, group="Checkpoints")  # fmt: skip
    keep_best: str = setting(
        "", "Also keep the checkpoint with the lowest value of this curve, such as loss; with a + before the "
        "name, the highest. Empty: none.", group="Checkpoints")  # fmt: skip
    patience: int = setting(
        0, "Stop early when the curve of keep_best was not better at so many checkpoints in a row (0: "
        "never).", low=0, high=10_000, group="Checkpoints")  # fmt: skip
    sample_every: int = setting(
        200, "Steps between two sample grids.", low=1, high=1_000_000, group="Training"
    )
    device: str = setting("auto", "Where to train.", choices=("auto", "cpu", "cuda", "mps"), group="Training")
    held_out: int = setting(
        0, "Images that it never learns from, measured with each sample grid beside as many that it does: "
        "two curves, and a warning when it begins to learn by heart (0: none; a few hundred suffice).",
        low=0, high=100_000, group="Training")  # fmt: skip
    log_to: str = setting(
        "none", "Write curves and sample grids for another program too, if its package is installed: "
        "tensorboard (event files in the run's folder), wandb or mlflow (to the account or server that they "
        "are set up for).", choices=("none", "tensorboard", "wandb", "mlflow"), group="Logs")  # fmt: skip

    def why_whole(self) -> str:
        """Why a batch can't be shared by several processes with these settings; empty where it can."""
        return ""

    def check(self) -> None:
        super().check()
        if self.patience and not self.keep_best.strip():
            raise BadSettings("Patience needs a curve to look at.", "Name one in keep_best, such as loss.")


def is_live(item: Field[Any]) -> bool:
    """Whether a setting can change while the training runs: rates, and what is written how often."""
    return item.name.endswith("rate") or item.name in LIVE


def is_fixed(item: Field[Any]) -> bool:
    """Whether a setting holds for the life of a run: it shapes the networks or chooses the data."""
    return item.name == "seed" or item.metadata.get("group") in ("Network", "Data")


def default_of(item: Field[Any]) -> Any:
    """The default of a setting's field."""
    return item.default if item.default is not MISSING else None


def checked(item: Field[Any], value: Any) -> Any:
    """One setting's value, converted to its kind and in range. Raises `BadSettings` with a sentence."""
    converted = _convert(item, value)
    _check_one(item, converted)
    return converted


def _convert(item: Field[Any], value: Any) -> Any:
    kind = type(default_of(item))
    try:
        if kind is bool:
            if isinstance(value, str):
                return {"true": True, "1": True, "yes": True, "on": True,
                        "false": False, "0": False, "no": False, "off": False}[value.lower()]  # fmt: skip
            return bool(value)
        if kind is int and isinstance(value, float) and value != int(value):
            raise ValueError
        return kind(value)
    except (ValueError, KeyError, TypeError):
        wanted = {int: "a whole number", float: "a number", bool: "true or false"}.get(kind, kind.__name__)
        raise BadSettings(f"{item.name} must be {wanted}, not {value!r}.") from None


def _check_one(item: Field[Any], value: Any) -> None:
    meta = item.metadata
    if choices := meta.get("choices"):
        if value not in choices:
            listed = ", ".join(str(c) for c in choices)
            raise BadSettings(f"{item.name} is {value!r}.", f"Choose one of: {listed}.")
        return
    low, high = meta.get("low"), meta.get("high")
    if low is not None and not value >= low:
        raise BadSettings(f"{item.name} is {value}.", f"It must be at least {low:g}.")
    if high is not None and not value <= high:
        raise BadSettings(f"{item.name} is {value}.", f"It must be at most {high:g}.")


@dataclass(frozen=True)
class TrainerInfo:
    """What the form shows of a trainer of `family`; `name` asks for it, empty where the family's does.

    `spreads` says that several processes may each do a share of its step (`trainers.team`): its losses are
    means over images, but for what `Settings.why_whole` says.
    """

    family: str
    title: str
    description: str
    settings: type[Settings]
    needs_labels: bool = False
    name: str = ""
    spreads: bool = False
