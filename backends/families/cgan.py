"""Conditional GANs (Mirza and Osindero 2014): a generator told the class to draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from backends.api import Capability
from backends.families.gan import CHOICES, DEFAULTS
from backends.model import Model
from backends.nets import build
from backends.nets.mlp import LabelTable
from backends.registry import Family
from backends.space import LatentSpace, Part, Prior


class LabelledGenerator(nn.Module):
    """z `[N, d]` and class weights `[N, K]` -> images in [-1, 1]; mixed weights blend the classes."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.labels = LabelTable(config["classes"], config["embedding"])
        self.body = build.generator(config, config["latent"] + config["embedding"])

    def forward(self, z: Tensor, weights: Tensor) -> Tensor:
        images: Tensor = self.body(torch.cat([z, self.labels(weights)], 1))
        return images


class ConditionalGan(Model):
    """`generator(z, weights)`; the trainer may name the classes with `set_classes`."""

    def __init__(self, config: dict[str, Any]) -> None:
        can = frozenset({Capability.GENERATES, Capability.LABELS})
        super().__init__(config, _space(config, ()), can, build.image_shape(config))
        self.generator = LabelledGenerator(config)

    def set_classes(self, names: tuple[str, ...]) -> None:
        """Name the classes, in the order of the labels."""
        self.space = _space(self.config, names)

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        images: Tensor = self.generator(self.part(codes, "z"), self.part(codes, "label"))
        return (images + 1) / 2


def _space(config: Mapping[str, Any], names: tuple[str, ...]) -> LatentSpace:
    names = names or tuple(str(n) for n in range(config["classes"]))
    z = Part("z", (config["latent"],), Prior(config["prior"]))
    return LatentSpace((z, Part("label", (config["classes"],), Prior.CATEGORICAL, names)))


FAMILY = Family(
    name="cgan",
    title="Conditional GAN",
    description="A GAN that is told which class to draw; classes can be blended.",
    defaults={**DEFAULTS, "classes": 10, "embedding": 32},
    make=ConditionalGan,
    choices=CHOICES,
)
