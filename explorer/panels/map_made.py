"""A map and all that belongs to it: what was mapped and how, where its points are, what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backends.api import Array, ModelInfo
from explorer.latent.cloud import Cloud, Colouring
from explorer.latent.maps.methods import METHODS, Wish
from explorer.latent.maps.quality import Quality
from explorer.panels.map_parts import Locator
from explorer.panels.map_sources import SOURCES
from explorer.workers.collect import Wanted


@dataclass(eq=False)
class Mapped:
    """A finished map, or one on its way: `quality`, `line` and `locator` come last.

    `stopped` is the epoch at which a layout was ended early and of how many; `twin` is the second model of
    a map of two, whose points are the second half.
    """

    info: ModelInfo
    wanted: Wanted
    wish: Wish
    cloud: Cloud
    colourings: list[Colouring]
    positions: Array
    locator: Locator | None = None
    line: str = ""
    quality: Quality | None = None
    stopped: tuple[int, int] | None = None
    twin: ModelInfo | None = None
    pictures: Any = None  # images of the stage that is shown, where there are several
    stages: int = 1
    unlike: str = field(default="")  # why its points can't be used as codes of the model, if they can't

    @property
    def method(self) -> str:
        return self.wish.method

    @property
    def title(self) -> str:
        """What it shows, and how it was laid out."""
        what = SOURCES[self.wanted.source][0].rstrip("…").lower()
        return f"{what}{f' ({self.wanted.part})' if self.wanted.part else ''}, {METHODS[self.method]}"

    def of(self, info: ModelInfo | None) -> bool:
        """Whether this is a map of that model."""
        mine = [m for m in (self.info, self.twin) if m is not None]
        return info is not None and any((m.path, m.checksum) == (info.path, info.checksum) for m in mine)

    def image(self, row: int) -> np.ndarray | None:
        """The image of a point; None where it isn't made yet."""
        images = self.cloud.images if self.pictures is None else self.pictures
        return None if images is None else images[row]

    def add(self, colouring: Colouring) -> None:
        """A further way to colour it; one of the same title goes."""
        self.colourings = [c for c in self.colourings if c.title != colouring.title] + [colouring]

    def inherit(self, before: Mapped) -> None:
        """What another layout of the same points could be coloured by: clusters, scores."""
        known = {c.title for c in self.colourings}
        self.colourings += [c for c in before.colourings if c.title not in known]


def owner(made: Mapped, row: int) -> tuple[ModelInfo, Array]:
    """The model to which a point belongs, and its packed code `[D]`."""
    half = len(made.cloud) // 2
    if made.twin is None or made.stages > 1 or row < half:
        return made.info, made.cloud.codes[row, : made.info.space.size]
    return made.twin, made.cloud.codes[row, : made.twin.space.size]


def parts_of(made: Mapped) -> dict[str, int]:
    """The names and sizes of what the numbers of a point are."""
    if made.unlike:
        return {"dimension": made.cloud.codes.shape[1]}
    return {part.name: part.size for part in made.info.space.parts}
