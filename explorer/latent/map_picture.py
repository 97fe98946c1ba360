"""A map as a file: a picture (points, legend, quality) or a table. No Qt: the verb and the panel share it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from backends.api import Array, BadData
from explorer.latent.chart import INK, PAPER, SOFT, font, shortened, wrapped
from explorer.latent.map_colours import class_colours, value_colours
from explorer.latent.map_drawing import Drawing, medoids
from explorer.latent.map_svg import svg
from explorer.latent.map_table import as_json, table
from explorer.latent.task import Task
from explorer.model.files import write_atomically

__all__ = ["Drawing", "draw", "medoids", "save", "write"]

SIDE = 900  # pixels of the plane
LEGEND = 240
TEXT = 18
FINE = 2  # drawn so many times larger, then shrunk: round points


def save(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: write the map of arrays `positions`, `labels` or `values`, and `codes` to `options["file"]`.

    `positions 2`, with options `title 2` and `line 2`, is a second map of the same points beside it.

    `.png` and `.svg` are pictures, `.csv` and `.json` tables. Raises `BadData` for another ending, `BadFile`.
    """
    drawing = Drawing(
        arrays["positions"], options["title"], options["colour"], options.get("line", ""),
        arrays.get("labels"), tuple(options.get("names", ())), arrays.get("values"),
    )  # fmt: skip
    drawings = [drawing]
    if (beside := arrays.get("positions 2")) is not None:
        second = replace(drawing, positions=beside, title=options["title 2"], line=options["line 2"])
        drawings.append(second)
    file = Path(options["file"])
    task.progress(0.1, f"Writing {file.name}")
    write(
        file, drawings, arrays.get("codes", np.zeros((len(drawing.positions), 0))), options.get("parts", {})
    )
    return {"data": {"file": str(file)}}


def write(file: Path, drawings: list[Drawing], codes: Array, parts: dict[str, int]) -> None:
    """Write maps of the same points side by side, or as one table. Raises `BadData`, `BadFile`."""
    makers: dict[str, Callable[[], bytes]] = {
        ".png": lambda: _png(drawings), ".svg": lambda: svg(drawings).encode("utf-8"),
        ".csv": lambda: table(drawings, codes, parts).encode("utf-8"),
        ".json": lambda: as_json(drawings, codes, parts).encode("utf-8"),
    }  # fmt: skip
    maker = makers.get(file.suffix.lower())
    if maker is None:
        raise BadData(f"{file.name} has no known ending.", f"Use one of {', '.join(makers)}.")
    write_atomically(file, maker())


def _png(drawings: list[Drawing]) -> bytes:
    pictures = [draw(drawing) for drawing in drawings]
    tallest = max(len(picture) for picture in pictures)
    padded = [np.pad(p, ((0, tallest - len(p)), (0, 0), (0, 0)), constant_values=PAPER[0]) for p in pictures]
    buffer = io.BytesIO()
    Image.fromarray(np.concatenate(padded, axis=1)).save(buffer, "PNG")
    return buffer.getvalue()


def draw(drawing: Drawing) -> NDArray[np.uint8]:
    """The picture, uint8 `[H, W, 3]`: the plane, right of it the legend, below it the line."""
    plane = _plane(drawing)
    lines = wrapped(drawing.line, SIDE + LEGEND - 48, TEXT)
    height = 56 + SIDE + 16 + (TEXT + 6) * len(lines) + 12
    picture = Image.new("RGB", (SIDE + LEGEND + 24, height), PAPER)
    picture.paste(plane, (12, 56))
    pen = ImageDraw.Draw(picture)
    pen.text((24, 16), drawing.title, fill=INK, font=font(TEXT + 6))
    for row, line in enumerate(lines):
        pen.text((24, 56 + SIDE + 12 + row * (TEXT + 6)), line, fill=SOFT, font=font(TEXT))
    (_class_legend if drawing.labels is not None else _value_legend)(pen, drawing)
    return np.asarray(picture, np.uint8)


def _plane(drawing: Drawing) -> Image.Image:
    """The points as discs, drawn in one random order, so that no class covers the others."""
    order, places, radius = drawing.placed(SIDE * FINE, FINE)
    side = SIDE * FINE
    pixels = np.full((side * side, 3), PAPER[0], np.uint8)
    owners = np.full(side * side, -1, np.int64)
    centres = places[order].astype(np.int64)
    reach = int(np.ceil(radius))
    turns = np.arange(len(order))
    for dy, dx in np.argwhere(np.ones((2 * reach + 1, 2 * reach + 1))) - reach:
        if dx * dx + dy * dy > radius * radius:
            continue
        at = (centres[:, 1] + dy) * side + centres[:, 0] + dx
        owners[at] = np.maximum(owners[at], turns)  # of two at one pixel the later stays
    drawn = owners >= 0
    pixels[drawn] = drawing.colours()[order][owners[drawn]]
    plane = Image.fromarray(pixels.reshape(side, side, 3)).resize((SIDE, SIDE), Image.Resampling.BOX)
    _name_classes(ImageDraw.Draw(plane), drawing, places / np.float32(FINE))
    return plane


def _name_classes(pen: ImageDraw.ImageDraw, drawing: Drawing, places: Array) -> None:
    for label, row in drawing.middles().items():
        x, y = (float(v) for v in places[row])
        pen.text((x, y), drawing.names[label], fill=INK, font=font(TEXT + 4), anchor="mm",
                 stroke_width=3, stroke_fill=PAPER)  # fmt: skip


def _class_legend(pen: ImageDraw.ImageDraw, drawing: Drawing) -> None:
    assert drawing.labels is not None
    left, top, step = SIDE + 36, 72, TEXT + 10
    counts = np.bincount(drawing.labels[drawing.labels >= 0], minlength=len(drawing.names))
    pen.text((left, top - 4), drawing.colour, fill=SOFT, font=font(TEXT))
    fits = (SIDE - step) // step - 1
    for row, name in enumerate(drawing.names[:fits]):
        y = top + (row + 1) * step
        fill = tuple(int(c) for c in class_colours(len(drawing.names))[row])
        pen.ellipse((left, y + 2, left + 14, y + 16), fill=fill)
        text = shortened(f"{name}", LEGEND - 110, TEXT)
        pen.text((left + 24, y - 2), text, fill=INK, font=font(TEXT))
        pen.text((left + LEGEND - 24, y - 2), f"{counts[row]:,}", fill=SOFT, font=font(TEXT), anchor="ra")
    if len(drawing.names) > fits:
        text = f"and {len(drawing.names) - fits} more"
        pen.text((left, top + (fits + 1) * step), text, fill=SOFT, font=font(TEXT))


def _value_legend(pen: ImageDraw.ImageDraw, drawing: Drawing) -> None:
    if drawing.values is None or not np.isfinite(drawing.values).any():
        return
    left, top, tall = SIDE + 36, 108, 300
    pen.text((left, 72), shortened(drawing.colour, LEGEND - 24, TEXT), fill=SOFT, font=font(TEXT))
    shades = value_colours(np.linspace(1, 0, tall, dtype=np.float32))
    for row, shade in enumerate(shades):
        pen.line((left, top + row, left + 22, top + row), fill=tuple(int(c) for c in shade))
    for text, y in ((np.nanmax(drawing.values), top), (np.nanmin(drawing.values), top + tall - TEXT)):
        pen.text((left + 34, y - 2), f"{text:.3g}", fill=INK, font=font(TEXT))
