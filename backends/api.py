"""What the application may know of a model, and how it asks for things. No torch.

The application sends a `Request` to the model host and gets `Reply`s with the request's stamp: any
number of `partial` and `progress` ones, then exactly one `result` or `error`.

Verbs of the host (arrays in brackets; images are uint8 `[N, H, W, C]`, C 1 or 3; codes `[N, D]`):

- `load`: model. Result: data `info` (ModelInfo as JSON).
- `generate`: model, [codes]; options `truncation`, `quality`, knobs. Result: [images], data `seconds`. A
  PARTIAL model streams partials with the [images] that are growing, data `at`, where they belong among all.
- `sample`: model; options `count`, `seed`, `truncation`, `quality`, `classifier`, `keep_images`, knobs.
  Streams partials with [codes], [images], [labels], [confidence] and data `fraction`; codes are as drawn,
  truncation changes only their images.
- `encode`: model, [images] of any size. Result: [codes], [reconstructions], [errors] (mean squared error of
  each image, pixels in 0..1).
- `classify`: model (a classifier), [images]. Result: [labels], [confidence], [features].
- `complete`: model, [images] of any size, [known] uint8 `[N, H, W]` of the model's size (0 where the model is
  to paint), [codes]; options as `generate`. Partials with [images]. Result: [images].
- `likelihood`: model, [images] of any size. Result: [nats] `[N]`, log p(x) of each image, and [map]
  `[N, H, W]`, each pixel's part in it, where the model can say it.
- `view`: model; options `name` and the view's knobs; [codes] or [images] as the view needs. Partials as they
  come. Result: [images], data `captions` (one for each image), `columns` and `text` (see `View`).
- `directions`: model; options `part`, `count`. Result: [directions] `[K, d]` (unit: one standard deviation)
  and [effects] `[K]`.
- `jacobian`: model, [codes] `[1, D]`; options `part`, `count`. As `directions`, but at this one code.
- `weight`: model; options `part`. Result: [weight] `[m, d]` of the first affine layer that reads the part, a
  column for each standard deviation.
- `layers`: model. Result: data `layers`, of each its `kind` and `shape`, in the order in which codes pass.
- `components`: model, perhaps [codes] `[1, D]` whose other parts are held; options `part`, `layer` (number),
  `samples`, `count`, `seed`. Result: [directions] `[K, d]`, [shares] of the layer's variance, [fits] (R²).
- `kl`: model; options `count`, `seed`. Result: [kl] `[D]`, nats that the encoder puts into each dimension of
  images the model makes; NaN for dimensions that it doesn't read.
- `device`: options `name` (`auto`, `cpu`, `cuda`, `mps`). Result: data `device`, `devices`.
- `status`. Result: data `device`, `devices`, `memory`, `models`.

Any result may carry data `notice`, a sentence for people (a fall-back when memory ran out).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from backends.errors import (
    BadCode,
    BadData,
    BadModel,
    BadRequest,
    BadSettings,
    ExplorerError,
    OutOfMemory,
)
from backends.space import Array, Code, LatentSpace, Part, Prior

__all__ = [
    "WHY_NOT",
    "Array",
    "BadCode",
    "BadData",
    "BadModel",
    "BadRequest",
    "BadSettings",
    "Capability",
    "Code",
    "ExplorerError",
    "Knob",
    "LatentSpace",
    "ModelInfo",
    "OutOfMemory",
    "Part",
    "Prior",
    "Priority",
    "Reply",
    "Request",
    "View",
]  # fmt: skip


class Capability(StrEnum):
    """What a model can do. Controls that need a missing one are shown disabled, with `WHY_NOT`."""

    GENERATES = "generates"
    ENCODES = "encodes"
    LABELS = "labels"
    CLASSIFIES = "classifies"
    PARTIAL = "partial"
    LIKELIHOOD = "likelihood"
    TRANSLATES = "translates"
    COMPLETES = "completes"
    VOXELS = "voxels"
    POSE = "pose"
    LAYERS = "layers"


WHY_NOT: dict[Capability, str] = {
    Capability.GENERATES: "This model doesn't generate images.",
    Capability.ENCODES: "This model has no encoder: it can't turn an image into a code.",
    Capability.LABELS: "This model was trained without labels.",
    Capability.CLASSIFIES: "This model isn't a classifier.",
    Capability.PARTIAL: "This model makes its image in one step.",
    Capability.LIKELIHOOD: "This model has no likelihood that can be computed.",
    Capability.TRANSLATES: "This model doesn't translate images.",
    Capability.COMPLETES: "This model can't complete a partial image.",
    Capability.VOXELS: "This model makes pictures, not volumes.",
    Capability.POSE: "This model has no pose.",
    Capability.LAYERS: "This model has no inner layers to steer.",
}


@dataclass(frozen=True)
class Knob:
    """A number that a family reads besides the parts of a code: guidance, steps, temperature.

    It stands in `Code.options` under `name`, between `low` and `high`; `whole` numbers have no fraction.
    """

    name: str
    title: str
    low: float
    high: float
    default: float
    whole: bool = False
    help: str = ""

    def value(self, options: Mapping[str, Any]) -> float:
        """What `options` say, kept within bounds; the default where they say nothing."""
        asked = options.get(self.name, self.default)
        number = float(min(max(float(asked), self.low), self.high))
        return float(round(number)) if self.whole else number

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Knob:
        low, high, default = (float(data[key]) for key in ("low", "high", "default"))
        texts = (str(data["name"]), str(data["title"]))
        return Knob(*texts, low, high, default, bool(data["whole"]), str(data["help"]))


@dataclass(frozen=True)
class View:
    """Pictures that a family can show of what happens inside: a film strip, a heat map, filters.

    `needs` says what it is made from: `code` (the current one), `image` (one that is dropped or the
    current picture) or nothing. `knobs` are the numbers it reads besides.
    """

    name: str
    title: str
    help: str
    needs: str = ""
    knobs: tuple[Knob, ...] = ()

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> View:
        name, title, text, needs = (str(data[key]) for key in ("name", "title", "help", "needs"))
        return View(name, title, text, needs, tuple(Knob.from_json(knob) for knob in data["knobs"]))


@dataclass(frozen=True)
class ModelInfo:
    """Everything known of a model without its weights; the header of a native file.

    `path` is where it lies (the key by which the host is asked). `image_shape` is (H, W, C).
    `knobs` are the numbers its codes have besides their parts, `views` what it can show of its inside.
    `classes` names the labels of its data set. `classifier` is the path of the model that names
    what it generates (for colours on the map), empty when there is none. `figures` are measured
    numbers (`reconstruction_error`, `classifier_accuracy`, `classes_per_1000`, `frechet_distance`, …).
    `trained` says what the training took: `steps`, `seconds` in them, `threads`, and the `seed`.
    """

    path: str
    name: str
    family: str
    space: LatentSpace
    capabilities: frozenset[Capability]
    image_shape: tuple[int, int, int]
    config: Mapping[str, Any] = field(default_factory=dict)
    knobs: tuple[Knob, ...] = ()
    views: tuple[View, ...] = ()
    dataset: str = ""
    classes: tuple[str, ...] = ()
    classifier: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    recipe: str = ""
    licence: str = ""
    source: str = ""
    description: str = ""
    run: str = ""
    step: int = 0
    trained: Mapping[str, float] = field(default_factory=dict)
    parameters: int = 0
    checksum: str = ""

    def can(self, capability: Capability) -> bool:
        return capability in self.capabilities

    @property
    def can_generate(self) -> bool:
        return Capability.GENERATES in self.capabilities

    def to_json(self) -> dict[str, Any]:
        out = asdict(self)
        out["space"] = self.space.to_json()
        out["capabilities"] = sorted(c.value for c in self.capabilities)
        out["image_shape"] = list(self.image_shape)
        out["classes"] = list(self.classes)
        return out

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> ModelInfo:
        """The info that `to_json` wrote. Raises KeyError, TypeError or ValueError for other data."""
        known = {k: v for k, v in data.items() if k in ModelInfo.__dataclass_fields__}
        height, width, channels = (int(n) for n in data["image_shape"])
        names = {c.value for c in Capability}
        return ModelInfo(**{
            **known,
            "space": LatentSpace.from_json(data["space"]),
            "capabilities": frozenset(Capability(c) for c in data["capabilities"] if c in names),
            "image_shape": (height, width, channels),
            "classes": tuple(str(c) for c in data.get("classes", ())),
            "knobs": tuple(Knob.from_json(knob) for knob in data.get("knobs", ())),
            "views": tuple(View.from_json(view) for view in data.get("views", ())),
        })  # fmt: skip


class Priority:
    """Lower is sooner. Between two chunks of a bulk request the host answers everything sooner."""

    INTERACTIVE = 0
    PREVIEW = 5
    BULK = 10


@dataclass
class Request:
    """A question to the model host. `stamp` is unique; `cancel` requests name a stamp to give up."""

    verb: str
    model: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    priority: int = Priority.INTERACTIVE
    stamp: int = 0


@dataclass
class Reply:
    """An answer of the model host: `kind` is `partial`, `progress`, `result` or `error`.

    An error's `data` has `what`, `advice` and, for faults of ours, `details` (a traceback).
    Progress has `fraction` (0..1) and `text`.
    """

    stamp: int
    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """What went wrong, of an error."""
        return str(self.data.get("what", ""))

    @property
    def problem(self) -> tuple[str, str]:
        """What went wrong and what to do, of an error."""
        return self.what, str(self.data.get("advice", ""))
