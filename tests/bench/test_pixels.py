"""The bench of drawing pixel by pixel: it notices a pixel that is not the naive loop's."""

from __future__ import annotations

import pytest
import torch

from backends.nets.raster import drawn
from backends.pixel_timing import same, timed
from backends.registry import family
from explorer.bench import pixels
from explorer.bench.measurement import Plan


@pytest.mark.parametrize("likelihood", ["binary", "levels"])
def test_one_changed_pixel_is_noticed(likelihood):
    torch.manual_seed(0)
    model = (
        family("pixelcnn").build({"width": 8, "depth": 1, "image_size": 16, "likelihood": likelihood}).eval()
    )
    with torch.inference_mode():
        drawing = model.drawing(torch.from_numpy(model.space.sample_many(3, 0)), {})
        *_, levels = drawn(model.network, drawing)
        assert same(model, levels, drawing)
        levels[1, 0, 7, 7] = 1 - levels[1, 0, 7, 7]
        assert not same(model, levels, drawing)
        answer = timed(model, 2, 3)
    assert answer["same"] is True
    assert answer["ours"] > 0
    assert answer["naive"] > 0


class Told:
    """Answers as the process beside would."""

    def __init__(self, **answer):
        self.answer = answer

    def ask(self, **request):
        return self.answer


@pytest.mark.parametrize(
    ("naive", "alike", "holds"), [(30.0, True, True), (20.0, True, False), (30.0, False, False)]
)
def test_the_verdict_needs_speed_and_the_same_pixels(naive, alike, holds):
    one = pixels.faster(Told(ours=1.0, naive=naive, same=alike), "gated", "", 1, 25.0, Plan.quick())
    assert one.holds is holds
    assert one.reference == naive
