"""Models on a device, ready to answer: warm, measured, and careful with memory."""

from __future__ import annotations

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import fusion

from backends import catalog, device, native
from backends.api import Capability, ModelInfo
from backends.errors import BadModel, BadRequest, OutOfMemory
from backends.model import Model, Sheet, cannot
from backends.pace import Pace
from backends.probes.directions import Directions
from backends.space import Array

T = TypeVar("T")
U = TypeVar("U")
KEPT = 12  # models; the least recently used goes first
Step = Callable[[Model, Tensor], tuple[Tensor, ...]]
Pixels = np.ndarray[Any, Any]
Arrays = tuple[Pixels, ...]


class Loaded:
    """One model on one device. Arrays in, arrays out; `notice` is a sentence about a fall-back."""

    def __init__(self, info: ModelInfo, model: Model, where: str) -> None:
        self.info = info
        self.model = fuse(model).to(memory_format=torch.channels_last)
        self.pace: defaultdict[str, Pace] = defaultdict(Pace)
        self.directions: dict[str, Directions] = {}
        self.notice = ""
        self.move(where)

    def move(self, where: str) -> None:
        """Go to a device and run once there: the first run allocates and chooses kernels."""
        self.device = where
        try:
            self.model.to(where)
        except RuntimeError as error:
            if where == "cpu" or not device.is_out_of_memory(error):
                raise
            self._leave_for_the_cpu()
        self.pace.clear()
        if self.info.can(Capability.GENERATES):
            self.images(self.model.space.sample_many(1, 0), {"quality": "preview"})
        elif self.info.can(Capability.CLASSIFIES):
            self.classify(np.zeros((1, *self.info.image_shape), np.uint8))

    def images(self, codes: Array, options: Mapping[str, Any]) -> np.ndarray[Any, Any]:
        """Codes `[N, D]` -> images uint8 `[N, H, W, C]`."""

        def step(model: Model, rows: Tensor) -> tuple[Tensor, ...]:
            return (device.to_uint8(model.generate(rows, options)),)

        return self.run("generate", step, self.checked(codes, options))[0]

    def steps(self, codes: Array, options: Mapping[str, Any]) -> Iterator[Pixels]:
        """The same with partial results."""
        rows = device.send(self.checked(codes, options), self.device)
        yield from self._each(self.model.generate_steps(rows, options), len(rows), _pixels)

    def complete(
        self, pictures: Pixels, known: Pixels, codes: Array, options: Mapping[str, Any]
    ) -> Iterator[Pixels]:
        """Pictures uint8 `[N, h, w, c]`, painted where `known` `[N, H, W]` is 0; partial results."""
        self._must(Capability.COMPLETES)
        height, width, _ = self.info.image_shape
        if known.shape != (len(pictures), height, width) or len(codes) != len(pictures):
            raise BadRequest(
                f"The mask of what is known must be [{len(pictures)}, {height}, {width}], not {known.shape}."
            )
        rows = device.send(self.checked(codes, options), self.device)
        mask = device.send(known != 0, self.device)[:, None]
        steps = self.model.complete(self._images_of(pictures), mask, rows, options)
        yield from self._each(steps, len(rows), _pixels)

    def likelihood(self, pictures: Pixels) -> Arrays:
        """Pictures uint8 `[N, h, w, c]` -> log p(x) in nats `[N]`, perhaps each pixel's part `[N, H, W]`."""

        def step(model: Model, rows: Tensor) -> tuple[Tensor, ...]:
            nats, parts = model.likelihood(device.from_pictures(rows, model.image_shape))
            return (nats.float(),) if parts is None else (nats.float(), parts.float())

        self._must(Capability.LIKELIHOOD)
        return self.run("likelihood", step, checked_pictures(pictures))

    def view(
        self, name: str, codes: Array | None, pictures: Pixels | None, options: Mapping[str, Any]
    ) -> Iterator[tuple[Sheet, Pixels]]:
        """The sheets of a view of the model's own, with their images as uint8 `[N, h, w, C]`."""
        rows = None if codes is None else device.send(self.checked(codes, options), self.device)
        images = None if pictures is None else self._images_of(pictures)
        steps = self.model.view(name, rows, images, options)
        yield from self._each(steps, 1, lambda sheet: (sheet, _pixels(sheet.images)))

    def _images_of(self, pictures: Pixels) -> Tensor:
        """Pictures of any size as the model reads them: `[N, C, H, W]` in [0, 1] on the device."""
        rows = device.send(checked_pictures(pictures), self.device)
        return device.from_pictures(rows, self.model.image_shape)

    def _each(self, steps: Iterator[T], rows: int, ready: Callable[[T], U]) -> Iterator[U]:
        """What the steps of a model give, fetched; each step is taken as the device likes it."""
        while True:
            with device.fast(self.device, rows):
                if (step := next(steps, None)) is None:
                    return
                done = ready(step)
            yield done

    def encode(self, pictures: np.ndarray[Any, Any]) -> Arrays:
        """Pictures uint8 `[N, h, w, c]` -> codes, reconstructions (uint8) and their mean squared errors."""

        def step(model: Model, rows: Tensor) -> tuple[Tensor, ...]:
            images = device.from_pictures(rows, model.image_shape)
            codes = model.encode(images)
            again = model.generate(codes, {})
            errors = (again.float() - images).square().mean((1, 2, 3))
            return codes.float(), device.to_uint8(again), errors

        self._must(Capability.ENCODES)
        return self.run("encode", step, checked_pictures(pictures))

    def classify(self, pictures: np.ndarray[Any, Any]) -> Arrays:
        """Pictures uint8 `[N, h, w, c]` -> labels int64, confidence and features."""

        def step(model: Model, rows: Tensor) -> tuple[Tensor, ...]:
            logits, features = model.classify(device.from_pictures(rows, model.image_shape))
            confidence, labels = logits.float().softmax(1).max(1)
            return labels, confidence, features.float()

        self._must(Capability.CLASSIFIES)
        return self.run("classify", step, checked_pictures(pictures))

    def run(self, verb: str, step: Step, rows: np.ndarray[Any, Any]) -> Arrays:
        """Run `step`; with smaller batches when memory is short, on the CPU at last."""
        try:
            began = time.perf_counter()
            with device.fast(self.device, len(rows)):
                out = step(self.model, device.send(rows, self.device))
                arrays = tuple(device.fetch(tensor) for tensor in out)
            self.pace[verb].learn(len(rows), time.perf_counter() - began)
            return arrays
        except (RuntimeError, MemoryError) as error:
            if not device.is_out_of_memory(error):
                raise
        return self._run_smaller(verb, step, rows)

    def _run_smaller(self, verb: str, step: Step, rows: np.ndarray[Any, Any]) -> Arrays:
        if self.device == "cuda":
            torch.cuda.empty_cache()
        if len(rows) > 1:
            self.notice = f"Memory on {self.device} is short, so images are made in smaller batches."
            halves = [self.run(verb, step, half) for half in np.array_split(rows, 2)]
            return tuple(np.concatenate(pair) for pair in zip(*halves, strict=True))
        if self.device != "cpu":
            self._leave_for_the_cpu()
            return self.run(verb, step, rows)
        raise OutOfMemory(
            f"There is too little memory for {self.info.name}.",
            "Close other programs, or unload other models.",
        )

    def _leave_for_the_cpu(self) -> None:
        self.notice = f"{self.info.name} needs more memory than {self.device} has, so it runs on the CPU."
        self.device = "cpu"
        self.model.to("cpu")

    def checked(self, codes: np.ndarray[Any, Any], options: Mapping[str, Any]) -> Array:
        """Codes that this model can read, truncated as `options` say."""
        self._must(Capability.GENERATES)
        size = self.info.space.size
        if codes.ndim != 2 or codes.shape[1] != size:
            raise BadRequest(f"These codes have shape {codes.shape}; {self.info.name} reads [N, {size}].")
        codes = np.ascontiguousarray(codes, np.float32)
        if not np.isfinite(codes).all():
            raise BadRequest("A code holds a number that isn't finite.", "Reset the sliders.")
        return self.info.space.truncate(codes, float(options.get("truncation", 1.0)))

    def _must(self, capability: Capability) -> None:
        if not self.info.can(capability):
            raise cannot(capability)


