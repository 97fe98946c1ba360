"""Labels of pictures from a CSV file. No torch."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from backends.errors import BadData

MOST_VALUES = 1000  # of one factor; more are numbers, not classes


@dataclass(frozen=True)
class Table:
    """What a CSV file says: the names of its factors, and a text for each by picture."""

    factors: tuple[str, ...]
    rows: dict[str, tuple[str, ...]]

    def of(self, path: str) -> tuple[str, ...] | None:
        """What is said of a picture: by its path, its name, or its name without ending."""
        inside = PurePosixPath(path)
        return next((self.rows[key] for key in (path, inside.name, inside.stem) if key in self.rows), None)


def read_table(path: Path) -> Table:
    """The first column names pictures, the others are factors. Raises `BadData`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadData(f"The table {path} can't be read ({error}).", "Save it as CSV in UTF-8.") from error
    lines = text.splitlines()
    if len(lines) < 2:
        raise BadData(f"The table {path} has no rows.", "It needs a line of names and one for each picture.")
    between = max("\t;,", key=lines[0].count)
    read = [row for row in csv.reader(lines, delimiter=between) if row]
    head = [name.strip() for name in read[0]]
    if len(head) < 2:
        raise BadData(f"The table {path} has one column.", "It needs the pictures' names and a label.")
    for number, row in enumerate(read[1:], 2):
        if len(row) != len(head):
            what = f"Row {number} of {path} has {len(row)} columns, the first one {len(head)}."
            raise BadData(what, "Mend that row.")
    return Table(tuple(head[1:]), {row[0].strip(): tuple(v.strip() for v in row[1:]) for row in read[1:]})


def numbered(values: Sequence[str], factor: str) -> tuple[list[int], list[str]]:
    """Texts as numbers of classes, in the order of the texts (of numbers: by size). Raises `BadData`."""
    names = sorted(set(values), key=_by_size)
    if len(names) > MOST_VALUES:
        raise BadData(f"{factor} has {len(names):,} different values.", "Remove that column, or group them.")
    number = {name: index for index, name in enumerate(names)}
    return [number[value] for value in values], names


def _by_size(text: str) -> tuple[int, float, str]:
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text
