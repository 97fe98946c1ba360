"""Vector quantisation: nearest entries, codes as principal components, the views."""

from __future__ import annotations

import pytest
import torch

from backends.families.vqvae import VectorQuantised
from backends.registry import family


@pytest.fixture
def model() -> VectorQuantised:
    torch.manual_seed(0)
    config = {"image_size": 16, "width": 4, "entry": 3, "entries": 8, "latent": 48}
    made = family("vqvae").build(config).eval().requires_grad_(False)
    assert isinstance(made, VectorQuantised)
    return made


def test_every_place_gets_its_nearest_entry(model: VectorQuantised) -> None:
    maps = torch.randn(2, 3, 4, 4)
    entries = model.nearest(maps)
    apart = torch.cdist(maps.permute(0, 2, 3, 1).reshape(-1, 3), model.codebook)
    assert torch.equal(entries.flatten(), apart.argmin(1))
    assert torch.equal(model.nearest(model.look_up(entries)), entries)


def test_a_code_with_all_components_is_the_whole_map(model: VectorQuantised) -> None:
    images = torch.rand(200, 1, 16, 16)
    maps = model.encoder(images)
    model.set_space(maps)
    codes = model.encode(images)
    assert torch.allclose(codes.mean(0), torch.zeros(48), atol=1e-2)
    again = model.generate(codes, {})
    assert (again - model.paint(model.nearest(maps))).abs().mean() < 1e-3


def test_views(model: VectorQuantised) -> None:
    (code_map,) = model.view("map", None, torch.rand(1, 1, 16, 16), {})
    assert code_map.captions == ("image", "map", "decoded")
    shades = code_map.images[1, 0]
    assert torch.equal(shades[::4, ::4].repeat_interleave(4, 0).repeat_interleave(4, 1), shades)
    (book,) = model.view("codebook", None, None, {})
    assert len(book.images) == 8
