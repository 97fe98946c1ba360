"""Scores as a picture: the matrices, and every figure on its scale between chance and ceiling. No Qt."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from backends.errors import BadData
from explorer.latent.chart import INK, PAPER, SOFT, TEXT, font, shortened
from explorer.latent.scores.measuring import Row
from explorer.latent.scores.report import Report, shown
from explorer.latent.scores.shades import shades
from explorer.latent.task import Task
from explorer.model.files import write_atomically

LINE = (207, 212, 220)
ACCENT, CEILING, CHANCE = (37, 88, 201), (0, 120, 90), (190, 70, 0)
TITLE = 21
CELL_W, CELL_H = 62, 24
NAMES_W = 110  # left of a matrix
SLANT = 92  # above a matrix: names of factors, upright
GAUGE = 300
SCORES_W = 250 + 80 + GAUGE + 30
MARGIN = 24


def save(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: write the report (options `report`, arrays its matrices) to `options["file"]`.

    `.png` is the picture, `.csv` the table. Raises `BadData` for another ending, `BadFile`.
    """
    write(Path(options["file"]), Report.of(options["report"], arrays), options["title"])
    return {"data": {"file": options["file"]}}


def write(file: Path, report: Report, title: str) -> None:
    """See `save`."""
    ending = file.suffix.lower()
    if ending == ".png":
        buffer = io.BytesIO()
        Image.fromarray(draw(report, title)).save(buffer, "PNG")
        write_atomically(file, buffer.getvalue())
    elif ending == ".csv":
        write_atomically(file, report.table().encode("utf-8"))
    else:
        raise BadData(f"{file.name} has no known ending.", "Use .png or .csv.")


def draw(report: Report, title: str) -> NDArray[np.uint8]:
    """The picture, uint8 `[H, W, 3]`: figures on the left, matrices on the right, two beside each other."""
    names = list(report.matrices)
    sizes = {name: _size(report, name) for name in names}
    columns = [names[0::2], names[1::2]]
    widths = [max((sizes[n][0] for n in column), default=0) for column in columns]
    tall = max([sum(sizes[n][1] + MARGIN for n in column) for column in columns] + [_scores_height(report)])
    width = MARGIN + SCORES_W + sum(w + MARGIN for w in widths)
    picture = Image.new("RGB", (width + MARGIN, 84 + tall + MARGIN), PAPER)
    pen = ImageDraw.Draw(picture)
    pen.text((MARGIN, 16), title, fill=INK, font=font(TITLE))
    said = f"{report.count:,} images, preset {report.preset}. {' '.join(report.notes)}"
    pen.text((MARGIN, 46), said, fill=SOFT, font=font(TEXT))
    _draw_scores(pen, report, MARGIN, 84)
    left = MARGIN + SCORES_W
    for column, wide in zip(columns, widths, strict=True):
        top = 84
        for name in column:
            _draw_matrix(pen, report, name, left, top)
            top += sizes[name][1] + MARGIN
        left += wide + MARGIN
    return np.asarray(picture, np.uint8)


def _draw_scores(pen: ImageDraw.ImageDraw, report: Report, left: int, top: int) -> None:
    bar = left + 250 + 80
    for colour, text, x in ((CEILING, "exact factors", bar), (CHANCE, "chance", bar + 130)):
        pen.line((x, top + 2, x, top + 16), fill=colour, width=3)
        pen.text((x + 8, top), text, fill=SOFT, font=font(TEXT))
    for index, row in enumerate(report.rows):
        y = top + 30 + index * 30
        pen.text((left, y), row.title, fill=INK, font=font(TEXT))
        pen.text((bar - 16, y), shown(row.value), fill=INK, font=font(TEXT), anchor="ra")
        _draw_gauge(pen, row, bar, y + 4)


def _draw_gauge(pen: ImageDraw.ImageDraw, row: Row, left: int, top: int) -> None:
    pen.rectangle((left, top, left + GAUGE, top + 11), fill=(233, 235, 239))
    if math.isfinite(row.value):
        pen.rectangle((left, top, left + _along(row, row.value), top + 11), fill=ACCENT)
    if math.isfinite(row.low):
        pen.line(
            (left + _along(row, row.low), top + 5, left + _along(row, row.high), top + 5), fill=INK, width=2
        )
    for value, colour in ((row.ceiling, CEILING), (row.chance, CHANCE)):
        if math.isfinite(value):
            x = left + _along(row, value)
            pen.line((x, top - 4, x, top + 15), fill=colour, width=3)


def _along(row: Row, value: float) -> int:
    return round(GAUGE * row.position(value))


def _draw_matrix(pen: ImageDraw.ImageDraw, report: Report, name: str, left: int, top: int) -> None:
    matrix = report.matrices[name]
    colours = shades(matrix)
    pen.text((left, top), report.titles[name], fill=INK, font=font(TEXT))
    base = top + 26
    for k, title in enumerate(report.factor_names):
        _upright(pen, title, left + NAMES_W + k * CELL_W + CELL_W // 2, base + SLANT - 6)
    for d, title in enumerate(report.row_names(name)):
        y = base + SLANT + d * CELL_H
        pen.text((left + NAMES_W - 8, y + 3), shortened(title, NAMES_W - 10), fill=SOFT, font=font(TEXT),
                 anchor="ra")  # fmt: skip
        for k in range(matrix.shape[1]):
            x = left + NAMES_W + k * CELL_W
            fill = tuple(int(c) for c in colours[d, k])
            pen.rectangle((x, y, x + CELL_W - 2, y + CELL_H - 2), fill=fill)
            dark = 0.299 * fill[0] + 0.587 * fill[1] + 0.114 * fill[2] < 140
            pen.text((x + CELL_W // 2 - 1, y + CELL_H // 2 - 1), f"{matrix[d, k]:.2f}",
                     fill=PAPER if dark else INK, font=font(TEXT - 2), anchor="mm")  # fmt: skip


def _upright(pen: ImageDraw.ImageDraw, text: str, x: int, bottom: int) -> None:
    """Text from the bottom up, so that long names fit over narrow columns."""
    fitted = shortened(text, SLANT - 6)
    strip = Image.new("L", (SLANT, TEXT + 6), 0)
    ImageDraw.Draw(strip).text((0, 0), fitted, fill=255, font=font(TEXT))
    turned = strip.rotate(90, expand=True)
    pen.bitmap((x - turned.width // 2, bottom - turned.height), turned, fill=SOFT)


def _size(report: Report, name: str) -> tuple[int, int]:
    rows, columns = report.matrices[name].shape
    text = round(font(TEXT).getlength(report.titles[name]))
    return max(NAMES_W + columns * CELL_W, text), 26 + SLANT + rows * CELL_H


def _scores_height(report: Report) -> int:
    return 30 + 30 * len(report.rows)
