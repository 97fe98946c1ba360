"""InfoGAN (Chen et al. 2016): a generator whose codes can be read back from its images.

The latent space has a categorical code, a few uniform ones and noise. `reader` is the network Q of the
paper: it reads the codes of an image, made or real, but not the noise, so an image is not encoded whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from backends.api import Capability, Knob, View
from backends.model import Model, Sheet
from backends.nets import build
from backends.nets.conv import ConvDecoder, init_leaky
from backends.nets.mlp import SLOPE, MlpDecoder
from backends.nets.trunk import Trunk
from backends.registry import Family
from backends.space import LatentSpace, Part, Prior

READER = 128  # features before the codes, as in the authors' code
LOGVAR_RANGE = (-5.0, 2.0)  # a code read without any error would be worth infinitely many nats
STEPS = 9  # pictures along a continuous code

REACH = Knob("reach", "Reach", 0.5, 3.0, 2.0, help="How far each code goes; it was trained from -1 to 1.")
VIEWS = (
    View("read", "Read the codes", "What the network reads in an image: its category and its continuous "
         "codes; then the same codes with other noise.", "image"),
    View("categories", "Categories", "The current code in every category.", "code"),
    View("continuous", "Continuous codes", "A row for each continuous code, from low to high.", "code",
         (REACH,)),
)  # fmt: skip


class Reader(nn.Module):
    """Q: images in [-1, 1] -> logits `[N, K]`, mean and log variance of the continuous codes `[N, d]`."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.trunk = Trunk(config["body"], build.image_shape(config), config["reader_width"])
        self.hidden = nn.Linear(self.trunk.features, READER)
        self.codes = nn.Linear(READER, config["categories"] + 2 * config["continuous"])
        self.categories = config["categories"]
        init_leaky(self)  # with smaller weights no code is read for long, and then none is drawn

    def heads(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The codes read from the trunk's features `[N, F]`."""
        out = self.codes(nn.functional.leaky_relu(self.hidden(features), SLOPE))
        mean, logvar = out[:, self.categories :].chunk(2, 1)
        return out[:, : self.categories], mean, logvar.clamp(*LOGVAR_RANGE)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.heads(self.trunk(images))


class InfoGan(Model):
    """`draw` generates in [-1, 1]; the trainer names and orders the categories with `set_categories`."""

    views = VIEWS

    def __init__(self, config: dict[str, Any]) -> None:
        can = frozenset({Capability.GENERATES, Capability.LABELS})
        super().__init__(config, _space(config, ()), can, build.image_shape(config))
        self.generator = _generator(config, self.space.size)
        self.reader = Reader(config)
        self.order: Tensor
        self.register_buffer("order", torch.arange(config["categories"]))

    def set_categories(self, order: Tensor, names: tuple[str, ...]) -> None:
        """Let category i be the network's own category `order[i]`, named `names[i]`."""
        self.order = order.to(self.order)
        self.space = _space(self.config, names)

    def draw(self, codes: Tensor) -> Tensor:
        """Packed codes `[N, D]` -> images in [-1, 1]."""
        category = torch.zeros_like(self.part(codes, "category"))
        category[:, self.order] = self.part(codes, "category")
        images: Tensor = self.generator(torch.cat([category, codes[:, category.shape[1] :]], 1))
        return images

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        return (self.draw(codes) + 1) / 2

    def read(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Images `[N, C, H, W]` in [0, 1] -> probability of each category `[N, K]`, codes `[N, d]`."""
        logits, mean, _ = self.reader(images * 2 - 1)
        return logits.softmax(1)[:, self.order], mean

    def view(
        self, name: str, codes: Tensor | None, images: Tensor | None, options: Mapping[str, Any]
    ) -> Iterator[Sheet]:
        if name == "read" and images is not None:
            yield self._read_sheet(images)
        elif name == "categories" and codes is not None:
            yield self._categories(codes)
        elif name == "continuous" and codes is not None and self.config["continuous"]:
            yield self._continuous(codes, REACH.value(options))
        else:
            yield from super().view(name, codes, images, options)

    def _read_sheet(self, images: Tensor) -> Sheet:
        """The image, then seven with the codes that were read and noise of their own."""
        chances, mean = self.read(images)
        codes = torch.from_numpy(self.space.sample_many(7, 0)).to(images)
        best = int(chances[0].argmax())
        codes[:, self.space.slices["category"]] = nn.functional.one_hot(
            torch.tensor([best]), chances.shape[1]
        ).to(codes)
        if mean.shape[1]:
            codes[:, self.space.slices["code"]] = mean[0].clamp(-1, 1)
        named = self.space["category"].names[best]
        said = ", ".join(f"{value:.2f}" for value in mean[0].tolist())
        text = f"Category {named} ({float(chances[0, best]):.0%} sure)."
        shown = torch.cat([images, self.generate(codes, {})])
        captions = ("given", *(f"noise {n}" for n in range(1, 8)))
        return Sheet(shown, captions, 8, f"{text} Continuous codes: {said}." if said else text)

    def _categories(self, codes: Tensor) -> Sheet:
        names = self.space["category"].names
        rows = codes.repeat(len(names), 1)
        rows[:, self.space.slices["category"]] = torch.eye(len(names)).to(rows)
        return Sheet(self.generate(rows, {}), names, min(len(names), 10))

    def _continuous(self, codes: Tensor, reach: float) -> Sheet:
        at, count = self.space.slices["code"].start, self.config["continuous"]
        places = torch.linspace(-reach, reach, STEPS)
        rows = codes.repeat(count * STEPS, 1)
        for index in range(count):
            rows[index * STEPS : (index + 1) * STEPS, at + index] = places.to(rows)
        names = self.space["code"].names
        captions = tuple(f"{name} {place:+.1f}" for name in names for place in places.tolist())
        return Sheet(self.generate(rows, {}), captions, STEPS)


def _generator(config: Mapping[str, Any], inputs: int) -> nn.Module:
    shape, width, depth = build.image_shape(config), config["width"], config["depth"]
    if config["body"] == "mlp":
        return nn.Sequential(MlpDecoder(inputs, shape, width, depth, norm="batch"), nn.Tanh())
    return nn.Sequential(ConvDecoder(inputs, shape, width, depth, config["upsample"]), nn.Tanh())


def _space(config: Mapping[str, Any], names: tuple[str, ...]) -> LatentSpace:
    names = names or tuple(f"c{n}" for n in range(config["categories"]))
    parts = [Part("category", (config["categories"],), Prior.CATEGORICAL, names)]
    if count := config["continuous"]:
        parts.append(Part("code", (count,), Prior.UNIFORM, tuple(f"code {n + 1}" for n in range(count))))
    parts.append(Part("z", (config["latent"],), Prior(config["prior"]), role="noise"))
    return LatentSpace(tuple(parts))


FAMILY = Family(
    name="infogan",
    title="InfoGAN",
    description="A GAN that finds classes and ways to vary by itself, as codes that can be read back.",
    defaults={
        "image_size": 28, "channels": 1, "latent": 62, "body": "conv", "width": 16, "depth": 0,
        "upsample": "transposed", "prior": "gaussian", "categories": 10, "continuous": 2,
        "reader_width": 32,
    },
    make=InfoGan,
    choices={"prior": ("gaussian", "uniform")},
    ranges={"categories": (2, 100), "continuous": (0, 16), "reader_width": (4, 256)},
)  # fmt: skip
