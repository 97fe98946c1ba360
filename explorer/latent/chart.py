"""Charts as pictures: axes, lines, bars, bands. Drawn twice as large and halved, so that lines are smooth."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from explorer.model.files import write_atomically

Colour = tuple[int, int, int]
Points = NDArray[np.float64]
INK, SOFT, PAPER, LINE = (28, 34, 48), (91, 100, 116), (255, 255, 255), (221, 225, 231)
# Of Okabe and Ito, told apart by colour-blind people.
BLUE, GREEN, RED = (0, 114, 178), (0, 158, 115), (213, 94, 0)
TEXT, TITLE = 15, 20
TWICE = 2
TICK = 5


@dataclass(frozen=True)
class Axis:
    """What an axis spans and where its marks are: values and their texts. `log`: by powers."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    title: str = ""
    log: bool = False

    def share(self, values: Points | float) -> Points:
        """Where values lie, 0 to 1."""
        found = np.asarray(values, np.float64)
        if not self.log:
            return (found - self.low) / (self.high - self.low)
        return (np.log(found) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))


class Page:
    """A sheet of paper, `width` by `height` pixels."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGB", (width * TWICE, height * TWICE), PAPER)
        self.pen = ImageDraw.Draw(self.image, "RGBA")

    def text(
        self, x: float, y: float, text: str, size: int = TEXT, fill: Colour = INK, anchor: str = "la"
    ) -> None:
        self.pen.text((x * TWICE, y * TWICE), text, fill=fill, font=font(size * TWICE), anchor=anchor)

    def line(self, points: Sequence[tuple[float, float]], fill: Colour, width: float = 2.0) -> None:
        scaled = [(x * TWICE, y * TWICE) for x, y in points]
        self.pen.line(scaled, fill=fill, width=round(width * TWICE), joint="curve")

    def area(self, points: Sequence[tuple[float, float]], fill: Colour, alpha: int) -> None:
        """A filled outline that what lies below shines through."""
        self.pen.polygon([(x * TWICE, y * TWICE) for x, y in points], fill=(*fill, alpha))

    def paste(self, image: NDArray[np.uint8], x: int, y: int, side: int) -> None:
        """A picture uint8 `[H, W, C]` as a square; small ones stay sharp."""
        flat = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).convert("RGB")
        how = Image.Resampling.BOX if image.shape[0] > side * TWICE else Image.Resampling.NEAREST
        self.image.paste(flat.resize((side * TWICE, side * TWICE), how), (x * TWICE, y * TWICE))

    def pixels(self) -> NDArray[np.uint8]:
        """`[height, width, 3]`."""
        return np.asarray(self.image.reduce(TWICE), np.uint8)

    def save(self, file: Path) -> None:
        """As PNG, whole or not at all. Raises `BadFile`."""
        buffer = io.BytesIO()
        self.image.reduce(TWICE).save(buffer, "PNG")
        write_atomically(file, buffer.getvalue())


@dataclass(frozen=True)
class Plot:
    """A pair of axes on a page: the inside is `width` by `height` at (`left`, `top`)."""

    page: Page
    left: float
    top: float
    width: float
    height: float
    across: Axis
    up: Axis

    def places(self, x: Points, y: Points) -> list[tuple[float, float]]:
        """Where points [N] lie on the page."""
        right = self.left + self.across.share(x) * self.width
        down = self.top + (1 - np.clip(self.up.share(y), -0.01, 1.01)) * self.height
        return list(zip(right.tolist(), down.tolist(), strict=True))

    def frame(self) -> None:
        """Grid, marks and titles."""
        page, bottom = self.page, self.top + self.height
        for value, text in self.across.ticks:
            x = self.left + float(self.across.share(value)) * self.width
            page.line([(x, self.top), (x, bottom)], LINE, 1)
            page.text(x, bottom + TICK, text, fill=SOFT, anchor="ma")
        for value, text in self.up.ticks:
            y = self.top + (1 - float(self.up.share(value))) * self.height
            page.line([(self.left, y), (self.left + self.width, y)], LINE, 1)
            page.text(self.left - TICK, y, text, fill=SOFT, anchor="rm")
        page.line([(self.left, self.top), (self.left, bottom), (self.left + self.width, bottom)], SOFT, 1)
        page.text(self.left + self.width / 2, bottom + 26, self.across.title, anchor="ma")
        page.text(self.left, self.top - 8, self.up.title, anchor="lb")

    def line(self, x: Points, y: Points, fill: Colour, width: float = 2.0) -> None:
        self.page.line(self.places(x, y), fill, width)

    def dots(self, x: Points, y: Points, fill: Colour, radius: float = 3.0) -> None:
        for right, down in self.places(x, y):
            box = [TWICE * v for v in (right - radius, down - radius, right + radius, down + radius)]
            self.page.pen.ellipse(box, fill=fill)

    def band(self, x: Points, low: Points, high: Points, fill: Colour, alpha: int = 50) -> None:
        """What lies between two lines."""
        self.page.area(self.places(x, high) + self.places(x, low)[::-1], fill, alpha)

    def bars(self, edges: Points, heights: Points, fill: Colour, alpha: int = 120) -> None:
        """A histogram as one outline."""
        x, y = np.repeat(edges, 2), np.concatenate([[0], np.repeat(heights, 2), [0]])
        self.page.area(self.places(x, y), fill, alpha)


def even_ticks(low: float, high: float, about: int = 5) -> tuple[tuple[float, str], ...]:
    """Round numbers inside, some `about` of them."""
    rough = (high - low) / about
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough)
    values = np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step
    return tuple((float(v), f"{v:.6g}") for v in values)


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def shortened(text: str, width: float, size: int = TEXT) -> str:
    """A text at most `width` pixels long, its end cut where it must be."""
    if font(size).getlength(text) <= width:
        return text
    while text and font(size).getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


def wrapped(text: str, width: float, size: int = TEXT) -> list[str]:
    """Lines of a sentence, each at most `width` pixels long."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and font(size).getlength(longer) > width:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line] if line else lines
