"""Generators and critics: every body, norm and way of changing resolution, and what each trick promises."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch

from backends.errors import BadSettings
from backends.loaded import fuse
from backends.nets import build
from backends.nets.critics import AutoencodingCritic, Critical
from backends.registry import family

BODIES = ("mlp", "conv", "resnet")


def config(**given: Any) -> dict[str, Any]:
    return {**family("gan").defaults, "image_size": 16, "width": 4, "latent": 3, **given}


@pytest.mark.parametrize(
    ("body", "norm", "upsample"),
    list(
        itertools.product(
            BODIES, ("batch", "instance", "layer", "none"), ("transposed", "nearest", "pixelshuffle")
        )
    ),
)
def test_generators_have_the_image_s_shape(body: str, norm: str, upsample: str) -> None:
    if body == "mlp" and norm == "instance":
        pytest.skip("an mlp has no maps")
    for finest, depth in (("full", 1), ("half", 0)):
        given = config(body=body, norm=norm, upsample=upsample, finest=finest, depth=depth)
        images = build.generator(given, 3)(torch.randn(2, 3))
        assert images.shape == (2, 1, 16, 16)
        assert images.abs().max() <= 1
        assert images.std() > 0


def test_instance_norm_of_features_is_refused() -> None:
    with pytest.raises(BadSettings, match="maps"):
        family("gan").build(config(body="mlp", norm="instance"))


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("size", [16, 28, 32, 64])
def test_resnets_and_half_size_maps_know_every_size(body: str, size: int) -> None:
    model = family("gan").build(config(body=body, image_size=size, channels=3, finest="half"))
    codes = torch.from_numpy(model.space.sample_many(2, 0))
    assert model.generate(codes, {}).shape == (2, 3, size, size)


@pytest.mark.parametrize(
    ("body", "labels", "spectral", "downsample"),
    list(
        itertools.product(
            BODIES, ("none", "concatenation", "projection", "auxiliary"), (False, True), ("strided", "pooled")
        )
    ),
)
def test_critics_score_images_and_labels(body: str, labels: str, spectral: bool, downsample: str) -> None:
    how = Critical(4, downsample=downsample, spectral=spectral, labels=labels, classes=10)
    critic = build.discriminator(config(body=body), how)
    images, weights = torch.randn(4, 1, 16, 16), torch.eye(10)[:4]
    scores, named = critic(images, weights)
    assert scores.shape == (4,)
    assert (named is None) == (labels != "auxiliary")
    assert named is None or named.shape == (4, 10)
    scores.sum().backward()
    told = not torch.equal(critic(images, weights.roll(1, 0))[0], scores)
    assert told == (labels in ("concatenation", "projection")) or spectral


@pytest.mark.parametrize("norm", ["none", "layer", "instance"])
@pytest.mark.parametrize("body", BODIES)
def test_without_batch_norm_and_spread_a_score_is_of_one_image(body: str, norm: str) -> None:
    if body == "mlp" and norm == "instance":
        pytest.skip("an mlp has no maps")
    critic = build.discriminator(config(body=body), Critical(4, norm, spread=False))
    images = torch.randn(4, 1, 16, 16, requires_grad=True)
    (slope,) = torch.autograd.grad(critic(images)[0][0], images)
    assert slope[0].abs().sum() > 0
    assert slope[1:].abs().sum() == 0


@pytest.mark.parametrize("how", [Critical(4, "batch", spread=False), Critical(4, spread=True)])
def test_batch_norm_and_spread_see_the_batch(how: Critical) -> None:
    critic = build.discriminator(config(), how)
    images = torch.randn(4, 1, 16, 16, requires_grad=True)
    (slope,) = torch.autograd.grad(critic(images)[0][0], images)
    assert slope[1:].abs().sum() > 0


@pytest.mark.parametrize("body", ["mlp", "conv"])
def test_spectral_norm_bounds_every_layer(body: str) -> None:
    critic = build.discriminator(config(body=body), Critical(4, spectral=True))
    for _ in range(200):  # of the power iteration
        critic(torch.randn(2, 1, 16, 16))
    weights = [m.weight.flatten(1) for m in critic.modules() if isinstance(m, torch.nn.Linear)]
    assert weights
    for weight in weights:
        assert torch.linalg.matrix_norm(weight, 2).item() == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize("body", BODIES)
def test_began_s_critic_gives_the_error_of_rebuilding_an_image(body: str) -> None:
    critic = build.discriminator(config(body=body), Critical(4, spread=False), autoencoding=True)
    assert isinstance(critic, AutoencodingCritic)
    images = torch.rand(3, 1, 16, 16) * 2 - 1
    errors, named = critic(images)
    again = torch.tanh(critic.decoder(critic.encoder(images)))
    assert named is None
    assert torch.allclose(errors, (images - again).abs().flatten(1).mean(1))
    assert "balance" in critic.state_dict()


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("upsample", ["transposed", "nearest", "pixelshuffle"])
def test_folding_norms_into_layers_changes_no_image(body: str, upsample: str) -> None:
    model = family("gan").build(config(body=body, upsample=upsample, finest="half", depth=1))
    for _ in range(3):  # gives batch norm something to fold
        model.generator(torch.randn(8, 3))
    model.eval()
    codes = torch.randn(4, 3)
    before = model.generate(codes, {})
    assert torch.allclose(fuse(model).generate(codes, {}), before, atol=1e-5)
