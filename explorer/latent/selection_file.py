"""The codes of a selection as a file: a job, since a million lines take a while."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

from backends.api import BadData
from explorer.latent.task import Task
from explorer.model.files import write_atomically

STEP = 10_000  # lines between two looks at whether to go on


def save(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: write arrays `ids` `[n]`, `positions` `[n, 2]`, `codes` `[n, D]` and, where known, `labels` `[n]`.

    Options: `file` (`.csv` or `.npz`), `parts` (their sizes by name), `names` of the labels. Raises
    `BadData` for another ending, `BadFile`.
    """
    file, names = Path(options["file"]), list(options.get("names", ()))
    if file.suffix.lower() == ".npz":
        buffer = io.BytesIO()
        np.savez(buffer, names=np.array(names), **arrays)  # type: ignore[arg-type]
        write_atomically(file, buffer.getvalue())
    elif file.suffix.lower() == ".csv":
        write_atomically(file, _table(task, arrays, options["parts"], names).encode("utf-8"))
    else:
        raise BadData(f"{file.name} has no known ending.", "Use .csv or .npz.")
    return {"data": {"file": str(file)}}


def _table(task: Task, arrays: dict[str, np.ndarray], parts: dict[str, int], names: list[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    columns = [f"{part} {n}" for part, size in parts.items() for n in range(size)]
    writer.writerow(["id", "x", "y", "class", *columns])
    labels, count = arrays.get("labels"), len(arrays["ids"])
    for row in range(count):
        if row % STEP == 0:
            task.progress(row / count, "Writing the codes")
        label = "" if labels is None else int(labels[row])
        said = names[label] if isinstance(label, int) and label < len(names) else label
        x, y = arrays["positions"][row]
        codes = (f"{value:.9g}" for value in arrays["codes"][row])
        writer.writerow([int(arrays["ids"][row]), f"{x:.6g}", f"{y:.6g}", said, *codes])
    return out.getvalue()
