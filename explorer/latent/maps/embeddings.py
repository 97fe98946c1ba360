"""A person's own embeddings: rows of a .npy, .npz or Parquet file, with columns of what is known of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from backends.api import Array, BadData
from explorer.latent.task import Task

ENDINGS = (".npy", ".npz", ".parquet")
MOST = 2_000_000  # rows
MOST_CLASSES = 60  # different values up to which a column of whole numbers or words is one of classes
NAMES = ("embeddings", "embedding", "features", "codes", "points", "vectors", "x", "z")  # looked for first
Kinds = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Column:
    """What is known of N rows: classes (`labels` `[N]` of `names`, -1: unknown), numbers, or text `[N]`."""

    name: str
    labels: NDArray[np.int64] | None = None
    names: tuple[str, ...] = ()
    values: Array | None = None
    text: NDArray[np.str_] | None = None


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Points `[N, d]`, `rows` `[N]` of the file they come from, and columns; `total` rows are in the file."""

    points: Array
    rows: NDArray[np.int64]
    total: int
    columns: tuple[Column, ...] = field(default=())

    def sentence(self) -> str:
        """How many of how many: a sample is never taken in silence."""
        many = f"{len(self.points):,} rows of {self.points.shape[1]:,} numbers"
        return many if len(self.points) == self.total else f"{many}, drawn at random of {self.total:,}"


def load(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: array `points` `[N, d]` of `options["file"]`, at most `count` random rows by `seed`.

    Each column is an array `labels NAME`, `values NAME` or `text NAME`; data `columns` says which, with
    `names` of classes; `sentence`, `total`. `rows` `[N]` are those in the file. Raises `BadData`.
    """
    task.progress(0.0, f"Reading {Path(options['file']).name}")
    found = read(Path(options["file"]), int(options.get("count", MOST)), int(options.get("seed", 0)), task)
    result: dict[str, Any] = {"points": found.points, "rows": found.rows}
    told = []
    for column in found.columns:
        for kind in ("labels", "values", "text"):
            if (values := getattr(column, kind)) is not None:
                result[f"{kind} {column.name}"] = values
                told.append({"name": column.name, "kind": kind, "names": list(column.names)})
    return {**result, "data": {"columns": told, "sentence": found.sentence(), "total": found.total}}


def read(file: Path, count: int = MOST, seed: int = 0, task: Task | None = None) -> Embeddings:
    """At most `count` rows of a file. Raises `BadData` with one sentence for every file that doesn't fit."""
    readers: dict[str, Callable[[Path], tuple[Kinds, dict[str, Kinds]]]] = {
        ".npy": _npy, ".npz": _npz, ".parquet": _parquet,
    }  # fmt: skip
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise BadData(f"{file.name} has no known ending.", f"Use one of {', '.join(ENDINGS)}.")
    if not file.is_file():
        raise BadData(f"{file} isn't there.", "Choose another file.")
    try:
        points, columns = reader(file)
    except (OSError, ValueError, EOFError, BadZipFile, KeyError) as error:
        raise BadData(
            f"{file.name} can't be read: it is damaged, or holds objects.", "Write it anew."
        ) from error
    _check(file, points)
    rows = _chosen(len(points), min(count, MOST), seed)
    kept = _floats(points, rows, task or Task())
    return Embeddings(kept, rows, len(points), tuple(_column(n, c[rows]) for n, c in columns.items()))


def _npy(file: Path) -> tuple[Kinds, dict[str, Kinds]]:
    """The file stays on disk: only the rows that are wanted are read."""
    return np.load(file, mmap_mode="r", allow_pickle=False), {}


def _npz(file: Path) -> tuple[Kinds, dict[str, Kinds]]:
    """The array of numbers with two or more dimensions, the named ones first; columns are the rest."""
    with np.load(file, allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    wide = [name for name, a in arrays.items() if a.ndim >= 2 and a.dtype.kind in "fiu"]
    if not wide:
        raise BadData(
            f"{file.name} holds no table of numbers.", "Store an array of N rows of d numbers in it."
        )
    best = min(
        wide,
        key=lambda name: (NAMES.index(name.lower()) if name.lower() in NAMES else 99, -arrays[name].size),
    )
    columns = {n: a for n, a in arrays.items() if n != best and a.ndim == 1 and len(a) == len(arrays[best])}
    return arrays[best], columns


def _parquet(file: Path) -> tuple[Kinds, dict[str, Kinds]]:
    """A column of lists is the table; without one all columns of fractions are."""
    try:
        from pyarrow import ArrowException, parquet, types
    except ImportError as error:
        raise BadData(
            "Parquet files are read by pyarrow, which isn't installed.", "Install it: pip install pyarrow."
        ) from error
    try:
        table = parquet.read_table(file)
    except ArrowException as error:
        raise BadData(f"{file.name} can't be read: it is damaged or no Parquet.", "Write it anew.") from error
    lists = [f.name for f in table.schema if types.is_list(f.type) or types.is_fixed_size_list(f.type)]
    if lists:
        points = np.stack(table[lists[0]].to_pylist()) if table.num_rows else np.zeros((0, 0))
        used = set(lists)
    else:
        used = {f.name for f in table.schema if types.is_floating(f.type)}
        if not used:
            raise BadData(
                f"{file.name} holds no table of numbers.", "Store a column of lists of numbers in it."
            )
        points = np.column_stack([table[f.name].to_numpy() for f in table.schema if f.name in used])
    plain = [f for f in table.schema if f.name not in used]
    return points, {
        f.name: np.asarray(["" if v is None else v for v in table[f.name].to_pylist()]) for f in plain
    }


def _check(file: Path, points: Kinds) -> None:
    if points.dtype.kind not in "fiu":
        raise BadData(f"{file.name} holds {points.dtype} instead of numbers.", "Store floats.")
    if points.ndim < 2:
        raise BadData(f"{file.name} holds a single column: {points.shape}.", "Store N rows of d numbers.")
    if not len(points) or not int(np.prod(points.shape[1:])):
        raise BadData(f"{file.name} is empty: {points.shape}.", "Store N rows of d numbers.")


def _chosen(total: int, count: int, seed: int) -> NDArray[np.int64]:
    if count >= total:
        return np.arange(total)
    return np.sort(np.random.default_rng(seed).choice(total, max(count, 1), replace=False))


def _floats(points: Kinds, rows: NDArray[np.int64], task: Task, block: int = 65536) -> Array:
    """These rows as float32 `[N, d]`, read in blocks."""
    wide = int(np.prod(points.shape[1:]))
    out = np.empty((len(rows), wide), np.float32)
    for at in range(0, len(rows), block):
        task.progress(at / len(rows), f"Reading {len(rows):,} rows")
        some = rows[at : at + block]
        out[at : at + block] = np.asarray(points[some]).reshape(len(some), wide)
    return out


def _column(name: str, values: Kinds) -> Column:
    """Few different whole numbers or words are classes; other numbers a scale; other words text."""
    words = values.dtype.kind in "USO"
    if values.dtype.kind == "b":
        return Column(name, values.astype(np.int64), ("no", "yes"))
    if values.dtype.kind in "iuUSO":
        known, numbered = np.unique(values.astype(str) if words else values, return_inverse=True)
        if len(known) <= MOST_CLASSES:
            return Column(name, numbered.astype(np.int64), tuple(str(v) for v in known))
    if words or values.dtype.kind not in "fiu":
        return Column(name, text=values.astype(str))
    return Column(name, values=values.astype(np.float32))
