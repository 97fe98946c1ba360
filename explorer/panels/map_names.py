"""Where the names of classes stand on a map, and which points a search means. No Qt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from backends.api import Array, BadRequest
from explorer.latent.cloud import Colouring

Masks = NDArray[np.bool_]
LOOKED_AT = 5000  # points; where a class lies is told by a fair sample
_COMPARED = re.compile(r"^(?P<title>.+?)\s*(?P<sign><=|>=|<|>|=|:)\s*(?P<value>.+)$")


def middles(positions: Array, labels: NDArray[np.int64], count: int) -> dict[int, int]:
    """For each of `count` classes that occurs, the largest first: the row nearest to its median place."""
    finite = np.flatnonzero(np.isfinite(positions[:, 0]) & (labels >= 0))
    if len(finite) > LOOKED_AT:
        finite = np.random.default_rng(0).choice(finite, LOOKED_AT, replace=False)
    found, named = {}, labels[finite]
    sizes = np.bincount(named, minlength=count)
    for label in np.argsort(-sizes, kind="stable")[:count]:
        rows = finite[named == label]
        if len(rows):
            away = np.abs(positions[rows] - np.median(positions[rows], axis=0)).sum(axis=1)
            found[int(label)] = int(rows[away.argmin()])
    return found


def find_rows(
    colourings: Sequence[Colouring], text: str, texts: Mapping[str, NDArray[np.str_]] | None = None
) -> Masks:
    """The points that a search means: a class's name, or `title = name`, `title < 0.5`, words of `texts`.

    Raises `BadRequest` where there is no such thing.
    """
    text = text.strip()
    if (compared := _COMPARED.match(text)) is not None:
        named = _titled(colourings, compared["title"].strip())
        if named is not None:
            return _compared(named, compared["sign"], compared["value"].strip())
    for colouring in colourings:
        if (hit := _named(colouring, text)) is not None:
            return hit
    for words in (texts or {}).values():
        found = np.char.find(np.char.lower(words), text.casefold()) >= 0
        if found.any():
            return np.asarray(found, bool)
    titles = ", ".join(colouring.title for colouring in colourings[:4])
    raise BadRequest(
        f"Nothing on this map is called “{text}”.",
        f"Search for a class, or write for example “{titles.split(', ')[-1]} > 0.5”. There are: {titles} ….",
    )


def _titled(colourings: Sequence[Colouring], title: str) -> Colouring | None:
    wanted = title.casefold()
    exact = [c for c in colourings if c.title.casefold() == wanted]
    return next(iter(exact or [c for c in colourings if wanted in c.title.casefold()]), None)


def _named(colouring: Colouring, text: str) -> Masks | None:
    """The points of the classes with this name, else of those whose names hold it."""
    if colouring.labels is None:
        return None
    names, wanted = [name.casefold() for name in colouring.names], text.casefold()
    labels = [at for at, name in enumerate(names) if name == wanted]
    labels = labels or [at for at, name in enumerate(names) if wanted and wanted in name]
    mask = np.isin(colouring.labels, labels)
    return mask if labels and mask.any() else None


def _compared(colouring: Colouring, sign: str, value: str) -> Masks:
    if colouring.values is None or sign == ":":
        hit = _named(colouring, value)
        if hit is None:
            raise BadRequest(f"{colouring.title} has no “{value}”.", "Choose a name of the legend.")
        return hit
    try:
        number = float(value)
    except ValueError as error:
        raise BadRequest(
            f"“{value}” is no number.", f"Write for example “{colouring.title} > 0.5”."
        ) from error
    values = colouring.values
    tests = {"<": values < number, ">": values > number, "<=": values <= number, ">=": values >= number}
    return np.asarray(tests.get(sign, values == np.float32(number)), bool)
