"""Autoregressive models: p(x) as a product over pixels in raster order (van den Oord et al. 2016).

Config: `body` is `pixelcnn`, `gated` (Gated PixelCNN), `rowlstm` (PixelRNN) or `pixelcnn++`; `likelihood` is
`binary` (black and white), `levels` (any distribution over a few levels) or `logistics` (a mixture of
logistics over many). `binarisation` says how a binary model reads grey: `stochastic` (grey is the probability
of white) or `threshold` (cut at a half). `classes` is 0 for a model without labels.

The latent space is the noise that the pixels are drawn with: one gaussian number for each channel of each
pixel, read through the normal distribution function. So an image is a function of its code, a seed can be
repeated, and two samplings can be interpolated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from backends.api import Capability, Knob
from backends.model import Model, Sheet
from backends.nets import build
from backends.nets.pixelcnn import GatedBody, PlainBody
from backends.nets.pixelheads import as_values, make_head
from backends.nets.pixelplus import PlusBody
from backends.nets.pixelrnn import RowLstmBody
from backends.nets.raster import Drawing, PixelNetwork, drawn
from backends.probes import pixelwise
from backends.registry import Family
from backends.space import LatentSpace, Part, Prior

BODIES: dict[str, type[nn.Module]] = {
    "pixelcnn": PlainBody, "gated": GatedBody, "rowlstm": RowLstmBody, "pixelcnn++": PlusBody,
}  # fmt: skip
GOLDEN = (5**0.5 - 1) / 2  # its multiples are spread evenly over [0, 1)
THRESHOLD_SEED = 0
TEMPERATURE = Knob(
    "temperature", "Temperature", 0.1, 2.0, 1.0,
    help="Below 1 likely pixels become likelier still: cleaner and more alike. Above 1: wilder.",
)  # fmt: skip


class PixelModel(Model):
    """`network` gives the parameters of each pixel's distribution from the pixels before it."""

    knobs = (TEMPERATURE,)

    def __init__(self, config: dict[str, Any]) -> None:
        can = {Capability.GENERATES, Capability.PARTIAL, Capability.COMPLETES, Capability.LIKELIHOOD}
        if config["classes"]:
            can.add(Capability.LABELS)
        super().__init__(config, _space(config, ()), frozenset(can), build.image_shape(config))
        width, channels = config["width"], config["channels"]
        shape = (channels, width, config["depth"], config["kernel"], config["classes"])
        gated = config["body"] == "gated"
        body = GatedBody(*shape, config["spread"]) if gated else BODIES[config["body"]](*shape)
        head = make_head(config["likelihood"], channels, config["levels"], config["mixtures"])
        self.network = PixelNetwork(body, width, head)
        self._field = pixelwise.field_view(*self.image_shape[:2])
        told = (pixelwise.NAMED, pixelwise.CLASSES) if config["classes"] else ()
        self.views = (pixelwise.SURPRISE, *told, pixelwise.WARMTH, self._field)

    @property
    def levels(self) -> int:
        """How many levels a channel has."""
        return self.network.head.levels

    def set_classes(self, names: tuple[str, ...]) -> None:
        """Name the classes, in the order of the labels."""
        self.space = _space(self.config, names)

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        *_, image = self.generate_steps(codes, options)
        return image

    def generate_steps(self, codes: Tensor, options: Mapping[str, Any]) -> Iterator[Tensor]:
        """Row by row; rows to come are black."""
        for levels in drawn(self.network, self.drawing(codes, options)):
            yield levels / (self.levels - 1)

    def complete(
        self, images: Tensor, known: Tensor, codes: Tensor, options: Mapping[str, Any]
    ) -> Iterator[Tensor]:
        """Row by row. A pixel that is painted follows from those above and to its left, known or painted.

        What is known below or to the right can't be foreseen: such a completion needn't fit it.
        """
        drawing = self.drawing(codes, options)
        levels = self.quantised(images) * known
        held = Drawing(drawing.uniform, drawing.weights, drawing.temperature, known, levels)
        for painted in drawn(self.network, held):
            yield torch.where(known, images.float(), painted / (self.levels - 1))

    def likelihood(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """Exact, in nats; with labels log(1/K sum_y p(x|y)).

        Of images between two levels it is that of `observed`. A pixel's part is log p of it given the
        pixels before it, the label unknown; the parts add up.
        """
        levels = self.observed(images)
        if not self.config["classes"]:
            parts = self.log_prob(levels, None)
            return parts.sum((1, 2)), parts
        up_to = self.by_class(levels).flatten(2).cumsum(2)  # [N, K, H W], log p(x_1 … x_i | y)
        known = up_to.logsumexp(1) - math.log(self.config["classes"])
        parts = torch.diff(known, dim=1, prepend=known.new_zeros(len(known), 1))
        return known[:, -1], parts.unflatten(1, levels.shape[2:])

    def log_prob(self, levels: Tensor, weights: Tensor | None) -> Tensor:
        """Levels int64 `[N, C, H, W]`, class weights `[N, K]` -> log p of each pixel in nats `[N, H, W]`."""
        params = self.network(as_values(levels, self.levels), weights)
        return self.network.head.log_prob(params, levels)

    def by_class(self, levels: Tensor) -> Tensor:
        """Log p of each pixel under each class, doubles `[N, K, H, W]`."""
        classes = torch.eye(self.config["classes"], device=levels.device)
        told = [self.log_prob(levels, one.expand(len(levels), -1)).double() for one in classes]
        return torch.stack(told, 1)

    def quantised(self, images: Tensor) -> Tensor:
        """Images in [0, 1] -> the nearest levels, int64."""
        return images.float().mul(self.levels - 1).round().clamp(0, self.levels - 1).long()

    def observed(self, images: Tensor) -> Tensor:
        """Images in [0, 1] -> the levels that the model has to predict, the same ones every time, int64.

        Where binarisation is stochastic, white is drawn with the probability that grey stands for. The
        numbers for that are one fixed table, shifted for each image by its own brightness.
        """
        if self.levels > 2 or self.config["binarisation"] == "threshold":
            return self.quantised(images)
        fixed = torch.Generator().manual_seed(THRESHOLD_SEED)
        table = torch.rand(images.shape[1:], generator=fixed, dtype=torch.float64).to(images.device)
        brightness = images.double().mul(255).round().sum((1, 2, 3), keepdim=True)
        return ((table + brightness * GOLDEN) % 1 < images).long()

    def view(
        self, name: str, codes: Tensor | None, images: Tensor | None, options: Mapping[str, Any]
    ) -> Iterator[Sheet]:
        if name == "surprise" and images is not None:
            yield from pixelwise.surprise(self, images)
        elif name == "named" and images is not None and self.config["classes"]:
            yield from pixelwise.named(self, images)
        elif name == "field" and images is not None:
            row, column = (int(knob.value(options)) for knob in self._field.knobs)
            yield from pixelwise.field(self, images, row, column)
        elif name == "classes" and codes is not None and self.config["classes"]:
            yield from pixelwise.classes(self, codes, options)
        elif name == "temperatures" and codes is not None:
            yield from pixelwise.temperatures(self, codes)
        else:
            yield from super().view(name, codes, images, options)

    def drawing(self, codes: Tensor, options: Mapping[str, Any]) -> Drawing:
        """What codes `[N, D]` and the temperature mean to the network."""
        noise = self.space["noise"]
        uniform = torch.special.ndtr(self.part(codes, "noise").float()).unflatten(1, noise.shape)
        weights = self.part(codes, "label").float() if self.config["classes"] else None
        return Drawing(uniform, weights, TEMPERATURE.value(options))


def _space(config: Mapping[str, Any], names: tuple[str, ...]) -> LatentSpace:
    height, width, channels = build.image_shape(config)
    noise = Part("noise", (channels, height, width), role="noise")
    if not config["classes"]:
        return LatentSpace((noise,))
    names = names or tuple(str(n) for n in range(config["classes"]))
    return LatentSpace((noise, Part("label", (config["classes"],), Prior.CATEGORICAL, names)))


FAMILY = Family(
    name="pixelcnn",
    title="PixelCNN",
    description="Draws an image pixel by pixel, each from those before it: exact likelihood, completion.",
    defaults={
        "image_size": 28, "channels": 1, "body": "gated", "width": 32, "depth": 3, "kernel": 5, "spread": 4,
        "likelihood": "binary", "levels": 256, "mixtures": 5, "classes": 10,
        "binarisation": "stochastic",
    },
    make=PixelModel,
    choices={
        "body": tuple(BODIES), "kernel": (3, 5, 7), "spread": (1, 2, 4),
        "likelihood": ("binary", "levels", "logistics"),
        "binarisation": ("stochastic", "threshold"),
    },
    ranges={"classes": (0, 1000), "depth": (1, 20), "levels": (2, 256), "mixtures": (1, 20)},
)  # fmt: skip
