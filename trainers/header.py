"""What a model's file says of the training that made it: where it comes from, and how good it is."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backends.api import Capability
from trainers import data, recipes
from trainers.control import Control, Stopped
from trainers.lazy import Lazy
from trainers.learner import Learner
from trainers.registry import trainer
from trainers.runs import Run

if TYPE_CHECKING:
    import torch

    from backends.api import ModelInfo
    from backends.model import Model
else:
    torch = Lazy("torch")


def classifier_of(asked: dict[str, Any]) -> str:
    """The name of the bundled classifier that knows this data, empty when there is none."""
    return {"mnist": "mnist-classifier", "fashion-mnist": "fashion-classifier"}.get(asked["data"], "")


def describe(run: Run, learner: Learner, step: int, seconds: float, figures: dict[str, float]) -> ModelInfo:
    """What a model's header says of where it comes from."""
    from backends import native

    asked, source = run.asked(), learner.data
    info = native.describe(learner.model, asked["name"], trainer(asked["family"]).INFO.family)
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
        trained=record(run, step, seconds),
    )


def record(run: Run, step: int, seconds: float) -> dict[str, float]:
    """What a training took until a step: `ModelInfo.trained`. Seconds are those of a clock, in steps only."""
    asked = run.asked()
    seed, threads = asked["settings"].get("seed", 0), asked.get("threads", 1)
    return {"steps": step, "seconds": round(seconds), "threads": threads, "seed": seed}


def measured(run: Run, learner: Learner, average: Model, control: Control) -> dict[str, float]:
    """Numbers about the finished model; none when a second stop says that they are not wanted."""
    from trainers import figures

    asked, size = run.asked(), learner.settings.image_size
    try:
        classifies = Capability.CLASSIFIES in learner.model.capabilities
        limit = 0 if classifies else figures.COUNT  # all is quick for these
        held_out = data.load(asked["data"], size, split="test", limit=limit, progress=control.progress)
        model = copy.deepcopy(average).eval()
        with torch.inference_mode():
            learner.settle(model)
            judge = classifier_of(asked)
            general = figures.measure(model, held_out, judge, control.progress, learner.data)
            return general | learner.figures(model, held_out)
    except Stopped:
        return {}
