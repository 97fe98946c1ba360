"""The normalisations that a network can have between its layers."""

from __future__ import annotations

from torch import nn

from backends.errors import BadSettings

NORMS = ("batch", "instance", "layer", "none")


def norm_of(kind: str, channels: int, *, flat: bool = False) -> list[nn.Module]:
    """The layer of a kind for maps `[N, C, H, W]` (or, `flat`, features `[N, C]`); none gives none.

    Batch norm: Ioffe and Szegedy 2015. Instance norm: Ulyanov et al. 2016. Layer norm (Ba et al. 2016) is
    over all of an image's maps, so that a gradient penalty sees each image by itself. Raises `BadSettings`
    for instance norm of features: each would be normalised to zero.
    """
    if kind == "none":
        return []
    if kind == "layer":
        return [nn.GroupNorm(1, channels)]
    if kind == "instance":
        if flat:
            raise BadSettings(
                "Instance norm needs maps, which an mlp has not.", "Choose batch or layer norm."
            )
        return [nn.InstanceNorm2d(channels, affine=True)]
    return [nn.BatchNorm1d(channels) if flat else nn.BatchNorm2d(channels)]
