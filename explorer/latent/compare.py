"""Comparing what models make: the difference of pictures, and the pictures of a data set as a job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from backends.api import Array, BadRequest, Code, LatentSpace
from explorer.latent.paths import walk
from explorer.latent.task import Task
from explorer.model.files import write_atomically

Image = NDArray[np.uint8]

# Below, as and above the reference. Blue and orange differ for every kind of colour vision.
BELOW, SAME, ABOVE = (27, 98, 178), (244, 244, 244), (214, 94, 0)


def like(image: Image, reference: Image) -> Image:
    """`image` `[H, W, C]` in the size and channels of `reference`."""
    height, width, channels = reference.shape
    out = image
    if image.shape[2] != channels:
        out = image.repeat(3, 2) if channels == 3 else image.mean(2, keepdims=True).round().astype(np.uint8)
    if out.shape[:2] != (height, width):
        flat = Pillow.fromarray(out[..., 0] if channels == 1 else out)
        smaller = out.shape[0] > height
        how = Pillow.Resampling.BOX if smaller else Pillow.Resampling.NEAREST
        out = np.asarray(flat.resize((width, height), how)).reshape(height, width, channels)
    return out


def difference(image: Image, reference: Image) -> tuple[Array, float]:
    """Brightness of `image` minus that of `reference`, `[H, W]` in −1..1, and the mean squared error.

    The error is over all channels, pixels in 0..1, as reconstruction errors are.
    """
    step = like(image, reference).astype(np.float32) / 255 - reference.astype(np.float32) / 255
    return step.mean(2), float((step**2).mean())


def in_colour(signed: Array) -> Image:
    """Differences `[H, W]` in −1..1 as blue (below), light grey (same), orange (above): `[H, W, 3]`."""
    strength = np.abs(np.clip(signed, -1, 1))[..., None]
    end = np.where(signed[..., None] < 0, np.array(BELOW, np.float32), np.array(ABOVE, np.float32))
    return np.rint((1 - strength) * np.array(SAME, np.float32) + strength * end).astype(np.uint8)


def code_of(
    space: LatentSpace, leader: LatentSpace | None, code: Code | None, seed: int
) -> tuple[Code, bool]:
    """The code that a compared model shows, and whether it is the leader's own.

    A model whose space agrees with the leader's takes its code; any other takes the code of the
    same seed in its own space.
    """
    if leader is not None and code is not None and space.agrees_with(leader):
        return code, True
    return space.sample(seed), False


def walk_of(space: LatentSpace, ends: tuple[Code, Code] | None, seed: int, steps: int, how: str) -> Array:
    """The walk `[steps, D]` that a compared model shows: between `ends`, else from seed to seed + 1."""
    first, last = ends or (space.sample(seed), space.sample(seed + 1))
    return walk(space, first, last, steps, how)


def load_images(task: Task, arrays: dict[str, NDArray[Any]], options: dict[str, Any]) -> dict[str, Any]:
    """A job: images of a data set. Options `data`, `image_size`, `count`, `split`, `channels` (0: as is).

    Returns arrays `images` `[N, H, W, C]`, `labels` `[N]` and `factors` `[N, F]` (where there are
    any), and data `name`, `classes`, `factor_names`. Raises `BadData`.
    """
    from trainers.data import load

    data = load(
        str(options["data"]),
        int(options["image_size"]),
        int(options.get("channels", 0)) or None,
        limit=int(options["count"]),
        split=str(options.get("split", "test")),
        progress=task.progress,
    )
    out: dict[str, Any] = {"images": data.images}
    if data.labels is not None:
        out["labels"] = data.labels
    if data.factors is not None:
        out["factors"] = data.factors
    told = {"name": data.name, "classes": list(data.classes), "factor_names": list(data.factor_names)}
    return {**out, "data": told}


def data_spec(dataset: str) -> str:
    """The spec by which `trainers.data` reads the data set a model was trained on, "" when unknown."""
    from trainers.data.registry import sources

    name = dataset.strip()
    if name.partition(":")[0].lower() in sources():
        return name
    plain = {_plain(prefix): prefix for prefix, source in sources().items() if source.kind.path != "required"}
    fitting = [known for known in plain if _plain(name).startswith(known)]
    return plain[max(fitting, key=len)] if fitting else ""


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def standard_error(errors: Array) -> tuple[float, float]:
    """Mean of per-image errors `[N]` and its standard error. Raises `BadRequest` for none."""
    if not len(errors):
        raise BadRequest("There are no images to measure.", "Choose other data.")
    spread = float(errors.std(ddof=1)) / len(errors) ** 0.5 if len(errors) > 1 else float("nan")
    return float(errors.mean()), spread


def copy_file(task: Task, arrays: dict[str, NDArray[Any]], options: dict[str, Any]) -> dict[str, Any]:
    """A job: copy option `source` to option `target`, whole or not at all."""
    target = Path(options["target"])
    try:
        content = Path(options["source"]).read_bytes()
    except OSError as error:
        raise BadRequest(f"{options['source']} can't be read: {error.strerror}.", "Try again.") from error
    write_atomically(target, content)
    return {}
