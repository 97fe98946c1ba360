"""Maps as vector pictures: sharp at any size, their text is text."""

from __future__ import annotations

from html import escape

import numpy as np

from backends.api import BadData
from explorer.latent.map_colours import class_colours, value_colours
from explorer.latent.map_drawing import Drawing

SIDE, LEGEND, TEXT = 900, 250, 18
TOP, LEFT = 56, 12
INK, SOFT = "#1c2230", "#5b6474"
MOST = 100_000  # points: more make files that nothing opens
STYLE = (
    f"text {{ font: {TEXT}px system-ui, sans-serif; fill: {INK} }} .soft {{ fill: {SOFT} }} "
    ".name { font-weight: 600; font-size: 22px; text-anchor: middle; dominant-baseline: central; "
    "paint-order: stroke; stroke: #fff; stroke-width: 5px }"
)


def svg(drawings: list[Drawing]) -> str:
    """Maps side by side. Raises `BadData` for more than `MOST` points."""
    if any(len(drawing.positions) > MOST for drawing in drawings):
        raise BadData(f"A vector picture of over {MOST:,} points is too large to be opened.", "Use .png.")
    wide, lines = SIDE + LEGEND + 2 * LEFT, [_wrapped(drawing.line) for drawing in drawings]
    height = TOP + SIDE + 24 + (TEXT + 6) * max(len(found) for found in lines) + 12
    figures = [
        f'<g transform="translate({at * wide})">{_figure(drawing, found)}</g>'
        for at, (drawing, found) in enumerate(zip(drawings, lines, strict=True))
    ]
    size = f'width="{wide * len(drawings)}" height="{height}" viewBox="0 0 {wide * len(drawings)} {height}"'
    return "\n".join((
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', f"<style>{STYLE}</style>",
        '<rect width="100%" height="100%" fill="#fff"/>', *figures, "</svg>\n",
    ))  # fmt: skip


def _figure(drawing: Drawing, lines: list[str]) -> str:
    parts = [_text(24, 36, drawing.title, "font-size:24px"), _points(drawing)]
    parts += _class_legend(drawing) if drawing.labels is not None else _value_legend(drawing)
    top = TOP + SIDE + 12 + TEXT
    parts += [_text(24, top + row * (TEXT + 6), line, soft=True) for row, line in enumerate(lines)]
    return "\n".join(parts)


def _points(drawing: Drawing) -> str:
    order, places, radius = drawing.placed(SIDE)
    colours = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in drawing.colours()[order].tolist()]
    dots = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}"/>'
        for (x, y), colour in zip(places[order].tolist(), colours, strict=True)
    ]
    names = [
        _name(float(places[row, 0]), float(places[row, 1]), drawing.names[label])
        for label, row in drawing.middles().items()
    ]
    return f'<g transform="translate({LEFT} {TOP})">' + "\n".join(dots + names) + "</g>"


def _class_legend(drawing: Drawing) -> list[str]:
    assert drawing.labels is not None
    left, step = SIDE + 36, TEXT + 10
    counts = np.bincount(drawing.labels[drawing.labels >= 0], minlength=len(drawing.names))
    fits = (SIDE - step) // step - 1
    parts = [_text(left, 84, drawing.colour, soft=True)]
    for row, name in enumerate(drawing.names[:fits]):
        y = 84 + (row + 1) * step
        fill = "".join(f"{c:02x}" for c in class_colours(len(drawing.names))[row].tolist())
        parts.append(f'<circle cx="{left + 7}" cy="{y - 6}" r="7" fill="#{fill}"/>')
        parts.append(_text(left + 24, y, _shortened(name)))
        parts.append(_text(left + LEGEND - 34, y, f"{counts[row]:,}", "text-anchor:end", soft=True))
    if len(drawing.names) > fits:
        parts.append(_text(left, 84 + (fits + 1) * step, f"and {len(drawing.names) - fits} more", soft=True))
    return parts


def _value_legend(drawing: Drawing) -> list[str]:
    if drawing.values is None or not np.isfinite(drawing.values).any():
        return []
    left, top, tall, steps = SIDE + 36, 108, 300, 50
    parts = [_text(left, 84, _shortened(drawing.colour), soft=True)]
    for row, shade in enumerate(value_colours(np.linspace(1, 0, steps, dtype=np.float32)).tolist()):
        fill = "".join(f"{c:02x}" for c in shade)
        y = top + row * tall / steps
        parts.append(
            f'<rect x="{left}" y="{y:.1f}" width="22" height="{tall / steps + 0.5:.1f}" fill="#{fill}"/>'
        )
    for value, y in ((np.nanmax(drawing.values), top + TEXT), (np.nanmin(drawing.values), top + tall)):
        parts.append(_text(left + 34, y, f"{value:.3g}"))
    return parts


def _name(x: float, y: float, text: str) -> str:
    return f'<text class="name" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _text(x: float, y: float, text: str, style: str = "", soft: bool = False) -> str:
    kind, how = (' class="soft"' if soft else ""), (f' style="{style}"' if style else "")
    return f'<text x="{x:g}" y="{y:g}"{kind}{how}>{escape(text)}</text>'


def _shortened(text: str, most: int = 16) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _wrapped(text: str, most: int = 125) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + len(word) < most:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
