"""Accuracy over the number of labels: means and spreads of several draws, as lines, a table and a picture."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.errors import BadRequest
from explorer.latent import chart
from explorer.latent.task import Task
from explorer.model.files import write_atomically
from trainers.probing.settings import WAYS

Floats = NDArray[np.float64]
COLOURS = {"linear": chart.BLUE, "tuned": chart.RED, "scratch": chart.GREEN}
WIDE, HIGH = 900, 560


@dataclass(frozen=True, eq=False)
class Line:
    """One way of learning: at each of `counts` [K] labels mean and deviation of the draws' accuracies [K].

    The deviation of a single draw is not known: NaN.
    """

    way: str
    counts: Floats
    means: Floats
    deviations: Floats

    @property
    def title(self) -> str:
        return WAYS[self.way]


def lines_of(rows: Floats) -> list[Line]:
    """The lines of rows [R, 4]: way, number of labels, draw, accuracy."""
    found = []
    for number, way in enumerate(WAYS):
        mine = rows[rows[:, 0] == number]
        counts = np.unique(mine[:, 1])
        draws = [mine[mine[:, 1] == count][:, 3] for count in counts]
        means = np.array([d.mean() for d in draws])
        deviations = np.array([d.std(ddof=1) if len(d) > 1 else math.nan for d in draws])
        if len(counts):
            found.append(Line(way, counts, means, deviations))
    return found


def sentence(lines: list[Line]) -> str:
    """What the fewest labels say; empty where there is nothing to compare."""
    by_way = {line.way: line for line in lines}
    if "scratch" not in by_way or len(by_way) < 2:
        return ""
    best = max((by_way[way] for way in by_way if way != "scratch"), key=lambda line: line.means[0])
    count = best.counts[0]
    known = by_way["scratch"]
    if count not in known.counts:
        return ""
    plain = float(known.means[known.counts == count][0])
    reached = [c for c, mean in zip(known.counts, known.means, strict=True) if mean >= best.means[0]]
    enough = (
        f"; from scratch that takes {reached[0]:,.0f}"
        if reached
        else "; from scratch none of these is enough"
    )
    return (
        f"With {count:,.0f} labels: {best.means[0]:.1%} {best.title.lower()}, {plain:.1%} from scratch"
        f"{enough if best.means[0] > plain else ''}."
    )


def save(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: write `rows` [R, 4] to `options["file"]` (`.png` or `.csv`) under `options["title"]`.

    Raises `BadRequest` for another ending, `BadFile`.
    """
    file, lines = Path(options["file"]), lines_of(arrays["rows"])
    if file.suffix.lower() == ".png":
        draw(lines, options["title"]).save(file)
    elif file.suffix.lower() == ".csv":
        write_atomically(file, table(arrays["rows"]).encode("utf-8"))
    else:
        raise BadRequest(f"{file.name} is no .png or .csv.", "Give it such a name.")
    return {"data": {"file": str(file)}}


def table(rows: Floats) -> str:
    """A line for each measurement."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["way", "labels", "draw", "accuracy"])
    names = list(WAYS)
    for way, count, number, accuracy in rows:
        writer.writerow([names[int(way)], int(count), int(number), f"{accuracy:.6g}"])
    return out.getvalue()


def draw(lines: list[Line], title: str) -> chart.Page:
    """The curves over the logarithm of the number of labels, with a band of one deviation."""
    page = chart.Page(WIDE, HIGH)
    page.text(24, 18, title, chart.TITLE)
    counts = np.unique(np.concatenate([line.counts for line in lines]))
    across = chart.Axis(counts[0] / 1.3, counts[-1] * 1.3, count_ticks(counts), "labels", log=True)
    low = accuracy_floor(lines)
    up = chart.Axis(low, 1.0, tuple((v, f"{v:.0%}") for v, _ in chart.even_ticks(low, 1.0)), "test accuracy")
    plot = chart.Plot(page, 70, 92, WIDE - 110, HIGH - 170, across, up)
    plot.frame()
    for at, line in enumerate(lines):
        colour = COLOURS[line.way]
        spread = np.nan_to_num(line.deviations)
        plot.band(line.counts, line.means - spread, line.means + spread, colour)
        plot.line(line.counts, line.means, colour, 2.5)
        plot.dots(line.counts, line.means, colour, 4)
        page.text(220 + 200 * at, 62, line.title, fill=colour)
    page.text(24, HIGH - 28, sentence(lines), fill=chart.SOFT)
    return page


def count_ticks(counts: Floats) -> tuple[tuple[float, str], ...]:
    """Each number of labels, in words short enough to stand side by side."""
    return tuple((float(c), f"{c:,.0f}") for c in counts)


def accuracy_floor(lines: list[Line]) -> float:
    """A round number below all of it."""
    least = min(float((line.means - np.nan_to_num(line.deviations)).min()) for line in lines)
    return max(0.0, math.floor(least * 10 - 0.2) / 10)