def _pixels(images: Tensor) -> Pixels:
    return device.fetch(device.to_uint8(images))


class Shelf:
    """The loaded models, by file and its time of change, so that a training's newer model is seen."""

    def __init__(self, where: str = "auto") -> None:
        self.device = device.choose(where)
        self._kept: OrderedDict[tuple[str, int, int], Loaded] = OrderedDict()

    def take(self, path: str) -> Loaded:
        """The model of a file, loaded when it isn't yet. Raises `BadModel`."""
        key = _key(path)
        if key not in self._kept:
            self._drop([old for old in self._kept if old[0] == path])
            loaded = Loaded(catalog.read(path), native.load(path), self.device)
            self._kept[key] = loaded
            self._drop(list(self._kept)[:-KEPT])
        self._kept.move_to_end(key)
        return self._kept[key]

    def move(self, name: str) -> None:
        """Go to another device with all models. Raises `BadRequest` when it isn't there."""
        self.device = device.choose(name)
        for loaded in self._kept.values():
            loaded.move(self.device)

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self._kept]

    def _drop(self, keys: list[tuple[str, int, int]]) -> None:
        for key in keys:
            del self._kept[key]


def _key(path: str) -> tuple[str, int, int]:
    try:
        state = Path(path).stat()
    except OSError:
        raise BadModel(f"{path} doesn't exist.", "Check the name, or list the models.") from None
    return path, state.st_mtime_ns, state.st_size


def checked_pictures(pictures: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Raise `BadRequest` unless these are pictures uint8 `[N, h, w, c]`."""
    if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[3] not in (1, 3, 4):
        raise BadRequest(
            f"Pictures must be uint8 [N, H, W, C], not {pictures.dtype} {pictures.shape}.",
            "Convert them to 8 bits, grey or colour.",
        )
    if 0 in pictures.shape[1:]:
        raise BadRequest("A picture has no pixels.", "Choose another one.")
    return pictures


def fuse(model: Model) -> Model:
    """Fold every batch norm into the layer before it: the same function with fewer passes."""
    for block in model.modules():
        if isinstance(block, nn.Sequential):
            _fuse_sequence(block)
    return model


def _fuse_sequence(block: nn.Sequential) -> None:
    for at in range(len(block) - 1):
        layer, norm = block[at], block[at + 1]
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and isinstance(norm, nn.BatchNorm2d):
            transposed = isinstance(layer, nn.ConvTranspose2d)
            block[at], block[at + 1] = fusion.fuse_conv_bn_eval(layer, norm, transposed), nn.Identity()
        elif isinstance(layer, nn.Linear) and isinstance(norm, nn.BatchNorm1d):
            block[at], block[at + 1] = fusion.fuse_linear_bn_eval(layer, norm), nn.Identity()
