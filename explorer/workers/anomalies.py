"""Search for anomalies without waiting: a job reads the images, the host scores them, a job judges."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from backends.api import ModelInfo, Priority, Reply
from explorer.latent.anomaly import verdict_of
from explorer.latent.anomaly_case import HOW, Asked, Case, scores_of
from explorer.workers.host_client import HostClient, Ticket
from explorer.workers.jobs import Job, JobClient


class _Search:
    """One search on its way; answers to an older one find `AnomalyFinder._now` changed."""

    def __init__(self, info: ModelInfo, asked: Asked) -> None:
        self.info, self.asked = info, asked
        self.read: dict[str, np.ndarray] = {}
        self.names: tuple[str, ...] = ()
        self.scored: dict[str, np.ndarray] = {}
        self.under_way: Ticket | Job | None = None


class AnomalyFinder(QObject):
    """`start` searches; then `found` brings a `Case`, or `failed` what happened and what to do."""

    found = Signal(object)
    progressed = Signal(float, str)
    failed = Signal(str, str)

    def __init__(self, host: HostClient, jobs: JobClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._host, self._jobs = host, jobs
        self._now: _Search | None = None

    @property
    def busy(self) -> bool:
        return self._now is not None

    def start(self, info: ModelInfo, asked: Asked) -> None:
        """Search; an older search is given up."""
        self.cancel()
        now = self._now = _Search(info, asked)
        self._job(now, "explorer.latent.anomaly_data:read", {}, asked.reading(info), self._score, "Reading")

    def cancel(self) -> None:
        """Give up; nothing more is told."""
        now, self._now = self._now, None
        if now is not None and now.under_way is not None:
            now.under_way.cancel()

    def _score(self, now: _Search, reply: Reply) -> None:
        now.read, now.names = reply.arrays, tuple(reply.data["names"])
        now.under_way = self._host.ask(
            HOW[now.asked.how][1], now.info.path, arrays={"images": now.read["images"]},
            priority=Priority.BULK, on_result=lambda answer: self._judge(now, answer),
            on_error=lambda answer: self._fail(now, answer),
            on_progress=lambda answer: self._tell(now, answer, "Scoring"),
        )  # fmt: skip

    def _judge(self, now: _Search, reply: Reply) -> None:
        if now is not self._now:
            return
        now.scored = {**reply.arrays, "scores": scores_of(now.asked.how, reply.arrays)}
        given = {name: now.read[name] for name in ("anomalous", "groups", "baseline")}
        options = {"names": list(now.names), "seed": now.asked.seed}
        arrays = {**given, "scores": now.scored["scores"]}
        self._job(now, "explorer.latent.anomaly:judge", arrays, options, self._finish, "Judging")

    def _finish(self, now: _Search, reply: Reply) -> None:
        read, scored = now.read, now.scored
        self._now = None
        self.found.emit(Case(
            now.info, now.asked, read["images"], read["anomalous"], read["groups"], now.names,
            scored["scores"], scored.get("codes"), scored.get("reconstructions"),
            verdict_of(reply.data, reply.arrays), reply.data, reply.arrays,
        ))  # fmt: skip

    def _job(
        self, now: _Search, function: str, arrays: dict[str, np.ndarray], options: dict[str, Any],
        then: Any, text: str,
    ) -> None:  # fmt: skip
        now.under_way = self._jobs.run(
            function, arrays, options,
            on_result=lambda reply: then(now, reply) if now is self._now else None,
            on_error=lambda reply: self._fail(now, reply),
            on_progress=lambda reply: self._tell(now, reply, text),
        )  # fmt: skip

    def _tell(self, now: _Search, reply: Reply, text: str) -> None:
        if now is self._now:
            self.progressed.emit(float(reply.data.get("fraction", 0.0)), text)

    def _fail(self, now: _Search, reply: Reply) -> None:
        if now is self._now:
            self._now = None
            self.failed.emit(*reply.problem)
