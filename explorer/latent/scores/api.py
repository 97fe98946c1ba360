"""What a score is given, what it gives back, and how it is registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.errors import BadData
from explorer.latent.task import Task

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_VALUES = 100  # of a factor; with more there are too few images of each
FEWEST = 30  # rows; with fewer every interval is as wide as the scale
CODES, FACTORS, CHUNKS, VARIANCES = "codes", "factors", "chunks", "variances"


@dataclass(frozen=True, eq=False)
class Sample:
    """N images by their codes `[N, D]` and factors `[N, K]`, whole numbers 0 … C_k − 1.

    `chunks` are named groups of dimensions (the parts of a latent space). `log_variances` `[N, D]` are
    those of an encoder that gives a distribution; `codes` are then its means. Make one with `Sample.of`.
    """

    codes: Array
    factors: Integers
    code_names: tuple[str, ...]
    factor_names: tuple[str, ...]
    chunks: Mapping[str, slice]
    log_variances: Array | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.codes)

    @staticmethod
    def of(
        codes: NDArray[Any],
        factors: NDArray[Any] | None = None,
        *,
        code_names: Sequence[str] = (),
        factor_names: Sequence[str] = (),
        chunks: Mapping[str, slice] | None = None,
        log_variances: NDArray[Any] | None = None,
    ) -> Sample:
        """Check and number what is given; a factor of one value or over 100 is left out, with a note.

        Raises `BadData` for too few rows, lengths that differ, and codes that are not finite.
        """
        z = np.asarray(codes, np.float64).reshape(len(codes), -1)
        y = np.zeros((len(z), 0), np.int64) if factors is None else np.asarray(factors)
        _check(z, y)
        names = tuple(factor_names) or tuple(f"factor {k + 1}" for k in range(y.shape[1]))
        counts = [len(np.unique(column)) for column in y.T]
        kept = [k for k, count in enumerate(counts) if 1 < count <= MOST_VALUES]
        told = {k: "one value" if count == 1 else f"{count} values" for k, count in enumerate(counts)}
        notes = tuple(
            f"{names[k]} has {told[k]} in these data and is left out." for k in told if k not in kept
        )
        columns = [np.unique(y[:, k], return_inverse=True)[1].reshape(-1) for k in kept]
        numbered = np.stack(columns, 1).astype(np.int64) if columns else np.zeros((len(z), 0), np.int64)
        return Sample(
            z, numbered, tuple(code_names) or tuple(f"z {d + 1}" for d in range(z.shape[1])),
            tuple(names[k] for k in kept), chunks or {"z": slice(0, z.shape[1])},
            None if log_variances is None else np.asarray(log_variances, np.float64), notes,
        )  # fmt: skip

    def take(self, rows: NDArray[Any]) -> Sample:
        """The sample of these rows alone."""
        log_variances = None if self.log_variances is None else self.log_variances[rows]
        return replace(self, codes=self.codes[rows], factors=self.factors[rows], log_variances=log_variances)

    def checked(self) -> Sample:
        """Numbered anew, without factors that have one value in these rows."""
        anew = Sample.of(
            self.codes, self.factors, code_names=self.code_names, factor_names=self.factor_names,
            chunks=self.chunks, log_variances=self.log_variances,
        )  # fmt: skip
        return replace(anew, notes=(*self.notes, *anew.notes))

    def split(self, train: int, test: int, rng: np.random.Generator) -> tuple[Sample, Sample]:
        """Two parts without a common row, of at most these sizes; two to one where there are fewer."""
        order = rng.permutation(len(self))
        share = min(train, round(len(self) * train / (train + test)))
        return self.take(order[:share]), self.take(order[share : share + test])

    def ceiling(self) -> Sample:
        """The best codes there can be for these data: the standardised factors themselves."""
        z = self.factors.astype(np.float64)
        z = (z - z.mean(0)) / z.std(0)
        chunks = {name: slice(k, k + 1) for k, name in enumerate(self.factor_names)}
        return replace(
            self, codes=z, code_names=self.factor_names, chunks=chunks,
            log_variances=None if self.log_variances is None else np.full_like(z, np.log(1e-4)),
        )  # fmt: skip

    def chance(self, rng: np.random.Generator) -> Sample:
        """Codes that know nothing of the factors: the same ones, in another order."""
        order = rng.permutation(len(self))
        return replace(self.take(order), factors=self.factors)


@dataclass(frozen=True)
class Effort:
    """How much work a preset does; counts are upper bounds where there are fewer images."""

    name: str
    rows: int  # of the sample
    votes: tuple[int, int]  # BetaVAE, FactorVAE: for training and for testing
    fit: tuple[int, int]  # classifiers: rows for training and for testing
    queries: int  # retrieval
    densities: int  # rows of Chen's estimator
    bootstraps: int
    published: bool  # the classifiers of the study instead of quicker ones


FAST = Effort("fast", 2_000, (500, 250), (400, 200), 300, 400, 16, False)
FULL = Effort("full", 15_000, (10_000, 5_000), (10_000, 5_000), 2_000, 10_000, 100, True)
PRESETS = {effort.name: effort for effort in (FAST, FULL)}


@dataclass(frozen=True)
class Figure:
    """One number of a score: `help` is one sentence that says what to beware of."""

    key: str
    title: str
    help: str
    low: float = 0.0
    high: float = 1.0
    lower_is_better: bool = False


@dataclass(frozen=True, eq=False)
class Result:
    """`values` by the keys of the figures, NaN where they don't exist (then `note` says why).

    `matrix` `[rows, columns]` is what the score is made of. `spread` holds values `[B]` under
    resampling of the test rows, by a score that knows how to do so cheaply.
    """

    values: Mapping[str, float]
    matrix: Array | None = None
    spread: Mapping[str, Array] = field(default_factory=dict)
    note: str = ""


Work = Callable[[Sample, Effort, np.random.Generator, Task], Result]


@dataclass(frozen=True)
class Score:
    """A registered score. `needs` is `codes`, `factors`, `chunks` or `variances`.

    `matrix` titles its matrix, whose rows are dimensions (or chunks, where it `by_chunk`) and whose
    columns are factors. `repeats`: quick enough to be done again for each bootstrap sample.
    """

    name: str
    work: Work
    figures: tuple[Figure, ...]
    matrix: str = ""
    needs: str = FACTORS
    least_factors: int = 1
    by_chunk: bool = False
    repeats: bool = False
    cost: float = 1.0  # share of the progress bar
    order: int = 50

    def applies(self, sample: Sample) -> bool:
        """Whether these data have what it needs."""
        if self.needs == CODES:
            return True
        if self.needs == CHUNKS and len(sample.chunks) < 2:
            return False
        if self.needs == VARIANCES and sample.log_variances is None:
            return False
        return sample.factors.shape[1] > 0

    def enough(self, sample: Sample) -> bool:
        """Whether there are as many factors as it compares."""
        return self.needs == CODES or sample.factors.shape[1] >= self.least_factors

    def run(self, sample: Sample, effort: Effort, rng: np.random.Generator, task: Task) -> Result:
        """Measure; with too few factors the values are NaN and the note says so."""
        if not self.enough(sample):
            nothing = {figure.key: float("nan") for figure in self.figures}
            return Result(nothing, note=f"It compares factors and needs at least {self.least_factors}.")
        return self.work(sample, effort, rng, task)


def score(name: str, *figures: Figure, **rest: Any) -> Callable[[Work], Score]:
    """Register the function below as a score; the module's name for it is then the `Score`."""
    return lambda work: Score(name, work, figures, **rest)


