"""The flow: image and code are one to one, and the density is the change of variables."""

from __future__ import annotations

import math

import pytest
import torch

from backends.families.flow import Flow
from backends.nets.coupling import spread
from backends.registry import family


@pytest.fixture
def model() -> Flow:
    torch.manual_seed(0)
    made = family("flow").build({"image_size": 16, "hidden": 8, "flow_steps": 2}).eval()
    assert isinstance(made, Flow)
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    return made.requires_grad_(False)


def test_encoding_and_decoding_are_exact(model: Flow) -> None:
    images = torch.randint(0, 256, (4, 1, 16, 16)) / 255
    again = model.generate(model.encode(images), {})
    assert torch.equal((again * 255).round(), (images * 255).round())
    codes = torch.randn(4, 256)
    assert torch.allclose(model.density(model.decode(codes))[0], codes, atol=2e-2)


def test_log_density_is_the_change_of_variables(model: Flow) -> None:
    model = model.double()
    x = spread(torch.rand(1, 1, 16, 16), 0.5).double()
    codes, log_density = model.density(x)
    jacobian = torch.autograd.functional.jacobian(lambda v: model.density(v)[0], x).reshape(256, 256)
    normal = torch.distributions.Normal(0, 1).log_prob(codes).sum()
    assert log_density.item() == pytest.approx(float(normal + torch.linalg.slogdet(jacobian)[1]), rel=1e-6)


def test_likelihood_is_of_bytes_and_always_the_same(model: Flow) -> None:
    images = torch.randint(0, 256, (3, 1, 16, 16)) / 255
    nats, parts = model.likelihood(images)
    assert parts is None
    assert nats.shape == (3,)
    assert torch.equal(nats, model.likelihood(images)[0])
    assert (nats < 0).all()  # a probability, not a density
    assert torch.allclose(model.likelihood(images[1:2])[0], nats[1:2], rtol=1e-4)
    # Of an untrained flow a byte's bits are near those of the logit's density: more than 8 can only chance.
    assert 5 < -nats.mean().item() / (256 * math.log(2)) < 20


def test_parts_and_views(model: Flow) -> None:
    assert [part.shape for part in model.space.parts] == [(8, 4, 4), (2, 8, 8)]
    codes = torch.from_numpy(model.space.sample_many(1, 0))
    (levels,) = model.view("levels", codes, None, {})
    assert torch.allclose(levels.images[0], model.generate(codes, {})[0], atol=1e-5)
    assert len(levels.captions) == len(levels.images) == 16
    (warm,) = model.view("temperature", codes, None, {"hottest": 1.0})
    assert torch.allclose(warm.images[-1], model.generate(codes, {})[0], atol=1e-5)
