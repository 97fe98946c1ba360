"""What came of a sweep's runs, so far or at the end: settings that vary, curves' ends, figures. No Qt."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explorer.model.run_table import Table, outcome
from explorer.model.runs import DESCRIBE, RunSummary
from trainers.api import Phase
from trainers.runs import Run

AGAIN_S = 2.0  # between two readings of the curves of a run that is being trained


@dataclass(frozen=True)
class SweepRow:
    """One run: the values of the settings that vary, and what was measured of it."""

    folder: Path
    title: str
    phase: Phase
    stands: str
    settings: Mapping[str, Any]
    outcome: Mapping[str, float]

    def value(self, name: str) -> Any:
        """The value of a setting or a figure; None where it isn't known."""
        return self.settings[name] if name in self.settings else self.outcome.get(name)


@dataclass(frozen=True)
class SweepTable:
    """A sweep: `varied` names its settings, `measured` the curves and figures of its runs."""

    name: str
    varied: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    rows: tuple[SweepRow, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.varied, *self.measured)

    def csv(self, order: Sequence[int] | None = None) -> str:
        """The table as comma-separated values, its rows in this order."""
        chosen = self.rows if order is None else [self.rows[index] for index in order]
        rows = [
            (row.folder.name, str(row.phase), *(_exact(row.value(name)) for name in self.names))
            for row in chosen
        ]
        return Table(("run", "phase", *self.names), tuple(rows)).csv()


@dataclass
class SweepReader:
    """Reads the sweep `name` again and again; `read` is None when nothing changed since."""

    name: str
    _known: dict[Path, tuple[tuple[Any, ...], float, dict[str, float]]] = field(default_factory=dict)
    _last: SweepTable | None = None

    def read(self, summaries: Iterable[RunSummary]) -> SweepTable | None:
        """What came of it so far."""
        runs = sorted((one for one in summaries if one.sweep == self.name), key=lambda one: one.name)
        varied = tuple(dict.fromkeys(name for one in runs for name in one.varied))
        rows = tuple(self._row(one, varied) for one in runs)
        measured = tuple(dict.fromkeys(name for row in rows for name in row.outcome))
        table = SweepTable(self.name, varied, measured, rows)
        if table == self._last:
            return None
        self._last = table
        return table

    def _row(self, run: RunSummary, varied: Sequence[str]) -> SweepRow:
        settings = {name: run.settings.get(name) for name in varied}
        stands = f"{DESCRIBE[run.phase]} {run.state.step:,}/{run.state.steps:,}"
        return SweepRow(run.folder, run.title, run.phase, stands, settings, self._outcome(run))

    def _outcome(self, run: RunSummary) -> dict[str, float]:
        """Read only where something was measured since, and seldom of a run that still learns."""
        stamp, now = (run.phase.live, run.state.step, run.model_time), time.monotonic()
        known = self._known.get(run.folder)
        if known is not None and (known[0] == stamp or (run.phase.live and now - known[1] < AGAIN_S)):
            return known[2]
        found = outcome(Run(run.folder)) if run.state.step or run.model_time else {}
        self._known[run.folder] = (stamp, now, found)
        return found


def sweeps_among(summaries: Iterable[RunSummary]) -> dict[str, int]:
    """How many runs each sweep has; the newest sweep first."""
    found: dict[str, int] = {}
    for one in summaries:
        if one.sweep:
            found[one.sweep] = found.get(one.sweep, 0) + 1
    return found


def _exact(value: Any) -> str:
    return "" if value is None else f"{value:.8g}" if isinstance(value, float) else str(value)
