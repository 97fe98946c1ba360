"""Thousands of swaps judged by an oracle, and what each group tells of each factor: no widgets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from backends.api import Array, Capability, ModelInfo, Priority, Reply
from explorer.latent.mixing import Group, coordinates, exchanged
from explorer.latent.scores.transfer import transfer
from explorer.model.asking import PREVIEW
from explorer.panels.base import Services
from explorer.panels.mix_judge import Judge, Named
from explorer.workers.host_client import Ticket
from explorer.workers.jobs import Job

SEED = 30_000


@dataclass(frozen=True, eq=False)
class Measured:
    """Matrices `[G, K]` of groups and factors by name; `count` swaps or images; `chance` `[K]` of a leak.

    `drawn` says that the images were drawn from the model, as there were no others.
    """

    matrices: dict[str, np.ndarray]
    groups: tuple[str, ...]
    factors: tuple[str, ...]
    count: int
    drawn: bool
    chance: np.ndarray | None = None


@dataclass(eq=False)
class _Run:
    info: ModelInfo
    groups: tuple[Group, ...]
    count: int
    leak: bool
    drawn: bool = False
    codes: Array | None = None
    values: np.ndarray | None = None  # [2 count, K]
    mixed: list[np.ndarray] = field(default_factory=list)


class Swaps(QObject):
    """`start` measures; then `measured` brings a `Measured`, or `failed` what happened."""

    measured = Signal(object)
    failed = Signal(str, str)
    told = Signal(object)  # a progress reply

    def __init__(self, services: Services, judge: Judge) -> None:
        super().__init__()
        self.session, self.host, self.jobs = services.session, services.host, services.jobs
        self.judge = judge
        self._now: _Run | None = None
        self._under_way: Ticket | Job | None = None

    @property
    def busy(self) -> bool:
        return self._now is not None

    def cancel(self) -> None:
        """Give up; nothing more is told."""
        if self._now is not None:
            self._now = None
            if self._under_way is not None:
                self._under_way.cancel()

    def start(self, info: ModelInfo, groups: tuple[Group, ...], count: int, leak: bool) -> None:
        """`count` swaps of each group; or with `leak`, how well each group's numbers tell each factor.

        Codes are those of the images that the oracle was learnt from, where the model encodes; otherwise
        they are drawn from the prior and their pictures named by the oracle.
        """
        self.cancel()
        run = self._now = _Run(info, groups, count, leak)
        judge = self.judge
        if judge.images is not None and judge.values is not None and info.can(Capability.ENCODES):
            rows = np.random.default_rng(SEED).permutation(len(judge.images))[: 2 * count]
            run.values = judge.values[rows]
            self._ask(
                run, "encode", {"images": judge.images[rows]}, lambda r: self._coded(run, r.arrays["codes"])
            )
            return
        run.drawn = True
        codes = info.space.sample_many(2 * count, SEED)

        def named(values: np.ndarray) -> None:
            run.values = values
            self._coded(run, codes)

        self._ask(run, "generate", {"codes": codes}, lambda r: self._name(r.arrays["images"], named))

    def _name(self, images: np.ndarray, named: Named) -> None:
        self._under_way = self.judge.ask(images, named)

    def _coded(self, run: _Run, codes: Array) -> None:
        if run is not self._now:
            return
        run.codes = codes
        if run.leak:
            self._probe(run)
        else:
            self._swap(run)

    def _swap(self, run: _Run) -> None:
        """Exchange the next group in all pairs at once."""
        assert run.codes is not None
        assert run.values is not None
        at = len(run.mixed)
        self.told.emit(Reply(0, "progress", {"fraction": at / len(run.groups)}))
        if at == len(run.groups):
            self._finish(run)
            return
        half = len(run.codes) // 2
        codes = exchanged(run.info.space, run.codes[:half], run.codes[half : 2 * half], [run.groups[at]])

        def named(values: np.ndarray) -> None:
            if run is self._now:
                run.mixed.append(values)
                self._swap(run)

        self._ask(run, "generate", {"codes": codes}, lambda r: self._name(r.arrays["images"], named))

    def _finish(self, run: _Run) -> None:
        assert run.values is not None
        half = len(run.values) // 2
        carried, kept = transfer(np.stack(run.mixed), run.values[half : 2 * half], run.values[:half])
        self._done(run, Measured(
            {"transfer": carried, "preservation": kept}, tuple(g.name for g in run.groups),
            self.judge.factors, half, run.drawn,
        ))  # fmt: skip

    def _probe(self, run: _Run) -> None:
        """The leak meter of Scores, on the groups instead of the parts."""
        assert run.codes is not None
        assert run.values is not None
        columns, places = coordinates(run.info.space, run.codes, run.groups)
        options: dict[str, Any] = {
            "preset": "fast", "wanted": ["probe"], "factor_names": list(self.judge.factors),
            "chunks": {name: [at.start, at.stop] for name, at in places.items()},
        }  # fmt: skip

        def done(reply: Reply) -> None:
            if run is not self._now:
                return
            values = run.values
            assert values is not None
            common = np.array([np.unique(c, return_counts=True)[1].max() / len(c) for c in values.T])
            names = tuple(map(str, reply.data["factor_names"]))
            chance = np.array([common[self.judge.factors.index(name)] for name in names])
            matrices = {"leak": reply.arrays["probe"]}
            self._done(run, Measured(matrices, tuple(places), names, len(values), run.drawn, chance))

        self._under_way = self.jobs.run(
            "explorer.latent.scores.measuring:run", {"codes": columns, "factors": run.values}, options,
            on_result=done, on_error=self._fail, on_progress=self.told.emit,
        )  # fmt: skip

    def _done(self, run: _Run, found: Measured) -> None:
        if run is self._now:
            self._now = None
            self.measured.emit(found)

    def _ask(self, run: _Run, verb: str, arrays: dict[str, np.ndarray], done: Any) -> None:
        options = {"quality": PREVIEW, **(self.session.code.options if self.session.code else {})}
        self._under_way = self.host.ask(
            verb, run.info.path, arrays=arrays, options=options, priority=Priority.BULK, on_error=self._fail,
            on_result=lambda reply: done(reply) if run is self._now else None,
        )  # fmt: skip

    def _fail(self, reply: Reply) -> None:
        if self._now is not None:
            self._now = None
            self.failed.emit(*reply.problem)
