"""Put the model of a finished run among the bundled ones: `python -m trainers.bundle RUN_FOLDER`.

The weights are stored in half precision, so that a bundled model is small; the figures are those that the run
measured.
"""

from __future__ import annotations

import sys
from pathlib import Path

from backends.api import ModelInfo
from backends.errors import BadModel, ExplorerError
from trainers.runs import ROOT, Run

MODELS = ROOT / "assets" / "models"
LARGEST = 4_000_000  # bytes


def bundle(run: Run, folder: Path = MODELS) -> ModelInfo:
    """Write a run's model to `folder` under the run's name. Raises `BadModel` when it is too large."""
    from backends import native

    info = native.read_info(run.model)
    path = folder / f"{info.name}.safetensors"
    kept = native.save(path, native.load(run.model), info, half=True)
    if path.stat().st_size > LARGEST:
        path.unlink()
        raise BadModel(f"{info.name} is over 4 MB.", "Choose a smaller width, and train again.")
    return kept


if __name__ == "__main__":
    try:
        kept = bundle(Run(Path(sys.argv[1])))
        print(kept.name, dict(kept.figures))  # noqa: T201
    except ExplorerError as error:
        sys.exit(str(error))
