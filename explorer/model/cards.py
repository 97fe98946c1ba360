"""What is said of a model in a few lines: the card in the latent dock, tooltips, groups. No Qt."""

from __future__ import annotations

import math
from pathlib import Path

from backends.api import ModelInfo

GROUPS = ("Bundled", "Yours", "Runs", "Opened")


def group(info: ModelInfo) -> str:
    """Where a model comes from: one of `GROUPS`."""
    path = Path(info.path)
    if path.parent.name == "models":
        return "Bundled" if path.parent.parent.name == "assets" else "Yours"
    return "Runs" if (path.parent / "run.json").is_file() else "Opened"


def facts(info: ModelInfo) -> list[tuple[str, str]]:
    """What is known of a model: (name, value) pairs, the most useful first; nothing empty."""
    height, width, channels = info.image_shape
    colour = "colour" if channels == 3 else "grey"
    parts = ", ".join(f"{p.name} {p.size} ({p.prior.value})" for p in info.space.parts)
    pairs = [
        ("Family", info.family),
        ("Data", info.dataset),
        ("Images", f"{width} × {height}, {colour}"),
        ("Latent", parts),
        ("Parameters", f"{info.parameters:,}" if info.parameters else ""),
        *((name.replace("_", " ").capitalize(), number(value)) for name, value in info.figures.items()),
        ("Licence", info.licence),
        ("Source", info.source),
    ]
    return [(name, value) for name, value in pairs if value]


def number(value: float) -> str:
    """Three significant digits, without exponents for what people read."""
    if not math.isfinite(value):
        return "—"
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value):,}"
    return f"{value:.3g}" if 1e-4 <= abs(value) < 1e6 else f"{value:.2e}"


def tooltip(info: ModelInfo) -> str:
    """The card as plain lines."""
    head = f"{info.name}\n{info.description}".strip()
    return "\n".join([head, *(f"{name}: {value}" for name, value in facts(info)[:8])])
