"""Codes to map with all that is known of each: images, labels, attributes; and by what to colour them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from backends.api import Array, LatentSpace
from explorer.latent.map_colours import UNKNOWN, class_colours, value_colours
from explorer.latent.mapping import standardised

Pixels = NDArray[np.uint8]
Integers = NDArray[np.int64]
MOST_SHADES = 16  # dimensions of the latent space offered as colours
MOST_CLASSES = 60  # an attribute with more values is coloured as a number


@dataclass(frozen=True, eq=False)
class Colouring:
    """One way to colour N points: by class (`labels` `[N]` of `names`) or by a number (`values` `[N]`).

    A label of −1 and a value of NaN are not known.
    """

    title: str
    labels: Integers | None = None
    names: tuple[str, ...] = ()
    values: Array | None = None

    def colours(self, palette: Pixels | None = None) -> Pixels:
        """`[N, 3]`, classes in the colours of `palette` `[classes, 3]`; grey for what isn't known."""
        if self.labels is not None:
            named = class_colours(len(self.names)) if palette is None else palette
            return np.concatenate([named, [UNKNOWN]]).astype(np.uint8)[self.labels]
        assert self.values is not None
        return value_colours(self.values)

    def switched_off(self, hidden: frozenset[int]) -> NDArray[np.bool_] | None:
        """Which points `[N]` are of the classes `hidden`; None where there are none of these."""
        if self.labels is None or not hidden:
            return None
        table = np.zeros(len(self.names) + 1, bool)  # the last is that of −1, the unknown
        table[list(hidden)] = True
        return table[self.labels]

    def counts(self) -> Integers:
        """How many points each class has: `[classes]`."""
        assert self.labels is not None
        return np.bincount(self.labels[self.labels >= 0], minlength=len(self.names)).astype(np.int64)

    def span(self) -> tuple[float, float]:
        """The least and the largest number; both zero where there is none."""
        assert self.values is not None
        known = self.values[np.isfinite(self.values)]
        return (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)


class Pile:
    """Images that came in pieces, read as one: joining them would hold up the window."""

    def __init__(self, pieces: Sequence[Pixels]) -> None:
        self._pieces = [piece for piece in pieces if len(piece)]
        self._starts = np.cumsum([0, *(len(piece) for piece in self._pieces)]).tolist()

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, row: int | slice) -> Pixels:
        """One image, or all of them (`[:]`)."""
        if isinstance(row, slice):
            return np.concatenate(self._pieces)[row]
        piece = bisect_right(self._starts, row) - 1
        return self._pieces[piece][row - self._starts[piece]]


@dataclass(frozen=True, eq=False)
class Cloud:
    """`codes` `[N, D]` with their images; `points` `[N, d]` is what is laid out.

    `source` is `codes`, `features` or `pixels` (of sampled images), `data` (encoded images), `data features`
    or `file` (a person's own embeddings). `images` is None where they are made when they are looked at;
    `owned` is whether `codes` are codes of the model at all. `classes` are those of a classifier or of the
    data set, `attributes` whole numbers by name, `known` further ways to colour, `texts` words to search in.
    """

    source: str
    codes: Array
    points: Array
    images: Pixels | Pile | None
    labels: Integers | None = None
    classes: tuple[str, ...] = ()
    confidence: Array | None = None
    attributes: Mapping[str, Integers] = field(default_factory=dict)
    known: tuple[Colouring, ...] = ()
    texts: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    owned: bool = True
    said: str = ""  # a sentence about where it is from

    def __len__(self) -> int:
        return len(self.codes)

    def colourings(self, space: LatentSpace) -> list[Colouring]:
        """By class first, then confidence, attributes, and the dimensions of the main part."""
        found = []
        if self.labels is not None and self.source != "file":  # a file's columns have names of their own
            found.append(Colouring("Class", self.labels, names_for(self.labels, self.classes)))
        if self.confidence is not None:
            found.append(Colouring("Classifier's confidence", values=self.confidence))
        found += [_by_attribute(name, values) for name, values in self.attributes.items()]
        found += self.known
        if not self.owned and self.source in ("file", "data features"):
            return found or [Colouring("Row", values=np.arange(len(self), dtype=np.float32))]
        found += _by_label_part(self.codes, space, self.labels)
        return found + _by_dimension(self.codes, space)


def names_for(labels: Integers, classes: tuple[str, ...]) -> tuple[str, ...]:
    """A name for every label that occurs: those given, then numbers."""
    highest = int(labels.max()) + 1 if len(labels) else 0
    return tuple(classes) + tuple(str(n) for n in range(len(classes), highest))


def _by_attribute(name: str, values: Integers) -> Colouring:
    kept, numbered = np.unique(values, return_inverse=True)
    if len(kept) > MOST_CLASSES:
        return Colouring(name, values=values.astype(np.float32))
    return Colouring(name, numbered.astype(np.int64), tuple(str(value) for value in kept))


def _by_label_part(codes: Array, space: LatentSpace, labels: Integers | None) -> list[Colouring]:
    part = space.label
    if part is None:
        return []
    asked = codes[:, space.slices[part.name]].argmax(axis=1).astype(np.int64)
    if labels is not None and np.array_equal(asked, labels):
        return []
    return [Colouring("Label asked for", asked, names_for(asked, part.names))]


def _by_dimension(codes: Array, space: LatentSpace) -> list[Colouring]:
    main = space.main
    if not main.continuous:
        return []
    scaled = standardised(LatentSpace((main,)), codes[:, space.slices[main.name]])
    shown = [(main.names[i] if i < len(main.names) else f"{main.name} {i}") for i in range(main.size)]
    found = [Colouring("Distance from the centre", values=np.linalg.norm(scaled, axis=1))]
    return found + [Colouring(shown[i], values=scaled[:, i]) for i in range(min(main.size, MOST_SHADES))]
