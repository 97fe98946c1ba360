"""Collecting codes whose attributes are known: generated and named by a classifier, or encoded from data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from backends.api import WHY_NOT, Capability, ModelInfo, Reply
from explorer.latent.directions import Labelled
from explorer.model.asking import PREVIEW, options_of
from explorer.panels.base import Services

Arrived = Callable[[Labelled], None]
Failed = Callable[[str, str], None]
Tell = Callable[[Reply], None]
SEED = 20_000  # the same codes every time: a direction found again is the same direction


class Collector:
    """Each method starts collecting and returns how to give it up, None when it can't be done."""

    def __init__(self, services: Services) -> None:
        self.session, self.host, self.jobs = services.session, services.host, services.jobs

    def generated(
        self, info: ModelInfo, data: str, count: int, arrived: Arrived, failed: Failed, tell: Tell
    ) -> Callable[[], None] | None:
        """`count` samples of the prior, named by the model's classifier."""
        if not info.classifier:
            failed("No classifier names what this model makes.", "Use labelled data or favourites instead.")
            return None
        parts: list[dict[str, np.ndarray]] = []

        def partial(reply: Reply) -> None:
            parts.append(reply.arrays)
            tell(reply)

        def done(_: Reply) -> None:
            codes = np.concatenate([p["codes"] for p in parts])
            labels = np.concatenate([p["labels"] for p in parts]).astype(np.int64)
            sure = np.concatenate([p["confidence"] for p in parts]).astype(np.float32)
            names = class_names(self.session.models, info)
            arrived(Labelled(codes, labels[:, None], ("class",), (_enough(names, labels),), sure))

        options = {
            **options_of(self.session.code, PREVIEW), "truncation": 1.0, "count": count, "seed": SEED,
            "classifier": info.classifier, "keep_images": False,
        }  # fmt: skip
        ticket = self.host.ask(
            "sample", info.path, options=options, on_partial=partial, on_result=done,
            on_error=lambda r: failed(*r.problem),
        )  # fmt: skip
        return ticket.cancel

    def encoded(
        self, info: ModelInfo, data: str, count: int, arrived: Arrived, failed: Failed, tell: Tell
    ) -> Callable[[], None] | None:
        """`count` images of a labelled data set, encoded by the model."""
        if not info.can(Capability.ENCODES):
            failed(WHY_NOT[Capability.ENCODES], "Use generated pictures or favourites instead.")
            return None
        under_way: list[Callable[[], None]] = []

        def fail(reply: Reply) -> None:
            failed(*reply.problem)

        def encode(reply: Reply) -> None:
            known = _attributes(reply)
            if known is None:
                failed("These images have no labels.", "Choose data with labels or class folders.")
                return
            values, attributes, names = known
            ticket = self.host.ask(
                "encode", info.path, arrays={"images": reply.arrays["images"]}, on_error=fail,
                on_progress=tell,
                on_result=lambda r: arrived(Labelled(r.arrays["codes"], values, attributes, names)),
            )  # fmt: skip
            under_way.append(ticket.cancel)

        options = {"data": data, "image_size": info.image_shape[0], "channels": info.image_shape[2],
                   "count": count, "split": "train"}  # fmt: skip
        job = self.jobs.run("explorer.latent.compare:load_images", {}, options, on_result=encode,
                            on_error=fail, on_progress=tell)  # fmt: skip
        under_way.append(job.cancel)

        def give_up() -> None:
            for cancel in under_way:
                cancel()

        return give_up


def class_names(models: dict[str, ModelInfo], info: ModelInfo) -> tuple[str, ...]:
    """The names of the classes that the model's classifier tells apart."""
    classifier = models.get(info.classifier)
    return classifier.classes if classifier is not None and classifier.classes else info.classes


def _attributes(reply: Reply) -> tuple[np.ndarray, tuple[str, ...], tuple[tuple[str, ...], ...]] | None:
    """Values `[N, A]` and names of the labels and factors of a loaded data set."""
    columns, attributes, names = [], [], []
    if (labels := reply.arrays.get("labels")) is not None:
        columns.append(labels)
        attributes.append("class")
        names.append(_enough(tuple(reply.data["classes"]), labels))
    if (factors := reply.arrays.get("factors")) is not None:
        for index, factor in enumerate(reply.data["factor_names"]):
            columns.append(factors[:, index])
            attributes.append(str(factor))
            names.append(_enough((), factors[:, index]))
    if not columns:
        return None
    return np.stack(columns, 1).astype(np.int64), tuple(attributes), tuple(names)


def _enough(names: tuple[str, ...], values: np.ndarray) -> tuple[str, ...]:
    """Names for all values: numbers where there is no name."""
    count = max(int(values.max(initial=0)) + 1, len(names))
    return tuple(names[i] if i < len(names) else str(i) for i in range(count))
