"""A map as a picture (points, legend, quality) and as a table. No Qt: the verb and the panel share it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from backends.api import Array, BadData
from explorer.latent.map_colours import class_colours, value_colours
from explorer.latent.task import Task
from explorer.model.files import write_atomically

SIDE = 900  # pixels of the plane
LEGEND = 240
TEXT = 18
FINE = 2  # drawn so many times larger, then shrunk: round points
INK, SOFT, PAPER = (28, 34, 48), (91, 100, 116), (255, 255, 255)


@dataclass(frozen=True, eq=False)
class Drawing:
    """What a picture of a map shows: `positions` `[N, 2]` with `labels` of `names` or `values`."""

    positions: Array
    title: str
    colour: str
    line: str = ""
    labels: NDArray[np.int64] | None = None
    names: tuple[str, ...] = ()
    values: Array | None = None


def save(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: write the map of arrays `positions`, `labels` or `values`, and `codes` to `options["file"]`.

    `.png` is the picture, `.csv` the table. Raises `BadData` for another ending, `BadFile`.
    """
    file = Path(options["file"])
    drawing = Drawing(
        arrays["positions"], options["title"], options["colour"], options.get("line", ""),
        arrays.get("labels"), tuple(options.get("names", ())), arrays.get("values"),
    )  # fmt: skip
    task.progress(0.1, f"Writing {file.name}")
    if file.suffix.lower() == ".png":
        buffer = io.BytesIO()
        Image.fromarray(draw(drawing)).save(buffer, "PNG")
        write_atomically(file, buffer.getvalue())
    elif file.suffix.lower() == ".csv":
        text = table(drawing, arrays["codes"], options["parts"])
        write_atomically(file, text.encode("utf-8"))
    else:
        raise BadData(f"{file.name} has no known ending.", "Use .png or .csv.")
    return {"data": {"file": str(file)}}


def draw(drawing: Drawing) -> NDArray[np.uint8]:
    """The picture, uint8 `[H, W, 3]`: the plane, right of it the legend, below it the line."""
    plane = _plane(drawing)
    lines = _wrapped(drawing.line, SIDE + LEGEND - 48)
    height = 56 + SIDE + 16 + (TEXT + 6) * len(lines) + 12
    picture = Image.new("RGB", (SIDE + LEGEND + 24, height), PAPER)
    picture.paste(plane, (12, 56))
    pen = ImageDraw.Draw(picture)
    pen.text((24, 16), drawing.title, fill=INK, font=_font(TEXT + 6))
    for row, line in enumerate(lines):
        pen.text((24, 56 + SIDE + 12 + row * (TEXT + 6)), line, fill=SOFT, font=_font(TEXT))
    (_class_legend if drawing.labels is not None else _value_legend)(pen, drawing)
    return np.asarray(picture, np.uint8)


