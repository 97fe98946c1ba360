"""Find the kinds of data sets (one module of this folder each) and load one by its spec."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points

from backends.errors import BadData
from trainers.data.api import DataKind, Dataset, Progress, Source, Wish, nothing
from trainers.data.images import fit
from trainers.data.subset import limited, of_classes, parted

GROUP = "latent_explorer.data"  # entry points of third parties: each names a `Source`
SPLITS = ("train", "test", "all")


def load(
    spec: str,
    image_size: int,
    channels: int | None = None,
    limit: int = 0,
    split: str = "train",
    progress: Progress | None = None,
) -> Dataset:
    """The data set of a spec, as square images of `image_size` pixels.

    `channels` 1 or 3 converts (None keeps what there is), `limit` takes that many images at random
    (the same ones every time), `split` is `train`, `test` or `all`. `:classes=…` at the end of a spec takes
    some classes alone (`trainers.data.subset`); all are read for them. Raises `BadData`.
    """
    if channels not in (None, 1, 3):
        raise BadData(f"Images can't have {channels} channels.", "Ask for 1 (grey) or 3 (colour).")
    if split not in SPLITS:
        raise BadData(f"There is no split named {split!r}.", f"Choose one of: {', '.join(SPLITS)}.")
    if image_size < 1 or limit < 0:
        raise BadData(
            f"Image size {image_size} with a limit of {limit} is not possible.", "Use positive numbers."
        )
    plain, classes = parted(spec)
    source, path = find(plain)
    whole = limit if classes is None else 0
    data = source.read(Wish(path, image_size, channels, whole, split, progress or nothing))
    if classes is not None:
        data = limited(of_classes(data, classes), limit)
    if not len(data):
        raise BadData(f"{spec} has no images.", "Choose other data.")
    return replace(data, images=fit(data.images, image_size, channels))


def describe() -> list[DataKind]:
    """Every kind of data, for a form: those that need no path first, each with `available` filled in."""
    kinds = [replace(source.kind, available=source.present()) for source in sources().values()]
    order = ("none", "optional", "required")
    return sorted(kinds, key=lambda kind: (order.index(kind.path), not kind.available, kind.title))


def find(spec: str) -> tuple[Source, str]:
    """The kind that a spec names and the path behind it. Raises `BadData` for a wrong spec."""
    prefix, _, path = spec.strip().partition(":")
    source = sources().get(prefix.lower())
    if source is None:
        known = ", ".join(p if s.kind.path == "none" else f"{p}:PATH" for p, s in sorted(sources().items()))
        raise BadData(f"{spec!r} names no data set.", f"Use one of: {known}.")
    if source.kind.path == "required" and not path:
        raise BadData(f"{spec!r} says no path.", f"Write {prefix}:PATH.")
    if source.kind.path == "none" and path:
        raise BadData(f"{prefix} reads no path, but {path!r} was given.", f"Write {prefix} alone.")
    return source, path


@cache
def sources() -> dict[str, Source]:
    """Every kind by its prefix, ours and those of installed packages."""
    found: list[Source] = []
    package = importlib.import_module("trainers.data")
    for module in pkgutil.iter_modules(package.__path__):
        found += getattr(importlib.import_module(f"trainers.data.{module.name}"), "SOURCES", ())
    found += [entry.load() for entry in entry_points(group=GROUP)]
    return {source.kind.prefix: source for source in found}
