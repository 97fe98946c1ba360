"""The points of a map without a window: sampled, seen by a classifier, encoded, or read from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from backends.api import Array, BadRequest, Capability, LatentSpace, ModelInfo
from backends.catalog import read
from explorer.latent.cloud import Cloud, Colouring
from explorer.latent.compare import data_spec
from explorer.latent.map_data import read as read_data
from explorer.latent.maps.embeddings import read as read_embeddings
from explorer.latent.maps.units import standardised
from explorer.latent.task import Task
from explorer.workers.headless import Host

SOURCES = {
    "codes": "sampled codes",
    "features": "samples by their features",
    "pixels": "samples by their pixels",
    "data": "encoded data",
    "file": "embeddings",
}


def gather(host: Host, info: ModelInfo, source: str, count: int, seed: int, spec: str = "") -> Cloud:
    """What to map of a model: a source of `SOURCES`, or the name of a data set to encode.

    `spec` names the data set that `data` encodes. Raises `BadRequest` for what the model can't do.
    """
    if source not in SOURCES:
        source, spec = "data", source
    if count < 1:
        raise BadRequest("At least one point must be asked for.", "Use --count 1 or more.")
    if source == "data":
        return _encoded(host, info, spec or data_spec(info.dataset), count)
    if source == "features" and not info.classifier:
        raise _no_classifier(info)
    sampled = _sampled(host, info, count, seed)
    if source == "codes":
        return sampled
    return Cloud(
        source, sampled.codes, seen(host, info, sampled, source), sampled.images, sampled.labels,
        sampled.classes, sampled.confidence,
    )  # fmt: skip


def seen(host: Host, info: ModelInfo, cloud: Cloud, how: str) -> Array:
    """A cloud's images as points: their `pixels` in 0..1, or `features` of the model's classifier."""
    images = np.asarray(cloud.images)
    if how == "pixels":
        return (images.reshape(len(images), -1) / 255).astype(np.float32)
    if not info.classifier:
        raise _no_classifier(info)
    return host.call("classify", info.classifier, arrays={"images": images}).arrays["features"]


def from_file(file: Path, count: int, seed: int) -> tuple[Cloud, list[Colouring], str]:
    """Rows of a person's file, the ways to colour them, and a sentence about them. Raises `BadData`."""
    found = read_embeddings(file, count, seed)
    empty = np.zeros((len(found.points), 1, 1, 1), np.uint8)
    colourings = [
        Colouring(column.name, column.labels, column.names, column.values)
        for column in found.columns
        if column.text is None
    ]
    labels = next((c.labels for c in colourings if c.labels is not None), None)
    cloud = Cloud("file", found.points, found.points, empty, labels)
    return cloud, colourings or [Colouring("Row", values=found.rows.astype(np.float32))], found.sentence()


def class_names(info: ModelInfo) -> tuple[str, ...]:
    """The classes by which a model's images are named: its classifier's, else its own."""
    return read(info.classifier).classes if info.classifier else info.classes


def numbers_of(space: LatentSpace) -> dict[str, int]:
    """The names and sizes of the parts of a code."""
    return {part.name: part.size for part in space.parts}


def _no_classifier(info: ModelInfo) -> BadRequest:
    return BadRequest(f"{info.name} has no classifier.", "Use --source codes, pixels or data.")


def _sampled(host: Host, info: ModelInfo, count: int, seed: int) -> Cloud:
    if not info.can_generate:
        raise BadRequest(f"{info.name} doesn't generate images.", "Choose a generator.")
    options = {"count": count, "seed": seed, "classifier": info.classifier}
    parts = [r.arrays for r in host.stream("sample", info.path, options=options) if r.kind == "partial"]
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Cloud(
        "codes", found["codes"], standardised(info.space, found["codes"]), found["images"],
        found.get("labels"), class_names(info), found.get("confidence"),
    )  # fmt: skip


def _encoded(host: Host, info: ModelInfo, spec: str, count: int) -> Cloud:
    if not info.can(Capability.ENCODES):
        raise BadRequest(f"{info.name} has no encoder.", "Use --source codes, features or pixels.")
    if not spec:
        raise BadRequest(
            f"The data set of {info.name} isn't known.", "Name one: --data mnist, --data folder:PATH."
        )
    height, _, channels = info.image_shape
    options = {"spec": spec, "image_size": height, "channels": channels, "count": count}
    found = read_data(Task(), {}, options)
    codes = host.call("encode", info.path, arrays={"images": found["images"]}).arrays["codes"]
    factors = found.get("factors")
    names = found["data"]["factor_names"]
    return Cloud(
        "data", codes, standardised(info.space, codes), found["images"], found.get("labels"),
        tuple(found["data"]["classes"]),
        attributes={} if factors is None else {name: factors[:, i] for i, name in enumerate(names)},
    )  # fmt: skip
