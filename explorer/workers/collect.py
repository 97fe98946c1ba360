"""Gather the codes for a map from the model host, with their images and classes, without waiting."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from backends.api import Capability, ModelInfo, Priority, Reply
from explorer.latent.cloud import Cloud, Colouring, Pile, names_for
from explorer.latent.mapping import standardised
from explorer.model.asking import PREVIEW
from explorer.workers.aside import Aside
from explorer.workers.host_client import HostClient, Ticket
from explorer.workers.jobs import Job, JobClient

AT_ONCE = 256  # images whose features are asked for together
WITH_IMAGES = 20_000  # codes up to which all images are made; of more they are made when looked at
BY_FEATURES = ("features", "data features")


@dataclass(frozen=True)
class Wanted:
    """What to map: a `source` of `Cloud`; `spec` names the data set to encode, `file` the embeddings.

    `knobs` are those of the code from which the map was asked for; `part` is the one part of codes that is
    laid out ("": all).
    """

    model: str
    source: str
    count: int
    seed: int = 0
    spec: str = ""
    knobs: tuple[tuple[str, float], ...] = ()
    part: str = ""
    file: str = ""


@dataclass(eq=False)
class _Gathering:
    """One gathering on its way; replies that belong to an older one find `Collector._now` changed."""

    info: ModelInfo
    wanted: Wanted
    classes: tuple[str, ...]
    pieces: list[dict[str, np.ndarray]] = field(default_factory=list)
    unread: list[np.ndarray] = field(default_factory=list)  # images whose features are not asked for yet
    asked: int = 0
    features: dict[int, np.ndarray] = field(default_factory=dict)
    sampled: bool = False
    fraction: float = 0.0
    under_way: list[Ticket | Job] = field(default_factory=list)


class Collector(QObject):
    """`start` gathers; then `collected` brings a `Cloud`, or `failed` what happened and what to do."""

    collected = Signal(object)
    progressed = Signal(float, str)
    failed = Signal(str, str)

    def __init__(self, host: HostClient, jobs: JobClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._host, self._jobs = host, jobs
        self._now: _Gathering | None = None
        self._aside = Aside("map codes", self)

    def start(self, info: ModelInfo, wanted: Wanted, classes: tuple[str, ...]) -> None:
        """Gather; an older gathering is given up. `classes` name what the model's classifier says."""
        self.cancel()
        self._now = _Gathering(info, wanted, classes)
        if wanted.source == "file":
            self._open(self._now)
        elif wanted.source.startswith("data"):
            self._read(self._now)
        elif wanted.source == "codes" and wanted.count > WITH_IMAGES:
            self._draw(self._now)
        else:
            self._sample(self._now)

    def cancel(self) -> None:
        """Give up; nothing more is told."""
        now, self._now = self._now, None
        for ticket in now.under_way if now else []:
            ticket.cancel()
        self._aside.drop()

    # Drawn without their images

    def _draw(self, now: _Gathering) -> None:
        self.progressed.emit(0.0, f"Drawing {now.wanted.count:,} codes")
        space, wanted, classes = now.info.space, now.wanted, now.classes

        def work() -> Cloud:
            codes = space.sample_many(wanted.count, wanted.seed)
            asked = None if space.label is None else codes[:, space.slices[space.label.name]].argmax(axis=1)
            said = "Images are made when they are looked at."
            return Cloud(
                "codes", codes, standardised(space, codes, wanted.part), None, asked, classes, said=said
            )

        self._aside.run(work, lambda cloud: self._finish(now, cloud) if now is self._now else None)

    # A person's own

    def _open(self, now: _Gathering) -> None:
        options = {"file": now.wanted.file, "count": now.wanted.count, "seed": now.wanted.seed}
        now.under_way.append(
            self._jobs.run(
                "explorer.latent.maps.embeddings:load", {}, options,
                on_result=lambda reply: self._on_opened(now, reply),
                on_error=lambda reply: self._fail(now, reply),
                on_progress=lambda reply: self._tell(now, reply, "Reading"),
            )
        )  # fmt: skip

    def _on_opened(self, now: _Gathering, reply: Reply) -> None:
        if now is not self._now:
            return
        points, said = reply.arrays["points"], f"{reply.data['sentence']}."
        known, texts = columns_of(reply)
        first = next((c for c in known if c.labels is not None), None)
        owned = points.shape[1] == now.info.space.size
        if owned:
            said += f" They are taken for codes of {now.info.name}: as many numbers."
        self._finish(now, Cloud(
            "file", points, points, None, None if first is None else first.labels,
            () if first is None else first.names, known=known, texts=texts, owned=owned, said=said,
        ))  # fmt: skip

    # Sampled

    def _sample(self, now: _Gathering) -> None:
        # Thousands of pictures of a model that takes many steps are previews.
        options = {
            **dict(now.wanted.knobs), "quality": PREVIEW, "count": now.wanted.count, "seed": now.wanted.seed,
            "classifier": now.info.classifier,
        }  # fmt: skip
        now.under_way.append(
            self._host.ask(
                "sample", now.info.path, options=options, priority=Priority.BULK,
                on_partial=lambda reply: self._on_piece(now, reply),
                on_result=lambda _: self._on_sampled(now),
                on_error=lambda reply: self._fail(now, reply),
            )
        )  # fmt: skip

    def _on_piece(self, now: _Gathering, reply: Reply) -> None:
        if now is not self._now:
            return
        fraction = float(reply.data.get("fraction", 0.0))
        if fraction <= now.fraction:  # the host was started anew and begins again
            now.pieces, now.unread, now.features, now.asked = [], [], {}, 0
        now.fraction = fraction
        now.pieces.append(reply.arrays)
        self.progressed.emit(fraction, f"Sampling {now.wanted.count:,} codes")
        if now.wanted.source in BY_FEATURES:
            now.unread.append(reply.arrays["images"])
            if sum(len(images) for images in now.unread) >= AT_ONCE:
                self._ask_features(now)

    def _ask_features(self, now: _Gathering) -> None:
        """Ask what the classifier sees in the images since the last time: a busy host sends them singly."""
        images, features, at = np.concatenate(now.unread), now.features, now.asked
        now.unread = []
        now.asked += 1

        def keep(reply: Reply) -> None:
            features[at] = reply.arrays["features"]
            self._finish_sampled(now)

        now.under_way.append(
            self._host.ask(
                "classify", now.info.classifier, arrays={"images": images}, priority=Priority.BULK,
                on_result=keep, on_error=lambda reply: self._fail(now, reply),
            )
        )  # fmt: skip

    def _on_sampled(self, now: _Gathering) -> None:
        now.sampled = True
        if now is self._now and now.unread:
            self._ask_features(now)
        self._finish_sampled(now)

    def _finish_sampled(self, now: _Gathering) -> None:
        if now is not self._now or not now.sampled or len(now.features) < now.asked:
            return
        names = [name for name in ("codes", "labels", "confidence") if name in now.pieces[0]]
        found = {name: np.concatenate([piece[name] for piece in now.pieces]) for name in names}
        images = Pile([piece["images"] for piece in now.pieces])
        if now.wanted.source in BY_FEATURES:
            points = np.concatenate([now.features[at] for at in range(now.asked)])
        elif now.wanted.source == "pixels":
            points = np.concatenate([pixels_of(piece["images"]) for piece in now.pieces])
        else:
            points = standardised(now.info.space, found["codes"], now.wanted.part)
        self._finish(now, Cloud(
            now.wanted.source, found["codes"], points, images,
            found.get("labels"), now.classes, found.get("confidence"),
        ))  # fmt: skip

    # Encoded

    def _read(self, now: _Gathering) -> None:
        height, _, channels = now.info.image_shape
        options = {
            "spec": now.wanted.spec, "image_size": height, "channels": channels, "count": now.wanted.count,
        }  # fmt: skip
        now.under_way.append(
            self._jobs.run(
                "explorer.latent.map_data:read", {}, options,
                on_result=lambda reply: self._encode(now, reply),
                on_error=lambda reply: self._fail(now, reply),
                on_progress=lambda reply: self._tell(now, reply, "Reading the data"),
            )
        )  # fmt: skip

    def _encode(self, now: _Gathering, data: Reply) -> None:
        if now is not self._now:
            return
        if not now.info.can(Capability.ENCODES):  # but it looks at them itself
            self._look(now, data, self._shown(now, data, None))
            return
        self.progressed.emit(0.0, f"Encoding {len(data.arrays['images']):,} images")
        now.under_way.append(
            self._host.ask(
                "encode", now.info.path, arrays={"images": data.arrays["images"]}, priority=Priority.BULK,
                on_result=lambda reply: self._on_encoded(now, data, reply),
                on_error=lambda reply: self._fail(now, reply),
                on_progress=lambda reply: self._tell(now, reply, "Encoding"),
            )
        )  # fmt: skip

    def _on_encoded(self, now: _Gathering, data: Reply, encoded: Reply) -> None:
        if now is not self._now:
            return
        cloud = self._shown(now, data, encoded)
        if now.wanted.source in BY_FEATURES or (cloud.labels is None and now.info.classifier):
            self._look(now, data, cloud)
        else:
            self._finish(now, cloud)

    def _shown(self, now: _Gathering, data: Reply, encoded: Reply | None) -> Cloud:
        """Images of a data set with their codes; for a model that can't encode without codes or points."""
        images, names = data.arrays["images"], list(data.data["factor_names"])
        factors: Any = data.arrays.get("factors")
        codes = np.zeros((len(images), 0), np.float32) if encoded is None else encoded.arrays["codes"]
        points = codes if encoded is None else standardised(now.info.space, codes, now.wanted.part)
        errors = () if encoded is None else (
            Colouring("Reconstruction error", values=encoded.arrays["errors"]),
        )  # fmt: skip
        return Cloud(
            now.wanted.source, codes, points, images, data.arrays.get("labels"), tuple(data.data["classes"]),
            attributes={} if factors is None else {name: factors[:, i] for i, name in enumerate(names)},
            known=errors, owned=encoded is not None,
        )  # fmt: skip

    def _look(self, now: _Gathering, data: Reply, cloud: Cloud) -> None:
        """Ask the classifier what it sees in a cloud's images."""
        now.under_way.append(
            self._host.ask(
                "classify", now.info.classifier, arrays={"images": data.arrays["images"]},
                priority=Priority.BULK,
                on_result=lambda reply: self._finish(now, seen(cloud, reply, now.classes)),
                on_error=lambda reply: self._fail(now, reply),
                on_progress=lambda reply: self._tell(now, reply, "Looking at the images"),
            )
        )  # fmt: skip

    # Within

    def _tell(self, now: _Gathering, reply: Reply, text: str) -> None:
        if now is self._now:
            self.progressed.emit(float(reply.data.get("fraction", 0.0)), reply.data.get("text") or text)

    def _finish(self, now: _Gathering, cloud: Cloud) -> None:
        if now is self._now:
            self._now = None
            self.collected.emit(cloud)

    def _fail(self, now: _Gathering, reply: Reply) -> None:
        if now is self._now:
            self.cancel()
            self.failed.emit(*reply.problem)


