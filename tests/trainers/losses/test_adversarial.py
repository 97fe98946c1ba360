"""Every loss and penalty of GANs: its value and its gradient against cases worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from trainers.losses import adversarial as losses

REAL, FAKE = (2.0, -1.0), (0.5, -3.0)


def sigmoid(s: float) -> float:
    return 1 / (1 + math.exp(-s))


# By hand, for two scores of each kind, so each gradient is that of one score, divided by two.
CRITIC = {
    "minimax": ([(sigmoid(s) - 1) / 2 for s in REAL], [sigmoid(s) / 2 for s in FAKE]),
    "non-saturating": ([(sigmoid(s) - 1) / 2 for s in REAL], [sigmoid(s) / 2 for s in FAKE]),
    "least-squares": ([(2.0 - 1) / 2, (-1.0 - 1) / 2], [0.5 / 2, -3.0 / 2]),
    "wasserstein": ([-0.5, -0.5], [0.5, 0.5]),
    "hinge": ([0.0, -0.5], [0.5, 0.0]),  # 2 is beyond the margin of 1, -3 beyond that of -1
}
GENERATOR = {
    "minimax": [-sigmoid(s) / 2 for s in FAKE],
    "non-saturating": [(sigmoid(s) - 1) / 2 for s in FAKE],
    "least-squares": [(0.5 - 1) / 2, (-3.0 - 1) / 2],
    "wasserstein": [-0.5, -0.5],
    "hinge": [-0.5, -0.5],
}


def scores() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor(REAL, requires_grad=True), torch.tensor(FAKE, requires_grad=True)


@pytest.mark.parametrize("kind", CRITIC)
def test_gradient_of_the_critic(kind: str):
    real, fake = scores()
    losses.critic_loss(kind, real, fake, losses.targets(real, fake, 0.0, 0.0)).backward()
    assert real.grad.tolist() == pytest.approx(CRITIC[kind][0], abs=1e-6)
    assert fake.grad.tolist() == pytest.approx(CRITIC[kind][1], abs=1e-6)


@pytest.mark.parametrize("kind", GENERATOR)
def test_gradient_of_the_generator(kind: str):
    _, fake = scores()
    losses.generator_loss(kind, fake).backward()
    assert fake.grad.tolist() == pytest.approx(GENERATOR[kind], abs=1e-6)


def test_the_minimax_gradient_vanishes_where_the_critic_is_sure_and_the_other_stays():
    for kind, size in (("minimax", math.exp(-10)), ("non-saturating", 1.0)):
        fake = torch.tensor([-10.0], requires_grad=True)
        losses.generator_loss(kind, fake).backward()
        assert abs(fake.grad.item()) == pytest.approx(size, rel=1e-3)


def test_values_at_no_opinion():
    zero = torch.zeros(4)
    aims = losses.targets(zero, zero, 0.0, 0.0)
    assert losses.critic_loss("minimax", zero, zero, aims).item() == pytest.approx(2 * math.log(2))
    assert losses.critic_loss("least-squares", zero, zero, aims).item() == pytest.approx(0.5)
    assert losses.critic_loss("hinge", zero, zero, aims).item() == pytest.approx(2)
    assert losses.critic_loss("wasserstein", zero, zero, aims).item() == 0
    assert losses.generator_loss("minimax", zero).item() == pytest.approx(-math.log(2))
    assert losses.generator_loss("non-saturating", zero).item() == pytest.approx(math.log(2))


def test_smoothed_labels():
    real, fake = torch.full((4,), 2.0), torch.full((4,), -2.0)
    one, none = losses.targets(real, fake, 0.1, 0.0)
    assert one.tolist() == pytest.approx([0.9] * 4)
    assert none.tolist() == [0.0] * 4
    soft = 0.9 * math.log1p(math.exp(-2)) + 0.1 * math.log1p(math.exp(2)) + math.log1p(math.exp(-2))
    assert losses.critic_loss("minimax", real, fake, (one, none)).item() == pytest.approx(soft)


def test_flipped_labels_are_about_as_many_as_asked():
    torch.manual_seed(0)
    sure = torch.full((20_000,), 30.0)  # a flipped label costs 30, a right one nothing
    aims = losses.targets(sure, -sure, 0.0, 0.2)
    assert losses.critic_loss("minimax", sure, -sure, aims).item() == pytest.approx(2 * 0.2 * 30, rel=0.05)


def linear(weight: torch.Tensor) -> losses.Score:
    return lambda images: (images.flatten(1) @ weight).squeeze(-1)


def test_the_penalty_of_a_linear_critic_is_that_of_its_weight():
    weight = torch.tensor([3.0, 0.0, 4.0, 0.0], requires_grad=True)  # |w| = 5
    at = torch.randn(6, 1, 2, 2)
    penalty = losses.unit_slope(linear(weight), at)
    assert penalty.item() == pytest.approx((5 - 1) ** 2, rel=1e-5)
    penalty.backward()  # d (|w| - 1)^2 / dw = 2 (|w| - 1) w / |w|
    assert weight.grad.tolist() == pytest.approx([8 * 3 / 5, 0, 8 * 4 / 5, 0], rel=1e-5)
    r1 = losses.no_slope(linear(weight), at)
    assert r1.item() == pytest.approx(25, rel=1e-5)


def test_the_penalty_of_a_blind_critic_has_a_gradient():
    weight = torch.zeros(4, requires_grad=True)
    losses.unit_slope(linear(weight), torch.randn(6, 1, 2, 2)).backward()
    assert torch.isfinite(weight.grad).all()


def test_where_penalties_are_measured():
    torch.manual_seed(0)
    real, fake = torch.zeros(500, 1, 2, 2), torch.ones(500, 1, 2, 2)
    at = losses.between(real, fake)
    assert torch.equal(at, at[:, :1, :1, :1].expand_as(at))  # one place on each line
    assert 0 <= at.min() < 0.05 < 0.95 < at.max() <= 1
    images = torch.randn(500, 1, 2, 2)
    apart = losses.around(images) - images
    assert 0 <= apart.min()
    assert apart.max() <= 0.5 * images.std()


def test_began_balances_the_players():
    """k moves by rate (gamma L(x) - L(G)) and stays in [0, 1]; M = L(x) + |gamma L(x) - L(G)|."""
    real, fake = torch.tensor([0.2, 0.4]), torch.tensor([0.05, 0.15])  # means 0.3 and 0.1
    k = torch.tensor(0.4)
    assert losses.balanced_loss(real, fake, k).item() == pytest.approx(0.3 - 0.4 * 0.1)
    assert losses.next_balance(k, real, fake, 0.5, 0.01).item() == pytest.approx(0.4 + 0.01 * 0.05)
    assert losses.next_balance(k, real, fake, 0.5, 100.0).item() == 1
    assert losses.next_balance(k, fake, real, 0.5, 100.0).item() == 0
    assert losses.convergence(real, fake, 0.5).item() == pytest.approx(0.3 + 0.05)
    assert losses.convergence(fake, real, 0.5).item() == pytest.approx(0.1 + 0.25)


def test_gradients_of_began():
    real, fake = scores()
    losses.balanced_loss(real, fake, torch.tensor(0.3)).backward()
    assert real.grad.tolist() == pytest.approx([0.5, 0.5])
    assert fake.grad.tolist() == pytest.approx([-0.15, -0.15])
