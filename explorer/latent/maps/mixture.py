"""A mixture of Gaussians by expectation and maximisation, step by step; samples from its components.

Fitted to the codes of a plain autoencoder, it is what makes that autoencoder generate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.api import Array

Doubles = NDArray[np.float64]
STEPS = 200
CONVERGED = 1e-4  # gain of the mean log-likelihood below which it ends
FLOOR = 1e-3  # least variance, in parts of the mean variance of the data
PER_COMPONENT = 4  # points for each dimension and component below which covariances are diagonal


@dataclass(frozen=True, eq=False)
class Mixture:
    """K Gaussians: weights `[K]`, means `[K, d]`, covariances `[K, d, d]`."""

    weights: Doubles
    means: Doubles
    covariances: Doubles

    def log_parts(self, points: NDArray[Any]) -> Doubles:
        """log of weight times density of each component at each point: `[N, K]`."""
        found = np.empty((len(points), len(self.weights)))
        for k, (weight, mean, covariance) in enumerate(
            zip(self.weights, self.means, self.covariances, strict=True)
        ):
            factor = np.linalg.cholesky(covariance)
            whitened = np.linalg.solve(factor, (points - mean).T)
            spread = 2 * np.log(np.diag(factor)).sum() + points.shape[1] * np.log(2 * np.pi)
            found[:, k] = np.log(max(weight, 1e-300)) - 0.5 * ((whitened**2).sum(axis=0) + spread)
        return found

    def responsibilities(self, points: NDArray[Any]) -> tuple[Doubles, float]:
        """How much of each point is whose, `[N, K]`, and the mean log-likelihood of a point in nats."""
        parts = self.log_parts(points)
        most = parts.max(axis=1, keepdims=True)
        total = most + np.log(np.exp(parts - most).sum(axis=1, keepdims=True))
        return np.exp(parts - total), float(total.mean())

    def sample(self, component: int, count: int, seed: int) -> Array:
        """Points `[count, d]` from one component."""
        rng = np.random.default_rng(seed)
        factor = np.linalg.cholesky(self.covariances[component])
        normal = rng.standard_normal((count, self.means.shape[1]))
        return (self.means[component] + normal @ factor.T).astype(np.float32)

    def arrays(self) -> dict[str, np.ndarray]:
        return {"weights": self.weights, "means": self.means, "covariances": self.covariances}

    @staticmethod
    def from_arrays(arrays: dict[str, Any]) -> Mixture:
        return Mixture(
            *(np.asarray(arrays[name], np.float64) for name in ("weights", "means", "covariances"))
        )


@dataclass(frozen=True, eq=False)
class EmStep:
    """After a number of steps: the mixture, responsibilities `[N, K]`, mean log-likelihood."""

    number: int
    mixture: Mixture
    responsibilities: Doubles
    likelihood: float


def em(
    points: Array, count: int, seed: int, diagonal: bool | None = None, steps: int = STEPS
) -> Iterator[EmStep]:
    """Yield each step of EM for `count` Gaussians over `[N, d]`, from k-means++ centres.

    (Dempster, Laird and Rubin 1977.) Variances have a floor, under which the best covariance is the data's
    with its eigenvalues raised to it: so the likelihood never falls. `diagonal` None chooses by the number
    of points.
    """
    from sklearn.cluster import kmeans_plusplus

    x = np.asarray(points, np.float64)
    if diagonal is None:
        diagonal = len(x) < PER_COMPONENT * count * x.shape[1]
    floor = max(FLOOR * float(x.var(axis=0).mean()), 1e-9)
    centres, _ = kmeans_plusplus(x, count, random_state=seed)
    owner = np.stack([((x - c) ** 2).sum(axis=1) for c in centres]).argmin(axis=0)
    shares, before = np.eye(count)[owner], -np.inf
    for number in range(1, steps + 1):
        mixture = _best(x, shares, floor, diagonal)
        shares, likelihood = mixture.responsibilities(x)
        yield EmStep(number, mixture, shares, likelihood)
        if likelihood - before < CONVERGED:
            return
        before = likelihood


def _best(x: Doubles, shares: Doubles, floor: float, diagonal: bool) -> Mixture:
    """The likeliest mixture for these responsibilities whose variances are at least `floor`."""
    sizes = np.maximum(shares.sum(axis=0), 1e-12)
    means = (shares.T @ x) / sizes[:, None]
    covariances = np.empty((len(sizes), x.shape[1], x.shape[1]))
    for k, (mean, size) in enumerate(zip(means, sizes, strict=True)):
        apart = x - mean
        if diagonal:
            covariances[k] = np.diag(np.maximum(shares[:, k] @ apart**2 / size, floor))
        else:
            values, axes = np.linalg.eigh((shares[:, k, None] * apart).T @ apart / size)
            covariances[k] = (axes * np.maximum(values, floor)) @ axes.T
    return Mixture(sizes / sizes.sum(), means, covariances)
