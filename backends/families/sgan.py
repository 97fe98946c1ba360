"""Semi-supervised GAN (Salimans et al. 2016): a classifier for few labels, and the generator beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from backends.api import Capability, View
from backends.model import Model, Sheet
from backends.nets import build
from backends.nets.conv import ConvDecoder
from backends.nets.mlp import MlpDecoder
from backends.nets.noisy import NoisyClassifier
from backends.registry import Family
from backends.space import LatentSpace, Part, Prior

SHOWN = 64

VIEWS = (
    View("judge", "Judge", "What the classifier says of an image: its class, and whether it takes it for a "
         "real one.", "image"),
    View("doubtful", "Doubtful samples", "Of 256 generated pictures those that the classifier is least sure "
         "of: they lie between the classes.", ""),
)  # fmt: skip


class SemiSupervisedGan(Model):
    """`generator` gives raw images, `judge` the K logits l: D(x) = Z / (Z + 1), log Z = logsumexp(l)."""

    views = VIEWS

    def __init__(self, config: dict[str, Any]) -> None:
        space = LatentSpace((Part("z", (config["latent"],), Prior.UNIFORM),))
        shape = build.image_shape(config)
        super().__init__(config, space, frozenset({Capability.GENERATES, Capability.CLASSIFIES}), shape)
        self.generator = _generator(config)
        self.judge = NoisyClassifier(config["body"], shape, config["judge_width"], config["classes"])

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        raw: Tensor = self.generator(codes)
        return raw.sigmoid()

    def classify(self, images: Tensor) -> tuple[Tensor, Tensor]:
        logits, features = self.judge(images)
        return logits, features

    def view(
        self, name: str, codes: Tensor | None, images: Tensor | None, options: Mapping[str, Any]
    ) -> Iterator[Sheet]:
        if name == "judge" and images is not None:
            logits, _ = self.classify(images)
            chances = logits[0].softmax(0)
            best = chances.argsort(descending=True)[:3].tolist()
            said = ", ".join(f"class {n} {float(chances[n]):.1%}" for n in best)
            real = float(realness(logits)[0])
            yield Sheet(images, (f"class {best[0]}",), 1, f"{said}. Taken for real: {real:.1%}.")
        elif name == "doubtful":
            yield self._doubtful()
        else:
            yield from super().view(name, codes, images, options)

    def _doubtful(self) -> Sheet:
        drawn = torch.from_numpy(self.space.sample_many(4 * SHOWN, 0))
        made = self.generate(drawn.to(next(self.parameters())), {})
        sure, named = self.classify(made)[0].softmax(1).max(1)
        order = sure.argsort()[:SHOWN]
        captions = tuple(f"{int(named[i])}  {float(sure[i]):.0%}" for i in order)
        return Sheet(made[order], captions, 8)


def realness(logits: Tensor) -> Tensor:
    """D(x) = Z / (Z + 1) of logits `[N, K]`, log Z = logsumexp(logits) (section 5)."""
    return logits.logsumexp(1).sigmoid()


def _generator(config: Mapping[str, Any]) -> nn.Module:
    shape, width, depth = build.image_shape(config), config["width"], config["depth"]
    if config["body"] == "mlp":
        return MlpDecoder(config["latent"], shape, width, depth, norm="batch")
    return ConvDecoder(config["latent"], shape, width, depth, config["upsample"])


FAMILY = Family(
    name="sgan",
    title="Semi-supervised GAN",
    description="Names classes from a few labels: what real and made images are teaches it the rest.",
    defaults={
        "image_size": 28, "channels": 1, "latent": 64, "body": "conv", "width": 16, "depth": 0,
        "upsample": "transposed", "classes": 10, "judge_width": 64,
    },
    make=SemiSupervisedGan,
    ranges={"judge_width": (4, 256)},
)  # fmt: skip
