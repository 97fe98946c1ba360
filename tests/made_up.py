"""A made-up family that does all that a family may: many steps, knobs, views, completion, likelihood, noise.

It draws a disc in stripes from the top, so that a test can foretell its pixels. Nothing of it is trained.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from backends.api import Capability, Knob, LatentSpace, ModelInfo, Part, Prior, View
from backends.model import Model, Sheet
from backends.native import describe, read_info, save
from backends.registry import Family, families

SIDE = 16
KNOBS = (
    Knob("steps", "Steps", 1, 16, 8, True, "How many stripes the picture is drawn in"),
    Knob("glow", "Glow", 0.0, 2.0, 1.0, help="How bright the disc is"),
)
VIEWS = (
    View("film", "Film", "The picture as it grows.", "code",
         (Knob("frames", "Frames", 2, 8, 4, True), KNOBS[1])),
    View("drown", "Drown", "The picture under more and more grey.", "image",
         (Knob("amount", "Amount", 0.0, 1.0, 0.5),)),
    View("filters", "Filters", "What the first layer looks for."),
)  # fmt: skip
CAN = frozenset({
    Capability.GENERATES, Capability.PARTIAL, Capability.COMPLETES, Capability.LIKELIHOOD, Capability.LABELS,
})  # fmt: skip


class MadeUp(Model):
    """`pause` is how many milliseconds a step takes."""

    def __init__(self, config: dict[str, Any]) -> None:
        space = LatentSpace((
            Part("z", (3,)),
            Part("code", (2,), Prior.UNIFORM, ("tilt", "girth")),
            Part("label", (3,), Prior.CATEGORICAL, ("low", "middle", "high")),
            Part("noise", (1, SIDE, SIDE), role="noise"),
        ))  # fmt: skip
        super().__init__(config, space, CAN, (SIDE, SIDE, 1))
        self.knobs, self.views = KNOBS, VIEWS
        self.weight = nn.Parameter(torch.arange(1.0, 5.0))

    def disc(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        """Images `[N, 1, H, W]`: a disc moved by z, as wide as its girth, on a ground of noise."""
        z, code, label = (self.part(codes, name) for name in ("z", "code", "label"))
        y, x = torch.meshgrid(torch.linspace(-1, 1, SIDE), torch.linspace(-1, 1, SIDE), indexing="ij")
        across = x[None] - z[:, 0, None, None] / 4
        down = (
            y[None] - (label.argmax(1).float() - 1)[:, None, None] / 3 + across * code[:, 0, None, None] / 2
        )
        inside = (across**2 + down**2).sqrt() < 0.45 + code[:, 1, None, None] / 5
        ground = self.part(codes, "noise").view(-1, SIDE, SIDE).sigmoid() / 4
        bright = KNOBS[1].value(options) / 2
        return torch.where(inside, torch.full_like(ground, bright), ground)[:, None]

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        *_, last = self.generate_steps(codes, options)
        return last

    def generate_steps(self, codes: Tensor, options: Mapping[str, Any]) -> Iterator[Tensor]:
        steps = int(KNOBS[0].value(options))
        if options.get("quality") == "preview":
            steps = min(steps, 2)
        whole = self.disc(codes, options)
        for step in range(1, steps + 1):
            time.sleep(self.config["pause"] / 1000)
            grown = whole.clone()
            grown[:, :, round(SIDE * step / steps) :] = 0
            yield grown

    def complete(
        self, images: Tensor, known: Tensor, codes: Tensor, options: Mapping[str, Any]
    ) -> Iterator[Tensor]:
        for step in self.generate_steps(codes, options):
            yield torch.where(known, images, step)

    def likelihood(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        parts = -(images[:, 0] - 0.25).abs() - 0.1
        return parts.sum((1, 2)), parts

    def view(
        self, name: str, codes: Tensor | None, images: Tensor | None, options: Mapping[str, Any]
    ) -> Iterator[Sheet]:
        if name == "film":
            yield from self._film(codes, options)
        elif name == "drown":
            assert images is not None
            amount = float(options.get("amount", 0.5))
            drowned = [images[0] * (1 - amount * i / 4) + 0.5 * amount * i / 4 for i in range(5)]
            yield Sheet(torch.stack(drowned), tuple(f"t = {i}" for i in range(5)), 5, "It ends in grey.")
        else:
            yield Sheet(torch.rand(12, 1, 5, 5, generator=torch.Generator().manual_seed(0)), (), 6)

    def _film(self, codes: Tensor | None, options: Mapping[str, Any]) -> Iterator[Sheet]:
        assert codes is not None
        frames = int(options.get("frames", 4))
        grown = list(self.generate_steps(codes, {**options, "steps": frames, "quality": "full"}))
        for count in range(1, frames + 1):
            captions = tuple(f"step {i + 1}" for i in range(count))
            yield Sheet(torch.cat(grown[:count]), captions, 4, f"{count} of {frames} steps.")


FAMILY = Family("made-up", "Made up", "For tests.", {"pause": 4, "image_size": SIDE}, MadeUp)


def made_up_model(folder: Path, name: str = "made-up", pause: int = 4) -> ModelInfo:
    """Register the family in this process and write a model of it."""
    families().setdefault(FAMILY.name, FAMILY)
    model = FAMILY.build({"pause": pause}).eval()
    path = folder / f"{name}.safetensors"
    save(path, model, replace(describe(model, name=name, family=FAMILY.name), dataset="nothing"))
    return read_info(path)


class Chunked(Model):
    """Four chunks of two: the left half's brightness, the right one's, the left one's again, and nothing."""

    def __init__(self, config: dict[str, Any]) -> None:
        parts = tuple(Part(f"chunk {i + 1}", (2,)) for i in range(4))
        super().__init__(config, LatentSpace(parts), frozenset({Capability.GENERATES}), (SIDE, SIDE, 1))
        self.weight = nn.Parameter(torch.zeros(1))

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        one, two, three = (self.part(codes, f"chunk {i}").sum(1) for i in (1, 2, 3))
        left, right = (one + three).sigmoid(), two.sigmoid()
        columns = torch.stack([left] * (SIDE // 2) + [right] * (SIDE // 2), 1)
        return columns[:, None, None].expand(-1, 1, SIDE, -1)


CHUNKED = Family("made-up-chunks", "Made up chunks", "For tests.", {"image_size": SIDE}, Chunked)


def chunked_model(folder: Path) -> ModelInfo:
    """Register the family of chunks in this process and write a model of it."""
    families().setdefault(CHUNKED.name, CHUNKED)
    path = folder / "chunked.safetensors"
    model = CHUNKED.build({}).eval()
    save(path, model, describe(model, name="chunked", family=CHUNKED.name))
    return read_info(path)
