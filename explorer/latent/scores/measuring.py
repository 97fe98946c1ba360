"""Run the scores that apply: each value with its interval, and beside it the ceiling and the chance level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from backends.errors import BadData
from explorer.latent.scores.api import CODES, PRESETS, Array, Effort, Result, Sample, Score, Share
from explorer.latent.scores.registry import scores
from explorer.latent.task import Task

NINETY_FIVE = 1.96  # standard errors to either side
NAN = float("nan")


@dataclass(frozen=True)
class Row:
    """One figure: its 95 % interval `low`–`high`, what perfect codes and what shuffled codes get.

    NaN stands for what doesn't exist: `note` says why. `least` and `most` are the ends of its scale.
    """

    score: str
    key: str
    title: str
    value: float
    low: float
    high: float
    ceiling: float
    chance: float
    least: float
    most: float
    lower_is_better: bool
    help: str
    note: str

    def position(self, value: float) -> float:
        """Where a value lies on its scale, 0 to 1."""
        return min(max((value - self.least) / (self.most - self.least), 0.0), 1.0)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Row:
        return Row(**data)


def measure(
    sample: Sample,
    effort: Effort,
    seed: int = 0,
    task: Task | None = None,
    wanted: Sequence[str] = (),
) -> tuple[list[Row], dict[str, Array]]:
    """Rows of every score that applies (or of the `wanted` ones), and their matrices by score.

    Random choices come from `seed`: the same seed gives the same figures. Raises `BadData`.
    """
    task = task or Task()
    if len(sample) > effort.rows:
        sample = sample.take(np.random.default_rng(seed).permutation(len(sample))[: effort.rows]).checked()
    chosen = [one for one in _applicable(sample, wanted) if one.enough(sample)]
    if not chosen:
        raise BadData("No score can be measured on these data.", "Choose data with labels or factors.")
    total, done = sum(one.cost for one in chosen), 0.0
    rows: list[Row] = []
    matrices: dict[str, Array] = {}
    for one in chosen:
        share = Share(task, done / total, one.cost / total, one.figures[0].title)
        result, found = _measured(one, sample, effort, seed, share)
        rows += found
        if result.matrix is not None:
            matrices[one.name] = result.matrix
        done += one.cost
    task.progress(1.0)
    return rows, matrices


def run(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """A job: scores of arrays `codes`, `factors` (and `log_variances`).

    Options: `preset`, `seed`, `wanted`, `code_names`, `factor_names`, `chunks` (name: [start, stop]).
    Data: `rows`, `titles` of the matrices, `by_chunk`, `code_names`, `factor_names`, `chunks`, `notes`,
    `count`. Arrays: the matrices by score.
    """
    sample = Sample.of(
        arrays["codes"], arrays.get("factors"), code_names=options.get("code_names", ()),
        factor_names=options.get("factor_names", ()), log_variances=arrays.get("log_variances"),
        chunks={name: slice(*ends) for name, ends in options.get("chunks", {}).items()} or None,
    )  # fmt: skip
    effort = PRESETS[options.get("preset", "fast")]
    wanted = options.get("wanted", ())
    rows, matrices = measure(sample, effort, int(options.get("seed", 0)), task, wanted)
    known = scores()
    data = {
        "rows": [asdict(row) for row in rows],
        "titles": {name: known[name].matrix for name in matrices},
        "by_chunk": [name for name in matrices if known[name].by_chunk],
        "code_names": list(sample.code_names), "factor_names": list(sample.factor_names),
        "chunks": list(sample.chunks), "notes": [*sample.notes, *_left_out(sample, wanted)],
        "count": min(len(sample), effort.rows),
        "preset": effort.name,
    }  # fmt: skip
    return {**matrices, "data": data}


def _applicable(sample: Sample, wanted: Sequence[str]) -> list[Score]:
    return [one for one in scores().values() if one.applies(sample) and (not wanted or one.name in wanted)]


def _left_out(sample: Sample, wanted: Sequence[str]) -> list[str]:
    """A sentence about the scores that compare factors where there is but one."""
    lacking = [one.figures[0].title for one in _applicable(sample, wanted) if not one.enough(sample)]
    return [f"{', '.join(lacking)} compare factors and need at least two."] if lacking else []


def _measured(one: Score, sample: Sample, effort: Effort, seed: int, task: Task) -> tuple[Result, list[Row]]:
    """The result for the codes, and a row for each figure."""

    def again(which: Sample, start: float, length: float) -> Result:
        part = Share(task, start, length, one.figures[0].title)
        return one.run(which, effort, np.random.default_rng(seed), part)

    result = again(sample, 0.0, 0.3)
    best = worst = None
    if one.needs != CODES:
        best = again(sample.ceiling(), 0.3, 0.3)
        worst = again(sample.chance(np.random.default_rng(seed + 1)), 0.6, 0.3)
    errors = _errors(one, sample, effort, seed, result, Share(task, 0.9, 0.1, one.figures[0].title))
    rows = []
    for figure in one.figures:
        value, error = result.values[figure.key], errors.get(figure.key, NAN)
        rows.append(Row(
            one.name, figure.key, figure.title, value,
            max(value - NINETY_FIVE * error, figure.low), min(value + NINETY_FIVE * error, figure.high)
            if figure.high > value else value + NINETY_FIVE * error,
            best.values[figure.key] if best else NAN, worst.values[figure.key] if worst else NAN,
            figure.low, figure.high, figure.lower_is_better, figure.help, result.note,
        ))  # fmt: skip
    return result, rows


def _errors(
    one: Score, sample: Sample, effort: Effort, seed: int, result: Result, task: Task
) -> dict[str, float]:
    """The bootstrap standard error of each figure that has one.

    Not percentiles: rows that occur twice raise every estimate of information, so that the percentiles
    of the bootstrap lie beside the value. Its spread is right.
    """
    spread = {key: np.asarray(values) for key, values in result.spread.items()}
    if one.repeats and np.isfinite(list(result.values.values())).any():
        rng = np.random.default_rng(seed + 2)
        drawn = []
        for at in range(effort.bootstraps):
            task.progress(at / effort.bootstraps)
            rows = rng.integers(len(sample), size=len(sample))
            drawn.append(one.run(sample.take(rows), effort, np.random.default_rng(seed), task).values)
        spread |= {key: np.array([values[key] for values in drawn]) for key in result.values}
    finite = {key: values[np.isfinite(values)] for key, values in spread.items()}
    return {key: float(values.std(ddof=1)) for key, values in finite.items() if len(values) > 1}
