"""Residual networks for GANs, as in the paper on spectral norm (Miyato et al. 2018, appendix B.4).

The way past each block is a doubling of pixels, or a mean over 2x2 of them, and a 1x1 convolution, so that a
gradient reaches every resolution in one step. Widths are those of `backends.nets.conv`.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from backends.nets.conv import channels_at, enlarge, resolutions, shrink
from backends.nets.mlp import SLOPE, ImageShape
from backends.nets.norms import norm_of


class Sum(nn.Module):
    """change(x) + past(x)."""

    def __init__(self, change: list[nn.Module], past: list[nn.Module]) -> None:
        super().__init__()
        self.change, self.past = nn.Sequential(*change), nn.Sequential(*past)

    def forward(self, maps: Tensor) -> Tensor:
        summed: Tensor = self.change(maps) + self.past(maps)
        return summed


def block_up(given: int, wanted: int, norm: str, how: str) -> Sum:
    """norm, ReLU, double, norm, ReLU, convolve."""
    bias = norm == "none"
    change = [*norm_of(norm, given), nn.ReLU(), *enlarge(given, wanted, how, bias=bias)]
    change += [*norm_of(norm, wanted), nn.ReLU(), nn.Conv2d(wanted, wanted, 3, padding=1)]
    return Sum(change, [nn.Upsample(scale_factor=2), nn.Conv2d(given, wanted, 1)])


def block_down(given: int, wanted: int, norm: str, how: str, *, first: bool = False) -> Sum:
    """(norm, act,) convolve, norm, act, halve; the first block has the image itself before it."""
    start = [] if first else [*norm_of(norm, given), nn.LeakyReLU(SLOPE)]
    change = [*start, nn.Conv2d(given, wanted, 3, padding=1)]
    change += [*norm_of(norm, wanted), nn.LeakyReLU(SLOPE), *shrink(wanted, wanted, how)]
    return Sum(change, [nn.AvgPool2d(2), nn.Conv2d(given, wanted, 1)])


def block(channels: int, norm: str) -> Sum:
    """The same at one resolution."""
    change: list[nn.Module] = []
    for _ in range(2):
        change += [*norm_of(norm, channels), nn.LeakyReLU(SLOPE)]
        change += [nn.Conv2d(channels, channels, 3, padding=1)]
    return Sum(change, [])


class ResnetDecoder(nn.Sequential):
    """Codes `[N, inputs]` -> raw images `[N, C, H, W]` (no output function)."""

    def __init__(
        self, inputs: int, shape: ImageShape, width: int, depth: int = 0, how: str = "nearest",
        norm: str = "batch",
    ) -> None:  # fmt: skip
        size, _, colours = shape
        wide, least = channels_at(size, width)[::-1], resolutions(size)[-1]
        parts: list[nn.Module] = [
            nn.Linear(inputs, wide[0] * least**2),
            nn.Unflatten(1, (wide[0], least, least)),
        ]
        for given, wanted in pairwise(wide):
            parts += [block(given, norm) for _ in range(depth)]
            parts.append(block_up(given, wanted, norm, how))
        parts += [*norm_of(norm, wide[-1]), nn.ReLU(), nn.Conv2d(wide[-1], colours, 3, padding=1)]
        super().__init__(*parts)


def resnet_trunk(colours: int, size: int, width: int, norm: str, how: str) -> tuple[list[nn.Module], int]:
    """The layers of a critic before its score, images -> maps `[N, C, s, s]`; and C."""
    wide = [colours, *channels_at(size, width)[1:]]
    parts: list[nn.Module] = [
        block_down(given, wanted, norm, how, first=level == 0)
        for level, (given, wanted) in enumerate(pairwise(wide))
    ]
    return [*parts, block(wide[-1], norm), nn.LeakyReLU(SLOPE)], wide[-1]
