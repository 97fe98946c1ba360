"""The directions that are learnt: rows of length one, at right angles to each other."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import orthogonal

MANY = 128


class Matrix(nn.Module):
    """`rows` `[K, d]`, in standard deviations, kept orthonormal by the exponential of a skew matrix.

    In many dimensions by Householder's reflections, which cost K d and not d³.

    One of the two deformators that Voynov and Babenko recommend. At right angles no direction is found
    twice, nor backwards.
    """

    def __init__(self, count: int, dimensions: int, random: torch.Generator) -> None:
        super().__init__()
        linear = nn.Linear(dimensions, min(count, dimensions), bias=False)
        with torch.no_grad():
            drawn = torch.randn(dimensions, len(linear.weight), generator=random)
            linear.weight.copy_(torch.linalg.qr(drawn)[0].T)
        way = "matrix_exp" if dimensions <= MANY else "householder"
        self.linear = orthogonal(linear, orthogonal_map=way)

    @property
    def rows(self) -> Tensor:
        weight = self.linear.weight
        assert isinstance(weight, Tensor)
        return weight

    def __len__(self) -> int:
        return len(self.rows)
