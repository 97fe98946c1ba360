"""The terms that press a variational autoencoder's dimensions apart, as functions of its posteriors.

Codes and the posterior's moments are `[B, d]`; every term is a scalar in nats (the covariance penalty: of no
unit). q(z) is the mean of q(z|x) over the data, and the divergence from the prior falls into three parts
(Hoffman and Johnson 2016; Chen et al. 2018, equation 2):

    mean_x KL(q(z|x) || p(z)) = I(x; z) + TC + sum_d KL(q(z_d) || p(z_d)),  TC = KL(q(z) || prod_d q(z_d))
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from trainers.lazy import Lazy

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import functional
else:
    torch = Lazy("torch")
    functional = Lazy("torch.nn.functional")

LOG_TAU = math.log(2 * math.pi)
WEIGHTS = ("weighted", "stratified")


def capacity_loss(kl: Tensor, step: int, over: float, capacity: float, gamma: float) -> Tensor:
    """gamma |KL - C(t)|, C rising from 0 to `capacity` nats over `over` steps (Burgess et al. 2018)."""
    return gamma * (kl - capacity * min(1.0, step / max(over, 1))).abs()


def log_density(z: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    """log N(z; mean, exp(logvar)) of each number."""
    return -0.5 * ((z - mean).square() * (-logvar).exp() + logvar + LOG_TAU)


def total_correlation(z: Tensor, mean: Tensor, logvar: Tensor, log_weights: Tensor | float = 0.0) -> Tensor:
    """An estimate of TC from one batch: mean_i [log q(z_i) - sum_d log q(z_id)].

    log q(z_i) = logsumexp_j [log w_ij + sum_d log q(z_id|x_j)], and the same for each dimension. Weights of
    `minibatch_weights`; 0 leaves them out, which moves the estimate by a constant (Locatello et al. 2019).
    """
    each = log_density(z[:, None], mean[None], logvar[None])  # [B, B, d]
    weights = torch.as_tensor(log_weights, dtype=z.dtype, device=z.device)
    together = (each.sum(2) + weights).logsumexp(1)
    alone = (each + (weights[..., None] if weights.ndim else weights)).logsumexp(1).sum(1)
    return (together - alone).mean()


def minibatch_weights(kind: str, batch: int, images: int) -> Tensor:
    """log w_ij `[B, B]` of an image j in the density at the code of image i, for a set of `images`.

    weighted: 1 / (N B) for all (Chen et al. 2018, equation S5). stratified (appendix C.2): 1/N for the image
    itself, 1/M for the others, M = B - 1, of which one stands for all that are not in the batch,
    (N - M) / (N M); each row sums to one. (The published code puts them into columns, not on the diagonal.)
    """
    if kind == "weighted" or batch < 2:
        return torch.full((batch, batch), -math.log(images * batch))
    others = batch - 1
    weights = torch.full((batch, batch), 1 / others)
    rows = torch.arange(batch)
    weights[rows, (rows + 1) % batch] = max(images - others, 1) / (images * others)
    weights[rows, rows] = 1 / images
    return weights.log()


def permuted(z: Tensor) -> Tensor:
    """Each dimension shuffled over the batch by itself: draws from prod_d q(z_d) (Kim and Mnih 2018)."""
    order = torch.rand_like(z).argsort(0)
    return z.gather(0, order)


def density_ratio(scores: Tensor) -> Tensor:
    """mean log D(z) / (1 - D(z)), an estimate of TC, from a critic's logits `[B]` (the same, equation 3)."""
    return scores.mean()


def critic_loss(joint: Tensor, apart: Tensor) -> Tensor:
    """What the critic minimises: logits of codes high, those of permuted ones low; ln 2 is chance."""
    return (functional.softplus(-joint).mean() + functional.softplus(apart).mean()) / 2


def covariance_penalty(covariance: Tensor, off_diagonal: float, diagonal: float) -> Tensor:
    """lambda_od sum_{i != j} S_ij^2 + lambda_d sum_i (S_ii - 1)^2 (Kumar et al. 2018, equations 6 and 7)."""
    on = covariance.diagonal()
    off = covariance.square().sum() - on.square().sum()
    return off_diagonal * off + diagonal * (on - 1).square().sum()


def covariance_of(mean: Tensor, logvar: Tensor | None = None) -> Tensor:
    """The covariance of the means `[d, d]` (DIP-VAE I); with `logvar` that of the codes (DIP-VAE II)."""
    centred = mean - mean.mean(0)
    found = centred.T @ centred / len(mean)
    return found if logvar is None else found + logvar.exp().mean(0).diag()


def adapted(
    means: tuple[Tensor, Tensor], logvars: tuple[Tensor, Tensor], how: str
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor], Tensor]:
    """The posteriors of a pair, made one where the pair seems to agree, and where that is `[B, d]`.

    A dimension counts as common when KL(q(z_d|x1) || q(z_d|x2)) is below the middle between the least and the
    greatest of the pair's. There both take the mean of means and variances (`mean`, Hosoya 2019) or the
    normalised product (`product`, Bouchacourt et al. 2018); Locatello et al. 2020, section 4.
    """
    apart = gaussian_divergence(means[0], logvars[0], means[1], logvars[1])
    least, most = apart.amin(1, keepdim=True), apart.amax(1, keepdim=True)
    common = apart < (least + most) / 2
    if how == "mean":
        variance = (logvars[0].exp() + logvars[1].exp()) / 2
        middle = (means[0] + means[1]) / 2
    else:
        precisions = [(-logvar).exp() for logvar in logvars]
        variance = 1 / (precisions[0] + precisions[1])
        middle = variance * (precisions[0] * means[0] + precisions[1] * means[1])
    shared = variance.log()
    kept = tuple(torch.where(common, middle, mean) for mean in means)
    spread = tuple(torch.where(common, shared, logvar) for logvar in logvars)
    return (kept[0], kept[1]), (spread[0], spread[1]), common


def gaussian_divergence(mean: Tensor, logvar: Tensor, other: Tensor, other_logvar: Tensor) -> Tensor:
    """KL(N(mean, exp(logvar)) || N(other, exp(other_logvar))) of each number."""
    ratio = (logvar - other_logvar).exp()
    return 0.5 * (ratio + (mean - other).square() * (-other_logvar).exp() - 1 + other_logvar - logvar)
