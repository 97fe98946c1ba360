"""First-layer weights as images."""

from __future__ import annotations

import pytest
import torch

from backends.api import BadRequest
from backends.registry import family


@pytest.mark.parametrize("name", ["autoencoder", "vae"])
def test_the_first_layer_is_shown_where_it_reads_pixels(name: str) -> None:
    model = family(name).build({"image_size": 16, "width": 8, "body": "mlp"}).eval().requires_grad_(False)
    assert [view.name for view in model.views] == ["weights"]
    (sheet,) = model.view("weights", None, None, {})
    assert sheet.images.shape == (64, 1, 16, 16)
    assert 0 <= sheet.images.min() <= sheet.images.max() <= 1
    layer = next(m for m in model.modules() if isinstance(m, torch.nn.Linear))
    unit = int(sheet.captions[0].split()[1])
    row = layer.weight[unit].reshape(16, 16)
    assert torch.allclose(sheet.images[0, 0], 0.5 + 0.5 * row / row.abs().max(), atol=1e-6)


def test_convolutions_have_no_such_view() -> None:
    model = family("vae").build({"image_size": 16, "width": 4}).eval()
    assert model.views == ()
    with pytest.raises(BadRequest):
        next(model.view("weights", None, None, {}))
