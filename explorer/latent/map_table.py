"""Maps as tables: one line for each point, or columns with what made them."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np

from backends.api import Array
from explorer.latent.map_drawing import Drawing


def table(drawings: list[Drawing], codes: Array, parts: dict[str, int]) -> str:
    """Each point's place on each map, its colour's meaning, and the numbers of its code, as CSV.

    `parts` are the names and sizes of the parts of a code. Places on a second map are `x 2`, `y 2`.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    axes = [f"{axis}{suffix}" for suffix in _suffixes(drawings) for axis in "xy"]
    numbers = [f"{name} {i}" for name, size in parts.items() for i in range(size)]
    writer.writerow([*axes, drawings[0].colour, *numbers])
    places = np.concatenate([drawing.positions for drawing in drawings], axis=1)
    for row, place in enumerate(places):
        words = [f"{v:.6g}" for v in place], [_meaning(drawings[0], row)], [f"{v:.9g}" for v in codes[row]]
        writer.writerow([word for some in words for word in some])
    return out.getvalue()


def as_json(drawings: list[Drawing], codes: Array, parts: dict[str, int]) -> str:
    """The same in columns, with titles, lines and names; what isn't a number is null."""
    first = drawings[0]
    columns: dict[str, Any] = {}
    for suffix, drawing in zip(_suffixes(drawings), drawings, strict=True):
        columns |= {f"{axis}{suffix}": _plain(drawing.positions[:, at]) for at, axis in enumerate("xy")}
    if first.labels is not None:
        columns["label"] = first.labels.tolist()
    if first.values is not None:
        columns["value"] = _plain(first.values)
    data = {
        "kind": "latent-explorer-map", "titles": [d.title for d in drawings],
        "lines": [d.line for d in drawings],
        "colour": first.colour, "names": list(first.names), "parts": parts, "columns": columns,
        "codes": [_plain(code) for code in codes] if codes.size else [],
    }  # fmt: skip
    return json.dumps(data, ensure_ascii=False) + "\n"


def _suffixes(drawings: list[Drawing]) -> list[str]:
    return ["", *(f" {number}" for number in range(2, len(drawings) + 1))]


def _meaning(drawing: Drawing, row: int) -> str:
    if drawing.labels is not None:
        label = int(drawing.labels[row])
        return drawing.names[label] if label >= 0 else ""
    return f"{drawing.values[row]:.6g}" if drawing.values is not None else ""


def _plain(values: Array) -> list[float | None]:
    # The shortest digits that give back the same single precision.
    return [float(str(v)) if np.isfinite(v) else None for v in np.asarray(values, np.float32)]
