"""Anomalies as a picture (both groups, the curve, the worst images) or as a table of scores. No Qt."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

from backends.errors import BadRequest
from explorer.latent import chart
from explorer.latent.anomaly import Verdict, verdict_of
from explorer.latent.task import Task
from explorer.model.files import write_atomically

WIDE, LEFT = 1200, 70
WORST = 14  # images of each kind
NEW = {"reconstruction": "reconstruction error", "likelihood": "−log likelihood in nats"}


def save(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: write to `options["file"]` (`.png` or `.csv`) what was found.

    Arrays of the verdict, `scores`, `anomalous`, `groups` and `images`; options `verdict` (its data),
    `names`, `title`, `how`. Raises `BadRequest` for another ending, `BadFile`.
    """
    file, verdict = Path(options["file"]), verdict_of(options["verdict"], arrays)
    ending = file.suffix.lower()
    if ending == ".png":
        draw(verdict, arrays, options).save(file)
    elif ending == ".csv":
        write_atomically(file, table(arrays, options["names"]).encode("utf-8"))
    else:
        raise BadRequest(f"{file.name} is no .png or .csv.", "Give it such a name.")
    return {"data": {"file": str(file)}}


def table(arrays: dict[str, np.ndarray], names: list[str]) -> str:
    """A line for each image: its number, class, whether it is an anomaly, its score."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["image", "class", "anomaly", "score"])
    rows = zip(arrays["groups"], arrays["anomalous"], arrays["scores"], strict=True)
    for number, (group, anomalous, score) in enumerate(rows):
        writer.writerow([number, names[int(group)], int(anomalous), f"{score:.7g}"])
    return out.getvalue()


def draw(verdict: Verdict, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> chart.Page:
    """The sheet: histogram and curve beside each other, figures in words, three rows of images below."""
    words = " ".join(text for text in (verdict.sentence(), verdict.by_group()) if text)
    lines = chart.wrapped(words, WIDE - 2 * 24)
    page = chart.Page(WIDE, 480 + 22 * len(lines) + 3 * 118 + 24)
    page.text(24, 18, options["title"], chart.TITLE)
    _draw_histogram(page, verdict, NEW[options["how"]])
    _draw_roc(page, verdict)
    for at, line in enumerate(lines):
        page.text(24, 462 + 22 * at, line)
    top = 480 + 22 * len(lines)
    kinds = (
        ("Highest scores of all", verdict.highest),
        ("Normal images with the highest scores (false alarms)", verdict.alarms),
        ("Anomalies with the lowest scores (missed)", verdict.missed),
    )
    for at, (title, rows) in enumerate(kinds):
        _draw_row(page, title, top + 118 * at, arrays["images"][rows[:WORST]])
    return page


def _draw_histogram(page: chart.Page, verdict: Verdict, score: str) -> None:
    edges, most = verdict.edges, float(verdict.bars.max()) * 1.08
    across = chart.Axis(edges[0], edges[-1], chart.even_ticks(edges[0], edges[-1]), score)
    up = chart.Axis(0, most, tuple((v, f"{float(t):.0%}") for v, t in chart.even_ticks(0, most, 4)), "")
    plot = chart.Plot(page, LEFT, 96, 560, 300, across, up)
    plot.frame()
    for heights, colour in zip(verdict.bars, (chart.BLUE, chart.RED), strict=True):
        plot.bars(edges, heights, colour)
    page.text(LEFT, 64, "normal", fill=chart.BLUE)
    page.text(LEFT + 80, 64, "anomalies", fill=chart.RED)


def _draw_roc(page: chart.Page, verdict: Verdict) -> None:
    ticks = tuple((v / 5, f"{v / 5:.0%}") for v in range(6))
    across, up = (chart.Axis(0, 1, ticks, title) for title in ("false alarms", "anomalies caught"))
    plot = chart.Plot(page, 760, 96, 400, 300, across, up)
    plot.frame()
    ends = np.array([0.0, 1.0])
    plot.line(ends, ends, chart.SOFT, 1)
    plot.line(verdict.roc.alarms, verdict.roc.caught, chart.RED, 2.5)
    page.text(1150, 360, f"area {verdict.area:.3f}", chart.TITLE, anchor="rs")


def _draw_row(page: chart.Page, title: str, top: int, images: np.ndarray) -> None:
    page.text(24, top + 6, title)
    for at, image in enumerate(images):
        page.paste(image, 24 + at * 83, top + 30, 78)
