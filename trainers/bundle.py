"""Put the model of a finished run among the bundled ones: `python -m trainers.bundle RUN_FOLDER`.

The weights are stored in half precision, so that a bundled model is small; the figures are those that the run
measured at its end, and of a run that was stopped before it they are measured now.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from backends.api import ModelInfo
from backends.errors import BadModel, ExplorerError
from trainers import data, figures
from trainers.runs import ROOT, Run

if TYPE_CHECKING:
    from backends.model import Model

MODELS = ROOT / "assets" / "models"
LARGEST = 4_000_000  # bytes


def bundle(run: Run, folder: Path = MODELS) -> ModelInfo:
    """Write a run's model to `folder` under the run's name. Raises `BadModel` when it is too large."""
    from backends import native

    info, model = native.read_info(run.model), native.load(run.model)
    if not info.figures:
        info = replace(info, figures=figures_of(run, info, model))
    path = folder / f"{info.name}.safetensors"
    kept = native.save(path, model, info, half=True)
    if path.stat().st_size > LARGEST:
        path.unlink()
        raise BadModel(f"{info.name} is over 4 MB.", "Choose a smaller width, and train again.")
    return kept


def figures_of(run: Run, info: ModelInfo, model: Model) -> dict[str, float]:
    """What can be measured of a model on the held-out part of its run's data."""
    import torch

    held_out = data.load(run.asked()["data"], info.image_shape[0], split="test", limit=figures.COUNT)
    with torch.inference_mode():
        return figures.measure(model, held_out, info.classifier, lambda fraction, text: None)


if __name__ == "__main__":
    try:
        kept = bundle(Run(Path(sys.argv[1])))
        print(kept.name, dict(kept.figures))  # noqa: T201
    except ExplorerError as error:
        sys.exit(str(error))
