"""The training loop of every family: steps, averages, measurements, samples, checkpoints, control."""

from __future__ import annotations

import contextlib
import copy
import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from backends.errors import BadModel, BadSettings
from trainers import changes, checkpoints, pictures
from trainers.api import Command, Phase, Request, Settings
from trainers.averaging import Average
from trainers.batches import Batches
from trainers.control import Control, Stopped
from trainers.data.api import Dataset
from trainers.header import classifier_of, describe, measured
from trainers.held_out import HeldOut
from trainers.history import History
from trainers.lazy import Lazy
from trainers.learner import Learner
from trainers.loggers.beside import beside
from trainers.preparing import choose_device, half_precision, load_data, load_unseen, note_environment
from trainers.registry import trainer
from trainers.retention import Patience, Rule
from trainers.runs import Run
from trainers.team import CHANGE, GO, Team, check, gathered, size_of
from trainers.watch import Watch
from trainers.writer import Writer

if TYPE_CHECKING:
    import torch
else:
    torch = Lazy("torch")

METRICS_EVERY = 10  # steps, and at least every half second
HALF_SECOND = 0.5
STEPS_PER_SEED = 10_000_019  # seeds of steps of neighbouring seeds never meet


def train(run: Run, control: Control) -> None:
    """Train a run from its newest checkpoint (or the start) to its end, or until it is asked to stop.

    Raises `ExplorerError` with a sentence for what can't work, `OSError` for a disk that can't be written;
    while it is full, it waits.
    """
    control.take_ballast()
    asked = run.intact()
    module = trainer(asked["family"])
    kind: type[Settings] = module.INFO.settings
    settings = kind.from_mapping(asked["settings"])
    loaded = load_data(run, str(asked.get("data", "")), settings, module.INFO, control)
    device = choose_device(settings.device)
    found, problems = checkpoints.read_newest(run.checkpoints())
    step = int(found[1]["step"]) if found else 0
    for problem in problems:
        run.add_event(step, "warning", problem)
    dated = {**run.intact(), "changes": changes.dated(asked, kind, step)}
    begun = kind.from_mapping(changes.settings_at(dated, step))
    unseen = load_unseen(str(asked["data"]), settings, control)
    size = size_of(asked)
    check(module.INFO, begun, size)
    with gathered(size, device) as team:
        team.share({"family": asked["family"], "data": str(asked["data"]), "settings": begun.to_json(),
                    "checksum": run.asked()["data_checksum"]})  # fmt: skip
        with changes.tried(run):
            learner = team.join(module.build(begun, loaded, team.device))
            training = Training(run, control, learner, team, unseen)
            if found:
                training.take_up(*found)
        training.begin(dated["changes"])
        with beside(run, training.settings.log_to):
            training.steps_to_the_end()


