"""The oracle of a model, as the pages of Mix use it: made once, then asked about pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, Signal

from backends.api import ModelInfo, Priority, Reply
from explorer.latent.oracle import GOOD, Oracle
from explorer.panels.base import Services
from explorer.widgets.images import Image
from explorer.workers.host_client import Ticket
from explorer.workers.jobs import Job

CLASS = "class"
Named = Callable[[np.ndarray], None]


class Judge(QObject):
    """The classifier that belongs to a model, or an oracle: bundled, or learnt from labelled images.

    `changed` says that there is another one. `ask` answers with the value of each factor `[N, K]`.
    """

    changed = Signal()
    failed = Signal(str, str)

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.session, self.host, self.jobs = services.session, services.host, services.jobs
        self.oracle: Oracle | None = None
        self.classifier = ""  # its path
        self.images: Image | None = None  # what it was learnt from here, with its `values` [N, K]
        self.values: np.ndarray | None = None
        self._model = ""

    @property
    def factors(self) -> tuple[str, ...]:
        return self.oracle.factors if self.oracle is not None else (CLASS,)

    def serves(self, info: ModelInfo) -> bool:
        """Whether there is an oracle for this model."""
        return self._model == info.path + info.checksum and bool(self.oracle or self.classifier)

    def forget(self) -> None:
        """There is no oracle any more."""
        self.oracle, self.classifier, self.images, self.values, self._model = None, "", None, None, ""
        self.changed.emit()

    def use_classifier(self, info: ModelInfo) -> str:
        """Let the model's own classifier judge the class; a sentence on how good it is."""
        self.forget()
        self.classifier, self._model = info.classifier, info.path + info.checksum
        judge = self.session.models.get(info.classifier)
        accuracy = judge.figures.get("classifier_accuracy", judge.figures.get("accuracy")) if judge else None
        self.changed.emit()
        if accuracy is None:
            return f"{judge.name if judge else 'The classifier'} names the class; how well isn't known."
        doubt = "" if accuracy >= GOOD else " Don't trust it."
        return f"{judge.name if judge else 'It'} is right on {accuracy:.1%} of test images.{doubt}"

    def use_oracle(self, info: ModelInfo, reply: Reply) -> str:
        """Take what `oracle:fit_job` made or `oracle_file:read_job` found; how good it is, in words."""
        arrays = dict(reply.arrays)
        self.classifier, self._model = "", info.path + info.checksum
        self.images, self.values = arrays.pop("images", None), arrays.pop("factors", None)
        self.oracle = Oracle.of(reply.data, arrays)
        self.changed.emit()
        return self.oracle.sentence()

    def ask(self, images: Image, named: Named) -> Ticket | Job:
        """Name what is in pictures uint8 `[N, H, W, C]`; what is returned can be cancelled."""

        def values(reply: Reply) -> None:
            named(reply.arrays["values"])

        def labels(reply: Reply) -> None:
            named(reply.arrays["labels"][:, None].astype(np.int64))

        def failed(reply: Reply) -> None:
            self.failed.emit(*reply.problem)

        if self.oracle is not None:
            return self.jobs.run(
                "explorer.latent.oracle:judge_job", {**self.oracle.arrays, "images": images},
                self.oracle.to_json(), on_result=values, on_error=failed,
            )  # fmt: skip
        return self.host.ask("classify", self.classifier, arrays={"images": images},
                             priority=Priority.PREVIEW, on_result=labels, on_error=failed)  # fmt: skip
