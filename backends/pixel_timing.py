"""How fast autoregressive models draw, beside a pass over the image for each pixel: what `bench` asks.

`python -m backends.pixel_timing gated|pixelcnn` reads lines of JSON `{"batch": 64, "passes": 3}` and answers
each with seconds: `ours` for the batch, `naive` for as many passes as the image has pixels (the median of
`passes` of them, multiplied), and `same`, whether both ways give the same pixels. No torch until it runs.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from backends.families.pixelcnn import PixelModel
    from backends.nets.raster import Drawing

# Untrained: what a network draws doesn't change the time. The second has 64 channels inside and 256 levels.
CONFIGS: dict[str, dict[str, Any]] = {
    "gated": {"body": "gated", "width": 32, "depth": 4, "kernel": 5},
    "pixelcnn": {"body": "pixelcnn", "width": 128, "depth": 8, "kernel": 3, "likelihood": "levels"},
}


def main(kind: str) -> None:
    import torch

    from backends.registry import family

    torch.manual_seed(0)
    torch.set_num_threads(1)
    model: Any = family("pixelcnn").build(CONFIGS[kind]).eval().to(memory_format=torch.channels_last)
    for line in sys.stdin:
        asked = json.loads(line)
        with torch.inference_mode():
            answer = timed(model, int(asked["batch"]), int(asked["passes"]))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def timed(model: PixelModel, batch: int, passes: int) -> dict[str, float | bool]:
    """One batch drawn, then some passes of the naive loop."""
    import torch

    from backends.nets.raster import drawn

    drawing = model.drawing(torch.from_numpy(model.space.sample_many(batch, 0)), {})
    began = time.perf_counter()
    *_, levels = drawn(model.network, drawing)
    ours = time.perf_counter() - began
    times = []
    for _ in range(passes):
        began = time.perf_counter()
        params = _pass(model, levels, drawing)
        model.network.head.draw(params[:, :, 0, 0], drawing.uniform[:, :, 0, 0], 1.0)
        times.append(time.perf_counter() - began)
    pixels = levels.shape[2] * levels.shape[3]
    return {"ours": ours, "naive": float(np.median(times)) * pixels, "same": same(model, levels, drawing)}


def same(model: PixelModel, levels: Tensor, drawing: Drawing) -> bool:
    """Whether a pass over the whole images predicts each of their pixels as it was drawn.

    A pixel's parameters depend on those before it alone, so one pass over the finished image gives what
    the naive loop would have had at every pixel.
    """
    params = _pass(model, levels, drawing).permute(0, 2, 3, 1).flatten(0, 2)
    uniform = drawing.uniform.permute(0, 2, 3, 1)
    again = model.network.head.draw(params, uniform.flatten(0, 2), drawing.temperature)
    return bool((again.view(uniform.shape).permute(0, 3, 1, 2) == levels).all())


def _pass(model: PixelModel, levels: Tensor, drawing: Drawing) -> Tensor:
    from backends.nets.pixelheads import as_values

    params: Tensor = model.network(as_values(levels, model.levels), drawing.weights)
    return params


if __name__ == "__main__":
    main(sys.argv[1])