class Training:
    """One run in hand: its networks, where it stands, and what is written when."""

    def __init__(
        self,
        run: Run,
        control: Control,
        learner: Learner,
        team: Team,
        unseen: Dataset | None = None,
    ) -> None:
        self.run, self.control, self.learner = run, control, learner
        self.team, self.device = team, team.device
        settings = learner.settings
        self.average = Average(learner.model, settings.ema)
        self.batches = Batches.of(learner.data, settings.batch, settings.seed, self.device, team)
        self.held_out = HeldOut(learner, unseen) if unseen is not None else None
        self.watch = Watch(learner, classifier_of(run.asked()))
        self.history = History(run)
        self.writer = Writer(control.patiently, control.beat)
        self.step = 0
        self.seconds = 0.0
        self.half = half_precision(self.device)
        self._coming: dict[int, dict[str, Any]] = {}
        self._sums: dict[str, tuple[torch.Tensor | float, int]] = {}
        self._count = 0
        self._figures: list[
            float | torch.Tensor
        ] = []  # of `keep_best`, since the last checkpoint that was due
        self._patience = Patience()
        self._measured = time.perf_counter()

    @property
    def settings(self) -> Settings:
        """Those that hold now: a rate can change on the way."""
        settings: Settings = self.learner.settings
        return settings

    def take_up(self, tensors: checkpoints.Tensors, facts: dict[str, Any]) -> None:
        """Go on from a checkpoint.

        Raises `BadModel` for one of other networks, `BadSettings` where that comes from changes that waited
        for the run to go on, or where these come too late.
        """
        waiting = [c["name"] for c in changes.of(self.run.asked()) if c["step"] is None]
        try:
            checkpoints.restore(tensors, self.learner, self.average)
            self.learner.go_on(int(facts["step"]), set(waiting))
        except BadModel:
            if not waiting:
                raise
            what = f"The checkpoint does not fit with another {', '.join(waiting)}."
            advice = "The change was taken back; resume as it was, or start a new run."
            raise BadSettings(what, advice) from None
        self.step, self.seconds = int(facts["step"]), float(facts["seconds"])
        if facts.get("figure_name") == self._rule.figure:
            self._patience = Patience(facts.get("best"), int(facts.get("since", 0)))
            self._figures = list(facts.get("figures", ()))

    def begin(self, dated: list[changes.Change]) -> None:
        """Say from where it goes on and with what, and forget what was measured after it."""
        self.control.answer = self._answer
        if self.step:
            self._tell("resumed", f"Went on from step {self.step}.")
        for change in dated:
            if change not in changes.of(self.run.asked()):
                self._tell("setting", f"{change['name']}: {change['old']} → {change['new']}")
        self.run.note(changes=dated)
        self._coming = changes.coming({"changes": dated}, self.step)
        note_environment(self.run, self.device, self.half, self.step)
        self.control.patiently(lambda: self.run.forget_after(self.step))
        if self.team.size > 1:
            tensors = checkpoints.snapshot(self.learner, self.average)
            self.team.share({"tensors": tensors, "step": self.step})
        state = self.control.state
        state.step, state.steps, state.seconds = self.step, self.settings.steps, self.seconds

    def steps_to_the_end(self) -> None:
        """Step until the last one or a stop, then keep the result."""
        phase = Phase.FINISHED
        try:
            self.control.enter(Phase.TRAINING)
            self.control.answer_later()
            if self.step == 0:
                self._draw()
            while self.step < self.settings.steps and not self._stands_still:
                self.control.check()
                self._one_step()
        except Stopped:
            if self.step == 0:
                raise  # nothing was learned, so there is nothing to keep
            phase = Phase.STOPPED
        try:
            self._keep_the_result(phase)
        except Stopped:  # a stop while the disk is full, or a second one
            self.control.enter(Phase.STOPPED, self._kept())

    @property
    def _stands_still(self) -> bool:
        """Whether it has been patient for long enough."""
        return 0 < self.settings.patience <= self._patience.since

    def _keep_the_result(self, phase: Phase) -> None:
        if self.control.full:
            raise Stopped
        self._measure(force=True)
        self._keep_checkpoint()
        self.writer.finish()
        if phase is Phase.FINISHED:
            self.control.enter(Phase.EVALUATING, "Measuring the model.")
        self._networks(training=False)
        finished = phase is Phase.FINISHED
        figures = measured(self.run, self.learner, self.average.model, self.control) if finished else {}
        self._keep_model(figures)
        self.writer.finish()
        said = ""
        if finished and self.step < self.settings.steps:
            times = self.settings.patience
            said = f"Stopped early: {self._rule.figure} was not better at {times} checkpoints in a row."
        self._tell(str(phase), said)
        self.control.enter(phase, said)

    def _one_step(self) -> None:
        if self.step in self._coming:
            self._use(self._coming.pop(self.step))
        started = time.perf_counter()
        self.team.say(GO)
        values = learn(self.learner, self.batches, self.step, self.half, self.team)
        self.average.update(self.step)
        for name, value in values.items():  # some are of some steps only: a critic may have several turns
            total, count = self._sums.get(name, (0, 0))
            self._sums[name] = total + value.detach().float(), count + 1
        if self.settings.keep_best and (figure := values.get(self._rule.figure)) is not None:
            self._figures.append(figure.detach().float())
        self._count += 1
        self.step += 1
        self.seconds += time.perf_counter() - started
        self._after_step()

    def _after_step(self) -> None:
        looks = self.held_out is not None and self.step % self.settings.sample_every == 0
        if looks:
            self._look_at_held_out()
        self._measure(force=looks)
        self.control.state.step, self.control.state.seconds = self.step, self.seconds
        if self.step % self.settings.sample_every == 0:
            self._draw()
        if self.step % self.settings.checkpoint_every == 0 and self.step < self.settings.steps:
            self._keep_all()

    def _look_at_held_out(self) -> None:
        """Measure what it never learns from; the values go into the same line as those of its steps."""
        assert self.held_out is not None
        self._networks(training=False)
        with torch.inference_mode(), self._interruptible():
            values = self.held_out.look(self.average.model)
        self._sums |= {name: (value, 1) for name, value in values.items()}
        if self.settings.keep_best and self._rule.figure in values:
            self._figures.append(values[self._rule.figure])

    def _measure(self, *, force: bool = False) -> None:
        """Write the means since the last measurement. Raises `BadSettings` when they are no numbers."""
        waited = time.perf_counter() - self._measured
        if not self._count or not (force or self.step % METRICS_EVERY == 0 or waited >= HALF_SECOND):
            return
        values = {name: float(total) / count for name, (total, count) in self._sums.items()}
        if not all(math.isfinite(value) for value in values.values()):
            raise self._diverged(values)
        speed = self._count * self.settings.batch / max(waited, 1e-9)
        state = self.control.state
        state.speed = speed if not state.speed else 0.9 * state.speed + 0.1 * speed
        self.control.patiently(lambda: self.run.add_metrics(self.step, self.seconds, values))
        self._sums, self._count, self._measured = {}, 0, time.perf_counter()

    def _diverged(self, values: dict[str, float]) -> BadSettings:
        self.writer.finish()
        bad = ", ".join(name for name, value in values.items() if not math.isfinite(value))
        return BadSettings(f"At step {self.step} {bad} stopped being a finite number.",
                           f"{self._kept()} Start again with a lower learning rate.".strip())  # fmt: skip

    def _kept(self) -> str:
        kept = self.run.checkpoints()
        return f"The checkpoint of step {int(kept[-1].stem)} is kept." if kept else ""

    def _networks(self, *, training: bool) -> None:
        for network in self.learner.networks.values():
            network.train(training)

    def _draw(self) -> None:
        """Write the grid of samples."""
        self._networks(training=False)
        with torch.inference_mode(), self._interruptible():
            grid = self.learner.pictures(self.average.model)
        path = self.run.folder / "samples" / f"{self.step:07d}.png"
        self.control.patiently(lambda: pictures.write_grid(path, grid))
        with torch.inference_mode(), self._interruptible():
            worries = self.watch.look(self.step, self.history.lines(), self.average.model)
        for text in worries:
            self._tell("warning", text)

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let a stop through between the passes of slow generators and measurements."""
        hook = torch.nn.modules.module.register_module_forward_pre_hook(lambda *_: self.control.glance())
        try:
            yield
        finally:
            hook.remove()

    @property
    def _rule(self) -> Rule:
        return Rule(self.settings.keep_last, self.settings.keep_every, self.settings.keep_best)

    def _keep_all(self) -> None:
        self._measure(force=True)
        self._keep_checkpoint()
        self._keep_model({})

    def _keep_checkpoint(self) -> None:
        tensors, step, rule = checkpoints.snapshot(self.learner, self.average), self.step, self._rule
        path = self.run.folder / "checkpoints" / f"{step:07d}.safetensors"
        facts: dict[str, Any] = {"step": step, "seconds": self.seconds}
        if rule.figure:
            facts |= self._judged(rule)

        def write() -> None:
            checkpoints.write(path, tensors, facts, rule)
            self.run.add_event(step, "checkpoint")

        self.writer.submit(write)

    def _judged(self, rule: Rule) -> dict[str, Any]:
        """What a checkpoint holds of the figure of `keep_best`: its mean, and how long it has been no better.

        Only checkpoints that were due are judged: one that a person asks for changes nothing later.
        """
        figures = [float(figure) for figure in self._figures]
        expected = self.held_out.names if self.held_out else ()
        if not figures and self.step and self._patience.best is None and rule.figure not in expected:
            self._tell("warning", f"No curve is named {rule.figure!r}, so no best checkpoint can be kept.")
        facts: dict[str, Any] = {"figure_name": rule.figure}
        if figures:
            facts["figure"] = sum(figures) / len(figures)
        if figures and self.step % self.settings.checkpoint_every == 0:
            self._patience.saw(facts["figure"], rule)
            self._figures, figures = [], []
        return {**facts, "best": self._patience.best, "since": self._patience.since, "figures": figures}

    def _keep_model(self, figures: dict[str, float]) -> None:
        """Write the averaged model in our native format, for the application to open."""
        from backends import native

        self._networks(training=False)
        model = copy.deepcopy(self.average.model).eval()
        with torch.inference_mode(), self._interruptible():
            self.learner.settle(model)
        info = describe(self.run, self.learner, self.step, self.seconds, figures)
        self.writer.submit(lambda: native.save(self.run.model, model, info))

    def _tell(self, kind: str, text: str = "") -> None:
        """Put an event on the record."""
        self.control.patiently(lambda: self.run.add_event(self.step, kind, text))

    def _answer(self, request: Request) -> None:
        if request.command is Command.SAMPLE:
            self._draw()
        elif request.command is Command.CHECKPOINT:
            self._keep_all()
        elif request.command is Command.SET:
            try:
                self._change(dict(request.values))
            except BadSettings as error:
                self._tell("warning", str(error))

    def _change(self, given: dict[str, Any]) -> None:
        """Settings that a person changes on the way: checked, used from the next step on, on the record."""
        now = self.settings.to_json()
        wanted = changes.differing(now, type(self.settings), given, live=True)
        self.control.patiently(lambda: changes.record(self.run, wanted, self.step))
        self._use(wanted)

    def _use(self, values: dict[str, Any]) -> None:
        before = self.settings
        if values:
            self.team.say(CHANGE, values)
        take_settings(self.learner, values)
        for name, value in values.items():
            self._tell("setting", f"{name}: {getattr(before, name)} → {value}")


def learn(learner: Learner, batches: Batches, step: int, half: bool, team: Team) -> dict[str, torch.Tensor]:
    """One step, a pure function of weights, seed and step; the values to plot, means of all processes."""
    torch.manual_seed((learner.settings.seed * STEPS_PER_SEED + step) % 2**63)
    images, labels = batches.at(step)
    for network in learner.networks.values():
        network.train()
    with torch.autocast(team.device.type, torch.bfloat16, enabled=half), team.noise(len(images)):
        return team.mean(learner.step(images, labels, step))


def take_settings(learner: Learner, values: dict[str, Any]) -> None:
    """Use other settings from the next step on."""
    before = learner.settings
    learner.settings = type(before).from_mapping({**before.to_json(), **values})
    for name, value in values.items():
        old = getattr(before, name)
        if name.endswith("rate"):  # for those that set their optimisers' rates only once
            for optimiser in learner.optimisers.values():
                for group in optimiser.param_groups:
                    group["lr"] = value if group["lr"] == old else group["lr"]