def table(drawing: Drawing, codes: Array, parts: dict[str, int]) -> str:
    """One line for each point: its place on the map, its colour's meaning, the numbers of its code.

    `parts` are the names and sizes of the parts of a code.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["x", "y", drawing.colour, *(f"{n} {i}" for n, size in parts.items() for i in range(size))]
    )
    for row, (x, y) in enumerate(drawing.positions):
        if drawing.labels is not None:
            meaning = drawing.names[int(drawing.labels[row])]
        else:
            meaning = f"{drawing.values[row]:.6g}" if drawing.values is not None else ""
        writer.writerow([f"{x:.6g}", f"{y:.6g}", meaning, *(f"{v:.9g}" for v in codes[row])])
    return out.getvalue()


def _plane(drawing: Drawing) -> Image.Image:
    """The points, drawn in one random order, so that no class covers the others."""
    kept = np.flatnonzero(np.isfinite(drawing.positions).all(axis=1))
    order = np.random.default_rng(0).permutation(kept)
    side = SIDE * FINE
    radius = FINE * float(np.clip(90 / np.sqrt(max(len(order), 1)), 1.6, 5.0))
    places = _scaled(drawing.positions, kept, side, 2 * radius)
    colours = _colours(drawing)
    plane = Image.new("RGB", (side, side), PAPER)
    pen = ImageDraw.Draw(plane)
    for row in order:
        x, y = places[row]
        pen.ellipse(
            (x - radius, y - radius, x + radius, y + radius), fill=tuple(int(c) for c in colours[row])
        )
    plane = plane.resize((SIDE, SIDE), Image.Resampling.BOX)
    if drawing.labels is not None:
        _name_classes(ImageDraw.Draw(plane), drawing, places / np.float32(FINE))
    return plane


def _scaled(positions: Array, kept: NDArray[np.int64], side: int, margin: float) -> Array:
    """Pixels `[N, 2]`, one scale for both axes, y upwards."""
    low, high = positions[kept].min(axis=0), positions[kept].max(axis=0)
    scale = (side - 2 * margin) / max(float((high - low).max()), 1e-9)
    places = (positions - (low + high) / 2) * scale * (1, -1) + side / 2
    return places.astype(np.float32)


def _colours(drawing: Drawing) -> NDArray[np.uint8]:
    if drawing.labels is not None:
        return class_colours(len(drawing.names))[drawing.labels]
    if drawing.values is not None:
        return value_colours(drawing.values)
    return np.broadcast_to(class_colours(1), (len(drawing.positions), 3))


def medoids(positions: Array, labels: NDArray[np.int64], count: int) -> dict[int, int]:
    """For each class that occurs, the row nearest to the median of its points."""
    found = {}
    finite = np.isfinite(positions).all(axis=1)
    for label in range(count):
        rows = np.flatnonzero((labels == label) & finite)
        if len(rows):
            away = np.abs(positions[rows] - np.median(positions[rows], axis=0)).sum(axis=1)
            found[label] = int(rows[away.argmin()])
    return found


def _name_classes(pen: ImageDraw.ImageDraw, drawing: Drawing, places: Array) -> None:
    assert drawing.labels is not None
    if len(drawing.names) > 30:
        return
    for label, row in medoids(drawing.positions, drawing.labels, len(drawing.names)).items():
        x, y = (float(v) for v in places[row])
        pen.text((x, y), drawing.names[label], fill=INK, font=_font(TEXT + 4), anchor="mm",
                 stroke_width=3, stroke_fill=PAPER)  # fmt: skip


def _class_legend(pen: ImageDraw.ImageDraw, drawing: Drawing) -> None:
    assert drawing.labels is not None
    left, top, step = SIDE + 36, 72, TEXT + 10
    counts = np.bincount(drawing.labels, minlength=len(drawing.names))
    pen.text((left, top - 4), drawing.colour, fill=SOFT, font=_font(TEXT))
    fits = (SIDE - step) // step - 1
    for row, name in enumerate(drawing.names[:fits]):
        y = top + (row + 1) * step
        fill = tuple(int(c) for c in class_colours(len(drawing.names))[row])
        pen.ellipse((left, y + 2, left + 14, y + 16), fill=fill)
        text = _shortened(f"{name}", LEGEND - 110)
        pen.text((left + 24, y - 2), text, fill=INK, font=_font(TEXT))
        pen.text((left + LEGEND - 24, y - 2), f"{counts[row]:,}", fill=SOFT, font=_font(TEXT), anchor="ra")
    if len(drawing.names) > fits:
        text = f"and {len(drawing.names) - fits} more"
        pen.text((left, top + (fits + 1) * step), text, fill=SOFT, font=_font(TEXT))


def _value_legend(pen: ImageDraw.ImageDraw, drawing: Drawing) -> None:
    if drawing.values is None or not np.isfinite(drawing.values).any():
        return
    left, top, tall = SIDE + 36, 108, 300
    pen.text((left, 72), _shortened(drawing.colour, LEGEND - 24), fill=SOFT, font=_font(TEXT))
    shades = value_colours(np.linspace(1, 0, tall, dtype=np.float32))
    for row, shade in enumerate(shades):
        pen.line((left, top + row, left + 22, top + row), fill=tuple(int(c) for c in shade))
    for text, y in ((np.nanmax(drawing.values), top), (np.nanmin(drawing.values), top + tall - TEXT)):
        pen.text((left + 34, y - 2), f"{text:.3g}", fill=INK, font=_font(TEXT))


def _wrapped(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _font(TEXT).getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _shortened(text: str, width: int) -> str:
    if _font(TEXT).getlength(text) <= width:
        return text
    while text and _font(TEXT).getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
