"""The losses of generator and critic as functions of scores `[B]`: r_i on real images, f_i on generated ones.

Each is a mean over the batch. A target t is 1 for real and 0 for generated images, unless labels are smoothed
(1 - a for real ones, Salimans et al. 2016, section 3.4) or flipped. softplus(s) = log(1 + exp(s)) and
sigmoid(s) = 1 / (1 + exp(-s)), so that -log sigmoid(s) = softplus(-s).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from trainers.lazy import Lazy

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import functional
else:
    torch = Lazy("torch")
    functional = Lazy("torch.nn.functional")

Score = Callable[["Tensor"], "Tensor"]
LABELLED = ("minimax", "non-saturating", "least-squares")  # losses that have targets
THRESHOLD = {
    "minimax": 0.0,
    "non-saturating": 0.0,
    "least-squares": 0.5,
    "hinge": 0.0,
}  # above it: named real


def critic_loss(kind: str, real: Tensor, fake: Tensor, targets: tuple[Tensor, Tensor]) -> Tensor:
    """What the critic minimises; `targets` of both are read by `LABELLED` losses alone."""
    if kind in ("minimax", "non-saturating"):
        return cross_entropy(real, fake, *targets)
    if kind == "least-squares":
        return least_squares(real, fake, *targets)
    return {"wasserstein": wasserstein, "hinge": hinge}[kind](real, fake)


def generator_loss(kind: str, fake: Tensor) -> Tensor:
    """What the generator minimises.

    minimax         -mean softplus(f)      = mean log(1 - sigmoid(f)): flat where the critic is sure
    non-saturating   mean softplus(-f)     = -mean log sigmoid(f) (Goodfellow et al. 2014, section 3)
    least-squares    mean (f - 1)^2 / 2    (Mao et al. 2017, equation 9)
    wasserstein     -mean f                (Arjovsky et al. 2017); of hinge and of nothing else too
    """
    if kind == "minimax":
        return -functional.softplus(fake).mean()
    if kind == "non-saturating":
        return functional.softplus(-fake).mean()
    if kind == "least-squares":
        return (fake - 1).square().mean() / 2
    return -fake.mean()


def cross_entropy(real: Tensor, fake: Tensor, on_real: Tensor, on_fake: Tensor) -> Tensor:
    """-mean [t log sigmoid(s) + (1 - t) log(1 - sigmoid(s))], summed over real and generated images.

    Goodfellow et al. 2014, equation 1, with targets.
    """
    loss = functional.binary_cross_entropy_with_logits
    return loss(real, on_real) + loss(fake, on_fake)


def least_squares(real: Tensor, fake: Tensor, on_real: Tensor, on_fake: Tensor) -> Tensor:
    """mean (r - t)^2 / 2 + mean (f - t)^2 / 2 (Mao et al. 2017, equation 9)."""
    return ((real - on_real).square().mean() + (fake - on_fake).square().mean()) / 2


def wasserstein(real: Tensor, fake: Tensor) -> Tensor:
    """mean f - mean r: minus the distance's lower bound, for scores of slope 1 (Arjovsky et al. 2017)."""
    return fake.mean() - real.mean()


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    """mean max(0, 1 - r) + mean max(0, 1 + f) (Lim and Ye 2017; Miyato et al. 2018, equation 16)."""
    return functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()


def targets(real: Tensor, fake: Tensor, smoothing: float, flipped: float) -> tuple[Tensor, Tensor]:
    """Targets `[B]` of both: 1 - `smoothing` and 0, a share of `flipped` of each exchanged at random."""
    one, none = torch.full_like(real, 1 - smoothing), torch.zeros_like(fake)
    if flipped:
        swap_one, swap_none = torch.rand_like(one) < flipped, torch.rand_like(none) < flipped
        one, none = one.masked_fill(swap_one, 0.0), none.masked_fill(swap_none, 1 - smoothing)
    return one, none


# BEGAN, on reconstruction errors L (Berthelot et al. 2017, section 3.4)


def balanced_loss(real: Tensor, fake: Tensor, k: Tensor) -> Tensor:
    """The critic's: L(x) - k L(G(z)), errors `[B]` of real and generated images."""
    return real.mean() - k * fake.mean()


def next_balance(k: Tensor, real: Tensor, fake: Tensor, gamma: float, rate: float) -> Tensor:
    """k + rate (gamma L(x) - L(G(z))), kept in [0, 1]."""
    return (k + rate * (gamma * real.mean() - fake.mean())).clamp(0, 1)


def convergence(real: Tensor, fake: Tensor, gamma: float) -> Tensor:
    """M = L(x) + |gamma L(x) - L(G(z))|: falls while the training goes well."""
    return real.mean() + (gamma * real.mean() - fake.mean()).abs()


# Penalties on the critic's slope


def slopes(score: Score, at: Tensor) -> Tensor:
    """|grad s(x)| `[B]` at images `[B, C, H, W]`, through which the critic can be trained."""
    at = at.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(score(at).sum(), at, create_graph=True)
    # The root has no gradient at zero, where a critic that is blind would give a NaN.
    return (gradient.square().flatten(1).sum(1) + 1e-12).sqrt()


def unit_slope(score: Score, at: Tensor) -> Tensor:
    """mean (|grad s(x)| - 1)^2 (Gulrajani et al. 2017, equation 3)."""
    return (slopes(score, at) - 1).square().mean()


def no_slope(score: Score, at: Tensor) -> Tensor:
    """R1: mean |grad s(x)|^2, at real images (Mescheder et al. 2018, equation 9)."""
    return slopes(score, at).square().mean()


def between(real: Tensor, fake: Tensor) -> Tensor:
    """A place on the line from each real to a generated image: WGAN-GP's x hat (Gulrajani et al. 2017)."""
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    return real + share * (fake - real)


def around(real: Tensor) -> Tensor:
    """A place near each real image: DRAGAN's x + delta (Kodali et al. 2017)."""
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    return real + share * 0.5 * real.std() * torch.rand_like(real)
