"""How many nats an encoder puts into each dimension: the KL of its posterior to the prior."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
from torch import Tensor

from backends.errors import BadRequest
from backends.model import Model
from backends.space import Array

Posterior = Callable[[Tensor], tuple[Tensor, Tensor]]


def posterior_of(model: Model) -> Posterior:
    """The method that gives mean and log variance `[N, d]` of images. Raises `BadRequest` without one."""
    method = getattr(model, "posterior", None)
    if method is None or len(inspect.signature(method).parameters) != 1:
        raise BadRequest(
            "This model's encoder gives a code, not a distribution of codes.", "Sort by change instead."
        )
    found: Posterior = method
    return found


def divergences(means: Array, log_variances: Array) -> Array:
    """Mean KL(N(m, v) || N(0, 1)) over rows `[N, d]`: `[d]` nats, ½ (m² + v − ln v − 1).

    Kingma and Welling 2014, appendix B. A dimension that carries nothing has 0.
    """
    variances = np.exp(log_variances)
    return np.asarray((0.5 * (means**2 + variances - log_variances - 1)).mean(0), np.float32)
