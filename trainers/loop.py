"""The training loop of every family: steps, averages, measurements, samples, checkpoints, control."""

from __future__ import annotations

import copy
import math
import platform
import time
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from backends.api import Capability
from backends.errors import BadData, BadModel, BadSettings
from trainers import checkpoints, data, pictures, recipes
from trainers.api import Command, Phase, Settings
from trainers.averaging import Average
from trainers.batches import Batches
from trainers.control import Control, Stopped
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import Learner
from trainers.registry import trainer
from trainers.runs import Run

if TYPE_CHECKING:
    import torch

    from backends.api import ModelInfo
else:
    torch = Lazy("torch")

METRICS_EVERY = 10  # steps, and at least every half second
HALF_SECOND = 0.5
STEPS_PER_SEED = 10_000_019  # seeds of steps of neighbouring seeds never meet


def train(run: Run, control: Control) -> None:
    """Train a run from its newest checkpoint (or the start) to its end, or until it is asked to stop.

    Raises `ExplorerError` with a sentence for what can't work, `OSError` for a disk that is full.
    """
    asked = run.asked()
    info = trainer(asked["family"]).INFO
    settings = info.settings.from_mapping(asked["settings"])
    loaded = _load(run, asked["data"], settings, control)
    if info.needs_labels and loaded.labels is None:
        raise BadData(f"{asked['data']} has no labels, and {info.title} needs them.", "Choose labelled data.")
    device = choose_device(settings.device)
    _note(run, loaded, device)
    learner = trainer(asked["family"]).build(settings, loaded, device)
    training = Training(run, control, settings, learner, device)
    training.go_on()
    training.steps_to_the_end()


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


class Training:
    """One run in hand: its networks, where it stands, and what is written when."""

    def __init__(
        self, run: Run, control: Control, settings: Settings, learner: Learner, device: torch.device
    ) -> None:
        self.run, self.control, self.settings, self.learner = run, control, settings, learner
        self.device = device
        self.average = Average(learner.model, settings.ema)
        self.batches = Batches.of(learner.data, settings.batch, settings.seed, device)
        self.writer = checkpoints.Writer()
        self.step = 0
        self.seconds = 0.0
        self.half = half_precision(device)
        self._sums: dict[str, torch.Tensor] = {}
        self._count = 0
        self._measured = time.perf_counter()
        control.answer = self._answer

    def go_on(self) -> None:
        """Take up the newest checkpoint, and forget what was measured after it."""
        found = checkpoints.read_newest(self.run.checkpoints())
        if found:
            tensors, facts = found
            checkpoints.restore(tensors, self.learner, self.average)
            self.step, self.seconds = int(facts["step"]), float(facts["seconds"])
            self.run.add_event(self.step, "resumed", f"Went on from step {self.step}.")
        self.run.forget_after(self.step)
        self.control.state.step, self.control.state.seconds = self.step, self.seconds

    def steps_to_the_end(self) -> None:
        """Step until the last one or a stop, then keep the result."""
        phase = Phase.FINISHED
        try:
            self.control.enter(Phase.TRAINING)
            if self.step == 0:
                self._draw()
            while self.step < self.settings.steps:
                self.control.check()
                self._one_step()
        except Stopped:
            if self.step == 0:
                raise  # nothing was learned, so there is nothing to keep
            phase = Phase.STOPPED
        self._measure(force=True)
        self._keep_checkpoint()
        self.writer.finish()
        if phase is Phase.FINISHED:
            self.control.enter(Phase.EVALUATING, "Measuring the model.")
        self._keep_model(self._figures())
        self.writer.finish()
        self.run.add_event(self.step, str(phase))
        self.control.enter(phase)

    def _one_step(self) -> None:
        started = time.perf_counter()
        torch.manual_seed((self.settings.seed * STEPS_PER_SEED + self.step) % 2**63)
        images, labels = self.batches.at(self.step)
        self._networks(training=True)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            values = self.learner.step(images, labels, self.step)
        self.average.update(self.step)
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0) + value.detach().float()
        self._count += 1
        self.step += 1
        self.seconds += time.perf_counter() - started
        self._after_step()

    def _after_step(self) -> None:
        self._measure()
        self.control.state.step, self.control.state.seconds = self.step, self.seconds
        if self.step % self.settings.sample_every == 0:
            self._draw()
        if self.step % self.settings.checkpoint_every == 0 and self.step < self.settings.steps:
            self._measure(force=True)
            self._keep_checkpoint()
            self._keep_model({})

    def _measure(self, *, force: bool = False) -> None:
        """Write the means since the last measurement. Raises `BadSettings` when they are no numbers."""
        waited = time.perf_counter() - self._measured
        if not self._count or not (force or self.step % METRICS_EVERY == 0 or waited >= HALF_SECOND):
            return
        values = {name: float(total) / self._count for name, total in self._sums.items()}
        if not all(math.isfinite(value) for value in values.values()):
            raise self._diverged(values)
        speed = self._count * self.settings.batch / max(waited, 1e-9)
        state = self.control.state
        state.speed = speed if not state.speed else 0.9 * state.speed + 0.1 * speed
        self.run.add_metrics(self.step, self.seconds, values)
        self._sums, self._count, self._measured = {}, 0, time.perf_counter()

    def _diverged(self, values: dict[str, float]) -> BadSettings:
        self.writer.finish()
        bad = ", ".join(name for name, value in values.items() if not math.isfinite(value))
        kept = [int(path.stem) for path in self.run.checkpoints()]
        where = f"The checkpoint of step {kept[-1]} is kept. " if kept else ""
        return BadSettings(f"At step {self.step} {bad} stopped being a finite number.",
                           f"{where}Start again with a lower learning rate.")  # fmt: skip

    def _networks(self, *, training: bool) -> None:
        for network in self.learner.networks.values():
            network.train(training)

    def _draw(self) -> None:
        """Write the grid of samples."""
        self._networks(training=False)
        with torch.inference_mode():
            grid = self.learner.pictures(self.average.model)
        pictures.write_grid(self.run.folder / "samples" / f"{self.step:07d}.png", grid)

    def _keep_checkpoint(self) -> None:
        tensors = checkpoints.snapshot(self.learner, self.average)
        path = self.run.folder / "checkpoints" / f"{self.step:07d}.safetensors"
        facts = {"step": self.step, "seconds": self.seconds}
        self.writer.submit(lambda: checkpoints.write(path, tensors, facts))
        self.run.add_event(self.step, "checkpoint")

    def _keep_model(self, figures: dict[str, float]) -> None:
        """Write the averaged model in our native format, for the application to open."""
        from backends import native

        self._networks(training=False)
        model = copy.deepcopy(self.average.model).eval()
        with torch.inference_mode():
            self.learner.settle(model)
        info = describe(self.run, self.learner, self.step, figures)
        self.writer.submit(lambda: native.save(self.run.model, model, info))

    def _figures(self) -> dict[str, float]:
        """Numbers about the finished model; none when a second stop says that they are not wanted."""
        from trainers import figures

        self._networks(training=False)
        asked = self.run.asked()
        try:
            classifies = Capability.CLASSIFIES in self.learner.model.capabilities
            limit = 0 if classifies else figures.COUNT  # all is quick for these
            held_out = data.load(asked["data"], self.settings.image_size, split="test", limit=limit)
            model = copy.deepcopy(self.average.model).eval()
            with torch.inference_mode():
                self.learner.settle(model)
                general = figures.measure(model, held_out, classifier_of(asked), self.control.progress)
                return general | self.learner.figures(model, held_out)
        except Stopped:
            return {}

    def _answer(self, command: Command) -> None:
        if command is Command.SAMPLE:
            self._draw()
        elif command is Command.CHECKPOINT:
            self._measure(force=True)
            self._keep_checkpoint()
            self._keep_model({})