class Share(Task):
    """A part of a longer task: its progress is told as `start` to `start + length` of the whole."""

    def __init__(self, whole: Task, start: float, length: float, text: str) -> None:
        super().__init__()
        self._whole, self._start, self._length, self._text = whole, start, length, text

    def progress(self, fraction: float, text: str = "") -> None:
        self._whole.progress(self._start + self._length * fraction, text or self._text)

    def check(self) -> None:
        self._whole.check()


def resampled(outcomes: NDArray[Any], rng: np.random.Generator, count: int) -> Array:
    """Means of `outcomes` `[n, …]` over `count` bootstrap samples of its rows: `[count, …]`."""
    n = len(outcomes)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=count) / n
    return np.tensordot(weights, outcomes.astype(np.float64), 1)


def _check(z: Array, y: NDArray[Any]) -> None:
    if y.ndim != 2 or len(y) != len(z):
        raise BadData(f"There are {len(z)} codes and factors of shape {y.shape}.", "Give one row to each.")
    if len(z) < FEWEST:
        raise BadData(f"Scores need at least {FEWEST} images, and there are {len(z)}.", "Ask for more.")
    if not np.isfinite(z).all():
        bad = int((~np.isfinite(z)).any(1).sum())
        raise BadData(
            f"{bad} of {len(z)} codes hold numbers that are not finite.",
            "The model may have diverged: choose an earlier checkpoint.",
        )
