"""Runs side by side: which settings differ, what came of each; as a table, CSV or an archive. No Qt."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.errors import BadRequest, ExplorerError
from trainers.api import Phase
from trainers.runs import Run, writing

LAST = 0.1  # share of the measurements, at the end, whose mean stands for a curve


@dataclass(frozen=True)
class Table:
    """`rows` of texts below the names of the `columns`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def text(self) -> str:
        """The table with aligned columns."""
        lines = (self.columns, *self.rows)
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        return "\n".join(
            "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines
        )

    def csv(self) -> str:
        """The table as comma-separated values."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return out.getvalue()


def differences(settings: Sequence[Mapping[str, Any]]) -> list[tuple[str, tuple[Any, ...]]]:
    """The settings whose values are not the same in all, with the value of each (None: not known there)."""
    names = sorted({name for one in settings for name in one})
    found = [(name, tuple(one.get(name) for one in settings)) for name in names]
    return [(name, values) for name, values in found if any(value != values[0] for value in values)]


def diff(runs: Sequence[Run]) -> Table:
    """What differs between runs: family, data, settings and what they were computed with."""
    facts = [_facts(run) for run in runs]
    rows = [(name, *(_short(value) for value in values)) for name, values in differences(facts)]
    return Table(("", *(run.name for run in runs)), tuple(rows))


def results(runs: Sequence[Run], varied: Sequence[str], by: str = "") -> Table:
    """What came of runs: the varied settings, the curves' last values and the model's figures; best first.

    Sorted by the curve or figure `by`, lowest first, with a + before its name highest first.
    """
    measured = [outcome(run) for run in runs]
    names = list(dict.fromkeys(name for one in measured for name in one))
    order = sorted(range(len(runs)), key=lambda i: _rank(measured[i], by))
    rows = []
    for i in order:
        settings, state = runs[i].asked().get("settings", {}), runs[i].state()
        values = (measured[i].get(name) for name in names)
        chosen = (_short(settings.get(name)) for name in varied)
        stands = f"{state.phase} {state.step}/{state.steps}"
        rows.append((runs[i].name, stands, *chosen, *(_short(value) for value in values)))
    return Table(("run", "phase", *varied, *names), tuple(rows))


def outcome(run: Run) -> dict[str, float]:
    """Each curve's mean over its last tenth, and the figures in the model's header."""
    from backends.native import read_info

    found: dict[str, list[float]] = {}
    for line in run.metrics():
        for name, value in line.items():
            if name not in ("step", "seconds") and isinstance(value, int | float):
                found.setdefault(name, []).append(float(value))
    last = {name: values[-max(int(len(values) * LAST), 1) :] for name, values in found.items()}
    means = {name: sum(values) / len(values) for name, values in last.items()}
    try:
        return {**means, **read_info(run.model).figures}
    except ExplorerError:  # no model yet
        return means


def export(run: Run, path: Path) -> None:
    """Write a run to a file: its model (.safetensors), its curves (.csv) or all but checkpoints (.zip).

    Raises `BadRequest` for another suffix or where there is nothing yet, `CantWrite`.
    """
    if path.suffix not in EXPORTS:
        raise BadRequest(f"A run can't be written as {path.name}.", f"Choose one of: {', '.join(EXPORTS)}.")
    with writing():
        path.parent.mkdir(parents=True, exist_ok=True)
        EXPORTS[path.suffix](run, path)


def _export_model(run: Run, path: Path) -> None:
    if not run.model.exists():
        raise BadRequest(f"{run.name} has no model yet.", "It comes with the first checkpoint.")
    shutil.copyfile(run.model, path)


def _export_curves(run: Run, path: Path) -> None:
    lines = run.metrics()
    columns = list(dict.fromkeys(name for line in lines for name in line))
    rows = tuple(tuple(str(line.get(name, "")) for name in columns) for line in lines)
    path.write_text(Table(tuple(columns), rows).csv(), encoding="utf-8")


def _export_all(run: Run, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(run.folder.rglob("*")):
            inner = file.relative_to(run.folder)
            if file.is_file() and inner.parts[0] not in ("checkpoints", "control") and inner.name[0] != ".":
                archive.write(file, f"{run.name}/{inner.as_posix()}")


EXPORTS = {".safetensors": _export_model, ".csv": _export_curves, ".zip": _export_all}


def worthless(run: Run) -> bool:
    """Whether a run that stands still never learned anything that was kept."""
    phase = run.phase()
    return not phase.live and phase is not Phase.QUEUED and not run.model.exists() and not run.checkpoints()


def size_of(run: Run) -> int:
    """Bytes on the disk."""
    return sum(file.stat().st_size for file in run.folder.rglob("*") if file.is_file())


def delete(run: Run, *, checkpoints_only: bool = False) -> None:
    """Remove a run's folder for good, or only its checkpoints. Raises `BadRequest` while it is trained."""
    if run.phase().live:
        raise BadRequest(f"{run.name} is being trained.", "Stop it first.")
    with writing():
        if not checkpoints_only:
            shutil.rmtree(run.folder)
            return
        for path in run.checkpoints():
            path.unlink(missing_ok=True)


def _facts(run: Run) -> dict[str, Any]:
    asked = run.asked()
    environment = asked.get("environment")
    computed = environment if isinstance(environment, dict) else {}
    versions = computed.get("versions")
    named = {"family": asked.get("family"), "data": asked.get("data"), "recipe": asked.get("recipe") or None}
    inside = {k: v for k, v in computed.items() if not isinstance(v, dict)}
    return {
        **named,
        **asked.get("settings", {}),
        **inside,
        **(versions if isinstance(versions, dict) else {}),
    }


def _rank(measured: Mapping[str, float], by: str) -> float:
    value = measured.get(by.lstrip("+"))
    if value is None or value != value:
        return float("inf") if by else 0.0
    return -value if by.startswith("+") else value


def _short(value: Any) -> str:
    return "" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)