def classifier_of(asked: dict[str, Any]) -> str:
    """The name of the bundled classifier that knows this data, empty when there is none."""
    return {"mnist": "mnist-classifier", "fashion-mnist": "fashion-classifier"}.get(asked["data"], "")


def describe(run: Run, learner: Learner, step: int, figures: dict[str, float]) -> ModelInfo:
    """What a model's header says of where it comes from."""
    from backends import native

    asked, source = run.asked(), learner.data
    info = native.describe(learner.model, asked["name"], asked["family"])
    recipe = recipes.find(asked["recipe"]) if asked.get("recipe") else None
    return replace(
        info,
        dataset=recipe.dataset if recipe and recipe.dataset else source.name,
        classes=source.classes,
        classifier=classifier_of(asked) if asked["family"] != "classifier" else "",
        figures=figures,
        recipe=asked.get("recipe", ""),
        licence=recipe.licence if recipe and recipe.licence else source.licence,
        source=recipe.source if recipe and recipe.source else source.source,
        description=recipe.description if recipe else "",
        run=run.name,
        step=step,
    )


def _load(run: Run, spec: str, settings: Settings, control: Control) -> Dataset:
    control.say("Loading the data.")
    loaded = data.load(spec, settings.image_size, limit=settings.limit, progress=control.progress)
    control.check()
    before, now = run.asked().get("data_checksum"), loaded.checksum()
    if before and before != now:
        raise BadModel(f"The data of {spec} has changed since this run began.", "Start a new run.")
    run.note(data_checksum=now)
    return loaded


def _note(run: Run, loaded: Dataset, device: torch.device) -> None:
    versions = {"python": platform.python_version(), "torch": version("torch"), "numpy": version("numpy")}
    run.note(versions=versions, device=device.type, images=len(loaded))
