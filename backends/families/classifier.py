"""A small convolutional classifier: it names what other models generate, and gives features to compare by."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from backends.api import Capability
from backends.model import Model
from backends.nets import build
from backends.nets.conv import ConvFeatures
from backends.registry import Family
from backends.space import LatentSpace


class Classifier(Model):
    """`body` gives the features `[N, F]`, `head` the logits `[N, K]`."""

    def __init__(self, config: dict[str, Any]) -> None:
        shape = build.image_shape(config)
        super().__init__(config, LatentSpace(()), frozenset({Capability.CLASSIFIES}), shape)
        self.body = ConvFeatures(shape, config["width"], config["features"])
        self.head = nn.Linear(config["features"], config["classes"])

    def classify(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(images)
        return self.head(features), features


FAMILY = Family(
    name="classifier",
    title="Classifier",
    description="Names the class of an image; used for the colours of the map and for figures.",
    defaults={"image_size": 28, "channels": 1, "classes": 10, "width": 24, "features": 64},
    make=Classifier,
)
