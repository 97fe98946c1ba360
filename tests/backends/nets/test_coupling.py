"""Invertible layers: each inverse undoes its layer, each log-determinant is the Jacobian's."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from backends.nets import coupling
from backends.nets.coupling import ActNorm, Coupling, Mix


def stirred(layer: nn.Module) -> nn.Module:
    """With weights that are not those of the start (couplings start as the identity)."""
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return layer.double()


@pytest.mark.parametrize(
    "layer", [ActNorm(4), Mix(4), Coupling(4, 8), Coupling(5, 8), coupling.steps(4, 8, 2)],
    ids=["norm", "mix", "coupling", "odd coupling", "steps"],
)  # fmt: skip
def test_layers_are_invertible_with_the_jacobian_they_say(layer: nn.Module) -> None:
    layer = stirred(layer)
    channels = 5 if isinstance(layer, Coupling) and layer.given == 3 else 4
    x = torch.randn(3, channels, 2, 2, dtype=torch.float64)
    y, log_det = layer(x)
    assert torch.allclose(layer.inverse(y), x, atol=1e-9)  # type: ignore[operator]
    for image, said in zip(x, log_det, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda v: layer(v[None])[0][0], image)
        assert said.item() == pytest.approx(
            torch.linalg.slogdet(jacobian.reshape(image.numel(), -1))[1].item()
        )


def test_logits_and_their_slope() -> None:
    x = torch.rand(2, 1, 3, 3, dtype=torch.float64)
    y, log_det = coupling.to_logits(x)
    assert torch.allclose(coupling.from_logits(y), x)
    jacobian = torch.autograd.functional.jacobian(lambda v: coupling.to_logits(v)[0], x[:1]).reshape(9, 9)
    assert log_det[0].item() == pytest.approx(torch.linalg.slogdet(jacobian)[1].item())


def test_bytes_are_spread_and_gathered_again() -> None:
    images = torch.arange(256).reshape(1, 1, 16, 16) / 255
    assert torch.allclose(coupling.gathered(coupling.spread(images, 0.5)), images, atol=1e-6)
    noisy = coupling.spread(images, torch.rand_like(images))
    assert torch.equal((noisy * 256).floor(), (images * 255).round())


def test_norms_are_set_by_the_data() -> None:
    torch.manual_seed(0)
    x = 3 + 2 * torch.randn(64, 4, 3, 3)
    norm = ActNorm(4)
    norm.calibrate(x)
    y, _ = norm(x)
    assert y.mean((0, 2, 3)).abs().max() < 1e-3
    assert torch.allclose(y.std((0, 2, 3)), torch.ones(4), atol=1e-2)
