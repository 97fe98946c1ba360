"""What can be seen of an autoregressive model: its surprise at an image, what a pixel is predicted from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from backends.api import Knob, View
from backends.model import Sheet

if TYPE_CHECKING:
    from backends.families.pixelcnn import PixelModel

HEAT = ((0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164))  # dark to bright, 0 to 255
FUTURE, BLIND, SEEN, ITSELF = (40, 40, 46), (176, 46, 46), (235, 235, 235), (64, 190, 120)  # colours
TRIES = 8  # images at which the gradient is taken: a unit that is off at one is on at another
TEMPERATURES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5)

SURPRISE = View(
    "surprise", "Surprise",
    "-log p of each pixel given those before it: bright where the model expected something else.", "image",
)  # fmt: skip
CLASSES = View("classes", "Same noise, every class", "The current code's noise read with each label.", "code")
NAMED = View(
    "named", "Which class", "The image's likelihood under each class, and by Bayes' rule which class it is.",
    "image",
)  # fmt: skip
WARMTH = View("temperatures", "Temperatures", "The current code drawn colder and warmer.", "code")


def field_view(rows: int, columns: int) -> View:
    """The view of what one pixel is predicted from, of images of a size."""
    place = "The pixel that is predicted, counted from the top left."
    knobs = (
        Knob("row", "Row", 0, rows - 1, rows * 2 // 3, whole=True, help=place),
        Knob("column", "Column", 0, columns - 1, columns // 2, whole=True, help=place),
    )
    return View(
        "field", "Receptive field", "Which pixels the prediction of one pixel depends on, by its gradient. "
        "Red: earlier pixels that it can't see.", "image", knobs,
    )  # fmt: skip


def surprise(model: PixelModel, images: Tensor) -> Iterator[Sheet]:
    """The image as the model reads it and -log p of its pixels, the label unknown."""
    levels = model.observed(images)
    nats, parts = model.likelihood(images)
    assert parts is not None
    most = max(float(-parts.min()), 1e-6)
    bits = -float(nats[0]) / (math.log(2) * images[0].numel())
    shown = torch.cat([coloured(levels / (model.levels - 1)), heat(-parts / most)])
    yield Sheet(shown, ("as the model reads it", f"surprise: white is {most:.1f} nats"), 2,
                f"-log p = {-float(nats[0]):.1f} nats, {bits:.3f} bits per dimension")  # fmt: skip


def named(model: PixelModel, images: Tensor) -> Iterator[Sheet]:
    """Surprise under each class, with the class's probability, all classes being equally frequent."""
    label = model.space.label
    assert label is not None
    parts = model.by_class(model.observed(images))[0]  # [K, H, W]
    total = parts.sum((1, 2))
    chances = total.softmax(0)
    most = max(float(-parts.min()), 1e-6)
    texts = tuple(
        f"{name}: {chance:.0%}, {-float(nats):.1f} nats"
        for name, chance, nats in zip(label.names, chances.tolist(), total, strict=True)
    )
    best = int(chances.argmax())
    yield Sheet(heat(-parts / most), texts, 5, f"Most likely: {label.names[best]} ({chances[best]:.1%})")


def classes(model: PixelModel, codes: Tensor, options: Mapping[str, Any]) -> Iterator[Sheet]:
    """The same noise under every label, row by row."""
    label = model.space.label
    assert label is not None
    asked = codes.repeat(label.size, 1)
    asked[:, model.space.slices[label.name]] = torch.eye(label.size, device=codes.device)
    for images in model.generate_steps(asked, options):
        yield Sheet(images, label.names, 5)


def temperatures(model: PixelModel, codes: Tensor) -> Iterator[Sheet]:
    """The same code under several temperatures, one after the other."""
    done: list[Tensor] = []
    for warmth in TEMPERATURES:
        done.append(model.generate(codes, {"temperature": warmth}))
        yield Sheet(torch.cat(done), tuple(f"{t:g}" for t in TEMPERATURES[: len(done)]), 3)


def field(model: PixelModel, images: Tensor, row: int, column: int) -> Iterator[Sheet]:
    """How much each pixel moves the prediction of the pixel at `row` and `column`, and which do at all."""
    influence = gradient(model, images, row, column)
    seen = influence > 0
    bright = (influence.clamp(min=1e-12) / influence.max().clamp(min=1e-12)).log10() / 4 + 1  # four decades
    past = torch.zeros_like(seen)
    past.flatten()[: row * seen.shape[1] + column] = True
    shares = f"{int(seen.sum())} of the {int(past.sum())} pixels before it are seen"
    marked = coloured(images)[0]
    marked[:, row, column] = palette((ITSELF,), marked.device)[0]
    shown = torch.stack([marked, heat(bright[None])[0], reach(seen, past, row, column)])
    texts = ("the pixel, in green", "influence, over four decades", "red: earlier, but not seen")
    yield Sheet(shown, texts, 3, f"{shares}.")


def gradient(model: PixelModel, images: Tensor, row: int, column: int) -> Tensor:
    """Mean absolute gradient `[H, W]` of a pixel's parameters by all pixels, at the image and at noise."""
    with torch.inference_mode(False), torch.enable_grad():
        noise = torch.randn(TRIES, *model.image_shape[2:], *model.image_shape[:2],
                            generator=torch.Generator().manual_seed(0))  # fmt: skip
        values = torch.cat([images.detach().cpu().clone()[:1] * 2 - 1, noise]).to(images.device)
        values.requires_grad_()
        weights = None
        if count := model.config["classes"]:
            weights = torch.full((len(values), count), 1 / count, device=values.device)
        params = model.network(values, weights)[:, :, row, column]
        directions = torch.randn(params.shape, generator=torch.Generator().manual_seed(1))
        (found,) = torch.autograd.grad((params * directions.to(params.device)).sum(), values)
        return found.abs().mean((0, 1))


def reach(seen: Tensor, past: Tensor, row: int, column: int) -> Tensor:
    """What is seen, blind and future as a picture `[3, H, W]`."""
    kind = torch.where(seen, 2, past.long())  # 0 future, 1 blind, 2 seen
    page = palette((FUTURE, BLIND, SEEN), seen.device)[kind].permute(2, 0, 1)
    page[:, row, column] = palette((ITSELF,), seen.device)[0]
    return page


def heat(parts: Tensor) -> Tensor:
    """Numbers in [0, 1] `[N, H, W]` -> colours `[N, 3, H, W]` from dark to bright."""
    table = palette(HEAT, parts.device)
    at = parts.float().clamp(0, 1) * (len(HEAT) - 1)
    low = at.floor().clamp(max=len(HEAT) - 2).long()
    between = (at - low)[..., None]
    return (table[low] * (1 - between) + table[low + 1] * between).permute(0, 3, 1, 2)


def palette(colours: tuple[tuple[int, int, int], ...], device: torch.device) -> Tensor:
    """Colours of bytes as `[K, 3]` in [0, 1]."""
    return torch.tensor(colours, dtype=torch.float32, device=device) / 255


def coloured(images: Tensor) -> Tensor:
    """Grey or coloured images as `[N, 3, H, W]`."""
    return images.float().expand(-1, 3, -1, -1).clone()
