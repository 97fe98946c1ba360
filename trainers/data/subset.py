"""Some classes of a data set: `:classes=…` at the end of any spec, as in `mnist:classes=0-4`. No torch.

Classes are named, or counted from 0, one by one or as a range, with commas between: `0-4`, `3,8`,
`Sandal,Sneaker`. The images keep their order; their labels count the chosen classes from 0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backends.errors import BadData
from trainers.data.api import Dataset

MARK = ":classes="


def parted(spec: str) -> tuple[str, str | None]:
    """A spec without its wish for classes, and that wish; None when all are meant."""
    plain, mark, wish = spec.strip().rpartition(MARK)
    return (plain, wish) if mark else (spec.strip(), None)


def joined(spec: str, wish: str) -> str:
    """A spec with a wish for classes; an empty one means all."""
    return f"{spec}{MARK}{wish}" if wish.strip() else spec


def chosen(classes: Sequence[str], wish: str) -> list[int]:
    """Which classes are meant, in ascending order. Raises `BadData` for one that there isn't."""
    found: set[int] = set()
    for word in (part.strip() for part in wish.split(",")):
        found |= set(_meant(classes, word))
    return sorted(found)


def of_classes(data: Dataset, wish: str) -> Dataset:
    """The images of some classes. Raises `BadData` where there are no labels or none of these."""
    if data.labels is None:
        raise BadData("These data have no labels.", f"Leave {MARK}… out, or choose labelled data.")
    kept = np.array(chosen(data.classes, wish))
    rows = np.flatnonzero(np.isin(data.labels, kept))
    part, names = data.take(rows), tuple(data.classes[index] for index in kept)
    assert part.labels is not None
    labels = np.searchsorted(kept, part.labels).astype(np.int64)
    return replace(part, labels=labels, classes=names, name=f"{data.name} ({', '.join(names)})")


def limited(data: Dataset, count: int) -> Dataset:
    """At most `count` images at random, the same ones every time; 0 leaves all."""
    if not 0 < count < len(data):
        return data
    rows = np.sort(np.random.default_rng(0).permutation(len(data))[:count])
    return data.take(rows.astype(np.int64))


def _meant(classes: Sequence[str], word: str) -> Sequence[int]:
    names = [name.lower() for name in classes]
    if word.lower() in names:
        return [names.index(word.lower())]
    if match := re.fullmatch(r"(\d+)(?:-(\d+))?", word):
        first, last = int(match[1]), int(match[2] or match[1])
        if first <= last < len(classes):
            return range(first, last + 1)
    listed = ", ".join(f"{index} {name}" if str(index) != name else name for index, name in enumerate(names))
    raise BadData(f"There is no class {word!r}.", f"The classes are: {listed}. Write 0-4 or 3,8.")