def seen(cloud: Cloud, reply: Reply, classes: tuple[str, ...]) -> Cloud:
    """A cloud with what its classifier says: the classes of points that have none, its features as points."""
    found = reply.arrays
    points = found["features"] if cloud.source in BY_FEATURES else cloud.points
    codes = cloud.codes if cloud.owned else found["features"]
    cloud = replace(cloud, points=points, codes=codes, confidence=found["confidence"])
    if cloud.labels is None:
        return replace(cloud, labels=found["labels"], classes=classes)
    named = Colouring("Classifier's class", found["labels"], names_for(found["labels"], classes))
    return replace(cloud, known=(named, *cloud.known))


def pixels_of(images: np.ndarray) -> np.ndarray:
    """Images uint8 `[N, H, W, C]` as points `[N, H W C]` in 0..1."""
    return (images.reshape(len(images), -1) / np.float32(255)).astype(np.float32)


def columns_of(reply: Reply) -> tuple[tuple[Colouring, ...], dict[str, np.ndarray]]:
    """What `embeddings:load` told of each row: ways to colour, and words to search in."""
    known, texts = [], {}
    for column in reply.data["columns"]:
        name, values = column["name"], reply.arrays[f"{column['kind']} {column['name']}"]
        if column["kind"] == "text":
            texts[name] = values
        elif column["kind"] == "labels":
            known.append(Colouring(name, values, tuple(column["names"])))
        else:
            known.append(Colouring(name, values=values))
    return tuple(known), texts
