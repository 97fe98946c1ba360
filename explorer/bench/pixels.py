"""Drawing pixel by pixel: what remembering saves beside a pass over the whole image for each pixel."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.bench.bare import Beside
from explorer.bench.measurement import Measurement, Plan, measured, middle

HELP = "autoregressive models: seconds an image, beside the naive loop; the same pixels"
NETWORKS = {"gated": "Gated PixelCNN, 4 layers of 32", "pixelcnn": "PixelCNN, 8 layers of 64, 256 levels"}
TIMES_FASTER = {1: 25.0, 64: 300.0}


def measure(plan: Plan) -> Iterator[Measurement]:
    for kind, title in NETWORKS.items():
        with Beside("backends.pixel_timing", kind) as drawing:
            drawing.ask(batch=1, passes=1)
            for batch, least in TIMES_FASTER.items():
                yield faster(drawing, kind, title, batch, least, plan)


def faster(drawing: Beside, kind: str, title: str, batch: int, least: float, plan: Plan) -> Measurement:
    """Ours and passes of the naive loop in turns; the naive loop's time is that of all its passes."""
    answers = [drawing.ask(batch=batch, passes=plan.moves if batch == 1 else 2) for _ in range(plan.rounds)]
    ours, naive = middle([a["ours"] for a in answers]), middle([a["naive"] for a in answers])
    same = all(a["same"] for a in answers)
    images = "one image" if batch == 1 else f"{batch} images"
    return measured(f"pixels.{kind}.{batch}", ours, "s", reference=naive,
                    goal=f"{least:g} times faster, same pixels", holds=same and naive >= least * ours,
                    note=f"{title}, {images}; reference: a pass for each pixel")  # fmt: skip
