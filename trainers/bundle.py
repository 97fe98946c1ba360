"""Put the model of a finished run among the bundled ones: `python -m trainers.bundle RUN_FOLDER`.

The weights are stored in half precision, so that a bundled model is small; the figures are those that the run
measured at its end, and of a run that was stopped before it they are measured now. The Fréchet distance is
measured again on 10,000 samples where they are quick to make.

`python -m trainers.bundle --measure NAME …` measures that of bundled models again, without any training, and
writes it into their headers; without names, of all of them. Knobs (`steps=10 guidance=1`) make the samples
of slow models quicker; with them 10,000 are made however long it takes, and the header says with which.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from backends.api import ModelInfo
from backends.errors import BadModel, ExplorerError
from trainers import data, figures, recipes
from trainers.header import record
from trainers.runs import ROOT, Run

if TYPE_CHECKING:
    from backends.model import Model

MODELS = ROOT / "assets" / "models"
LARGEST = 4_000_000  # bytes


def bundle(run: Run, folder: Path = MODELS) -> ModelInfo:
    """Write a run's model to `folder` under the run's name. Raises `BadModel` when it is too large."""
    from backends import native

    info, model = native.read_info(run.model), native.load(run.model)
    spec = str(run.asked()["data"])
    if not info.figures:
        info = replace(info, figures=figures_of(spec, info, model))
    info = replace(info, figures={**info.figures, **distances(spec, info, model)})
    if not info.trained:  # of a run that is older than that field
        info = replace(info, trained=trained(run, info.step))
    path = folder / f"{info.name}.safetensors"
    kept = native.save(path, model, info, half=True)
    if path.stat().st_size > LARGEST:
        path.unlink()
        raise BadModel(f"{info.name} is over 4 MB.", "Choose a smaller width, and train again.")
    return kept


def trained(run: Run, step: int) -> dict[str, float]:
    """What a run's steps until one took, by its measurements: what its model's header says."""
    times = [float(line["seconds"]) for line in run.metrics() if float(line["step"]) <= step]
    return record(run, step, max(times, default=0.0))


def remeasure(path: Path, knobs: Mapping[str, float] | None = None) -> dict[str, float]:
    """Measure a bundled model's distances again and keep them in its header; empty where there are none.

    Raises `BadSettings` where its recipe is gone, `BadData` where its data is.
    """
    from backends import native

    info, model = native.read_info(path), native.load(path)
    if not info.classifier or not info.can_generate:
        return {}
    found = distances(recipes.find(info.recipe or info.name).data, info, model, knobs)
    if found:
        native.save(path, model, replace(info, figures={**info.figures, **found}), half=True)
    return found


def figures_of(spec: str, info: ModelInfo, model: Model) -> dict[str, float]:
    """What can be measured of a model on the held-out part of its data."""
    import torch

    held_out = data.load(spec, info.image_shape[0], split="test", limit=figures.COUNT)
    with torch.inference_mode():
        return figures.measure(model, held_out, info.classifier, _unseen)


def distances(
    spec: str, info: ModelInfo, model: Model, knobs: Mapping[str, float] | None = None
) -> dict[str, float]:
    """What its classifier says of as many samples as are worth their time; empty without a classifier.

    With `knobs`, for which somebody asked, every time is worth it.
    """
    import torch

    judge = figures.bundled(info.classifier)
    if judge is None or judge.image_shape != model.image_shape or not info.can_generate:
        return {}
    size = info.image_shape[0]
    with torch.inference_mode():
        count = figures.MANY if knobs else figures.affordable(model.eval())
        if not count:
            return {}
        held_out, seen = (data.load(spec, size, split=split, limit=count) for split in ("test", "train"))
        return figures.judged(model, judge, held_out, seen, _unseen, count, knobs)


def knobs_of(words: Sequence[str]) -> dict[str, float]:
    """Those of the words that say a knob's value. Raises `BadModel` for one that is no number."""
    pairs = [word.split("=", 1) for word in words if "=" in word]
    try:
        return {name: float(value) for name, value in pairs}
    except ValueError as error:
        raise BadModel(f"A knob needs a number ({error}).", "Write steps=10.") from None


def _unseen(_fraction: float, _text: str) -> None:
    """Progress that nobody looks at."""


def main(words: list[str]) -> None:
    """See the top. Raises `BadModel` for no words at all."""
    if not words:
        raise BadModel("Nothing to bundle was named.", "Give the folder of a run, or --measure NAME.")
    if words[:1] != ["--measure"]:
        kept = bundle(Run(Path(words[0])))
        print(kept.name, dict(kept.figures))  # noqa: T201
        return
    knobs = knobs_of(words[1:])
    names = [word for word in words[1:] if "=" not in word]
    for name in names or sorted(path.stem for path in MODELS.glob("*.safetensors")):
        found = remeasure(MODELS / f"{name}.safetensors", knobs)
        said = ", ".join(f"{key} {value:.4g}" for key, value in found.items())
        print(f"{name}: {said or 'no distance (no classifier, or too slow)'}", flush=True)  # noqa: T201


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ExplorerError as error:
        sys.exit(str(error))
