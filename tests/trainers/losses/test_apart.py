"""The terms that press dimensions apart: published reference cases, identities, gradients by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from trainers.losses import apart
from trainers.vae import divergence


def ones(*shape: int) -> torch.Tensor:
    return torch.ones(*shape)


def test_the_divergence_in_the_reference_cases():
    assert divergence(torch.zeros(3, 10), torch.zeros(3, 10)).item() == 0
    assert divergence(ones(3, 10), torch.zeros(3, 10)).item() == pytest.approx(5)
    assert 8.58 < divergence(ones(3, 10), ones(3, 10)).item() < 8.6


def test_the_capacity_rises_to_its_limit():
    found = [
        apart.capacity_loss(torch.tensor(0.0), step, 100, 100.0, 1.0).item() for step in (0, 10, 100, 101)
    ]
    assert found == pytest.approx([0, 10, 100, 100])
    kl = torch.tensor(30.0, requires_grad=True)
    apart.capacity_loss(kl, 10, 100, 100.0, 5.0).backward()  # above the 10 nats of now: it is pressed down
    assert kl.grad == 5


def test_the_covariance_penalty_in_the_reference_cases():
    cases = [(ones(10, 10), 90), (torch.zeros(10, 10), 10), (torch.eye(10), 0), (2 * torch.eye(10), 10)]
    for covariance, wanted in cases:
        assert apart.covariance_penalty(covariance, 1, 1).item() == pytest.approx(wanted)
    assert apart.covariance_penalty(ones(3, 3), 10, 100).item() == pytest.approx(60)


def test_the_gaussian_density_in_the_reference_cases():
    zero = torch.zeros(())
    assert -1.4190 <= apart.log_density(zero, torch.tensor(1.0), zero).item() <= -1.4188
    assert apart.log_density(torch.tensor(1.0), torch.tensor(1.0), zero).item() == pytest.approx(
        -0.9189, abs=1e-3
    )


def test_the_total_correlation_in_the_reference_cases():
    """Posteriors that are all the same: the batch knows nothing, and only the constant is left."""
    torch.manual_seed(0)
    z = torch.randn(1000, 10)
    found = apart.total_correlation(z, torch.zeros(1000, 10), torch.zeros(1000, 10))
    assert found.item() == pytest.approx(-9 * math.log(1000), abs=1e-2)
    assert -9 * math.log(10_000) == pytest.approx(-82.89, abs=0.01)  # the published case, of 10,000
    alone = apart.total_correlation(z[:, :1], torch.zeros(1000, 1), torch.zeros(1000, 1))
    assert alone.item() == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("kind", apart.WEIGHTS)
def test_weights_of_the_batch(kind: str):
    weights = apart.minibatch_weights(kind, 5, 100).exp()
    if kind == "weighted":
        assert torch.allclose(weights, torch.full((5, 5), 1 / 500))
        return
    assert torch.allclose(weights.sum(1), ones(5))
    assert torch.allclose(weights.diagonal(), torch.full((5,), 1 / 100))  # the image's own, on the diagonal
    assert torch.allclose(weights[torch.arange(5), (torch.arange(5) + 1) % 5], torch.tensor(96 / 400))


@pytest.mark.parametrize("kind", apart.WEIGHTS)
def test_dimensions_that_share_something_have_more_total_correlation(kind: str):
    torch.manual_seed(0)
    one, other = torch.randn(2, 400, 1)
    logvar, weights = torch.full((400, 2), -3.0), apart.minibatch_weights(kind, 400, 400)

    def found(means: torch.Tensor) -> float:
        return apart.total_correlation(means + 0.22 * torch.randn(400, 2), means, logvar, weights).item()

    shared, apart_ = found(torch.cat([one, one], 1)), found(torch.cat([one, other], 1))
    assert shared > apart_ + 0.8  # of two normal copies with this noise it is about 1.1 nats


def test_the_weight_moves_the_estimate_by_a_constant():
    torch.manual_seed(0)
    z, mean, logvar = torch.randn(3, 20, 4)
    bare = apart.total_correlation(z, mean, logvar)
    weighted = apart.total_correlation(z, mean, logvar, apart.minibatch_weights("weighted", 20, 500))
    assert (weighted - bare).item() == pytest.approx(3 * math.log(20 * 500), rel=1e-5)


def test_permuted_codes_keep_each_dimension_and_lose_what_they_share():
    torch.manual_seed(0)
    z = torch.randn(2000, 1).repeat(1, 3)
    shuffled = apart.permuted(z)
    assert torch.equal(shuffled.sort(0).values, z.sort(0).values)
    assert abs(np.corrcoef(shuffled.T.numpy())[0, 1]) < 0.1


def test_the_critic_s_loss_and_what_it_tells():
    assert apart.critic_loss(torch.zeros(4), torch.zeros(4)).item() == pytest.approx(math.log(2))
    assert apart.critic_loss(torch.full((4,), 30.0), torch.full((4,), -30.0)).item() < 1e-6
    scores = torch.tensor([1.0, 2.0], requires_grad=True)
    apart.density_ratio(scores).backward()
    assert scores.grad is not None
    assert scores.grad.tolist() == [0.5, 0.5]


def test_covariances_of_means_and_of_codes():
    mean = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    assert torch.equal(apart.covariance_of(mean), torch.tensor([[1.0, -1.0], [-1.0, 1.0]]))
    spread = apart.covariance_of(mean, torch.zeros(2, 2))
    assert torch.equal(spread, torch.tensor([[2.0, -1.0], [-1.0, 2.0]]))


def test_what_a_pair_shares_becomes_one():
    means = (torch.tensor([[0.0, 3.0]]), torch.tensor([[0.2, -3.0]]))
    logvars = (torch.zeros(1, 2), torch.zeros(1, 2))
    (one, other), (spread, _), common = apart.adapted(means, logvars, "mean")
    assert common.tolist() == [[True, False]]
    assert one.tolist()[0] == pytest.approx([0.1, 3.0])
    assert other.tolist()[0] == pytest.approx([0.1, -3.0])
    assert spread.tolist()[0] == pytest.approx([0, 0])
    _, (spread, _), _ = apart.adapted(means, logvars, "product")
    assert spread.exp().tolist()[0] == pytest.approx([0.5, 1.0])  # two measurements know more than one


def test_the_divergence_of_two_posteriors():
    found = apart.gaussian_divergence(ones(1), torch.zeros(1), torch.zeros(1), torch.full((1,), math.log(4)))
    assert found.item() == pytest.approx(math.log(2) + (1 + 1) / 8 - 0.5)
