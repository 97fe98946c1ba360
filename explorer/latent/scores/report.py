"""Measured scores to be shown: as lines for a terminal, as a table, as JSON."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from explorer.latent.scores.api import Array
from explorer.latent.scores.measuring import Row


@dataclass(frozen=True, eq=False)
class Report:
    """Rows, and matrices by score with what their rows and columns are called."""

    rows: tuple[Row, ...]
    matrices: Mapping[str, Array]
    titles: Mapping[str, str]
    by_chunk: frozenset[str]
    code_names: tuple[str, ...]
    factor_names: tuple[str, ...]
    chunks: tuple[str, ...]
    notes: tuple[str, ...]
    count: int
    preset: str

    @staticmethod
    def of(data: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Report:
        """From what the job `measuring:run` gave."""
        return Report(
            tuple(Row.from_json(row) for row in data["rows"]), dict(arrays), dict(data["titles"]),
            frozenset(data["by_chunk"]), tuple(data["code_names"]), tuple(data["factor_names"]),
            tuple(data["chunks"]), tuple(data["notes"]), int(data["count"]), str(data["preset"]),
        )  # fmt: skip

    def told(self) -> dict[str, Any]:
        """What `of` reads back, without the matrices."""
        return {
            "rows": [asdict(row) for row in self.rows], "titles": dict(self.titles),
            "by_chunk": sorted(self.by_chunk), "code_names": self.code_names, "chunks": self.chunks,
            "factor_names": self.factor_names, "notes": self.notes, "count": self.count,
            "preset": self.preset,
        }  # fmt: skip

    def row_names(self, name: str) -> tuple[str, ...]:
        """What the rows of a score's matrix are: dimensions or chunks."""
        return self.chunks if name in self.by_chunk else self.code_names

    def lines(self) -> list[str]:
        """A table for a terminal: value, interval, ceiling, chance."""
        head = f"{'':<30}{'value':>9}   {'95 % interval':<16}{'ceiling':>9}{'chance':>9}"
        out = [head]
        for row in self.rows:
            between = f"{shown(row.low)} – {shown(row.high)}" if math.isfinite(row.low) else "—"
            out.append(
                f"{row.title:<30}{shown(row.value):>9}   {between:<16}"
                f"{shown(row.ceiling):>9}{shown(row.chance):>9}"
            )
        return [*out, *self.notes]

    def table(self) -> str:
        """Comma-separated: the scores, then every matrix."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["score", "value", "low", "high", "ceiling", "chance", "note"])
        for row in self.rows:
            numbers = (row.value, row.low, row.high, row.ceiling, row.chance)
            writer.writerow([row.title, *(_plain(number) for number in numbers), row.note])
        for name, matrix in self.matrices.items():
            writer.writerow([])
            writer.writerow([self.titles[name], *self.factor_names])
            for title, values in zip(self.row_names(name), matrix, strict=True):
                writer.writerow([title, *(_plain(float(value)) for value in values)])
        return out.getvalue()

    def to_json(self) -> dict[str, Any]:
        """Rows and matrices; null for what is no finite number."""
        rows = [{k: _finite(v) for k, v in asdict(row).items()} for row in self.rows]
        matrices = {
            name: {
                "title": self.titles[name], "rows": self.row_names(name), "columns": self.factor_names,
                "values": [[_finite(float(v)) for v in line] for line in matrix],
            }
            for name, matrix in self.matrices.items()
        }  # fmt: skip
        return {"count": self.count, "preset": self.preset, "notes": list(self.notes), "scores": rows,
                "matrices": matrices}  # fmt: skip


def shown(value: float) -> str:
    """Three digits; a dash for what doesn't exist."""
    return "—" if math.isnan(value) else "∞" if math.isinf(value) else f"{value:.3f}"


def _plain(value: float) -> str:
    return f"{value:.6g}" if math.isfinite(value) else ""


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
