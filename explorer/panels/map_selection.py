"""What can be done with the points selected on a map; the selection itself lives in the session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

import numpy as np

from backends.api import Array, BadRequest, LatentSpace, Prior
from explorer.latent.directions import class_means
from explorer.model.selection import Selection
from explorer.model.state import Direction, Favourite
from explorer.panels.base import Services
from explorer.panels.files import ask_to_save
from explorer.panels.map_made import parts_of
from explorer.panels.saving import Saver, save_by

if TYPE_CHECKING:
    from explorer.panels.map import MapPanel

MOST_FAVOURITES = 24
MOST_PICTURES = 400
MOST_COMPARED = 20_000  # codes of each group; a direction is told as well by a fair part


@dataclass(frozen=True, eq=False)
class _Kept:
    """A selection remembered as the group “without”, with what it was called."""

    selection: Selection
    name: str


class Selecting:
    """Actions of the Map panel on `session.selection`."""

    def __init__(self, panel: MapPanel, services: Services) -> None:
        self.panel, self.services, self.session = panel, services, services.session
        self.saver = Saver(services, panel)
        self.kept: _Kept | None = None

    def choose(self, ids: np.ndarray) -> None:
        """Select the points of the map with these ids."""
        made = self.panel.map
        if made is not None:
            ids = np.asarray(ids, np.int64)
            source = f"{made.info.name}: {made.title}"
            self.session.select(Selection(made.info.path, source, ids, ids, made.cloud.codes))

    def clear(self) -> None:
        """Select nothing."""
        self.choose(np.zeros(0, np.int64))

    @property
    def here(self) -> Selection:
        """What is selected of the points on the map."""
        made, chosen = self.panel.map, self.session.selection
        return chosen if made is not None and chosen.table is made.cloud.codes else Selection()

    def invert(self) -> None:
        """Select what is not selected."""
        if self.panel.map is not None:
            others = np.ones(len(self.panel.map.cloud), bool)
            others[self.here.rows] = False
            self.choose(np.flatnonzero(others))

    def mean(self) -> None:
        """The mean of the selection becomes the current code."""
        space = self.session.space
        if space is not None and len(self.here):
            code = self.session.code_at(mean_code(space, self.here.codes))
            self.session.set_code(code, f"Mean of {len(self.here):,} points")

    def remember(self) -> None:
        """Keep the selection as the group that a direction leads away from."""
        self.kept = _Kept(self.here, self._name())
        self.services.notices.told.emit(
            f"Remembered {len(self.here):,} points: now select others for the direction from these to them"
        )

    def direction(self) -> None:
        """A direction from what was remembered to what is selected, with its accuracy."""
        made, space, kept = self.panel.map, self.session.space, self.kept
        if made is None or space is None or kept is None:
            return
        plus = np.setdiff1d(self.here.rows, kept.selection.rows)
        minus = np.setdiff1d(kept.selection.rows, self.here.rows)
        plus, minus = (_fair_part(rows) for rows in (plus, minus))
        codes = np.concatenate([self.here.table[plus], kept.selection.table[minus]])
        inside = np.arange(len(codes)) < len(plus)
        part = space.main
        try:
            found = class_means(part, codes[:, space.slices[part.name]], inside, ~inside)
        except BadRequest as error:
            self.services.notices.problem.emit(error.what, error.advice)
            return
        name = f"{self._name()} − {kept.name}"
        how = f"selections on a map: {found.count_with:,} and {found.count_without:,} codes"
        self.session.add_direction(
            Direction(made.info.path, part.name, found.vector, name, how, found.accuracy)
        )
        share = "too few codes to check it" if np.isnan(found.accuracy) else (
            f"{found.accuracy:.0%} of held-out codes lie on their own side (chance 50 %)"
        )  # fmt: skip
        self.services.notices.told.emit(f"“{name}” is a slider in the Latent dock now; {share}")

    def favourites(self) -> None:
        """The first points of the selection go to the favourites."""
        made = self.panel.map
        if made is None or made.cloud.images is None:
            return
        rows = self.here.rows[:MOST_FAVOURITES]
        kept = [
            Favourite(
                made.info.path,
                self.session.code_at(made.cloud.codes[row]),
                _rgb(made.cloud.images[row]),
                self.panel.name_of(int(row)),
            )
            for row in rows
        ]
        self.session.edit(f"Add {len(kept)} favourites", favourites=(*self.session.state.favourites, *kept))
        if len(self.here) > len(kept):
            self.services.notices.told.emit(f"The first {len(kept)} of {len(self.here):,} are favourites now")

    def ask_and_save_codes(self, suffix: str) -> None:
        """Ask for a file and write the selection's codes there."""
        ask_to_save(self.panel, self.services.settings, "Save codes", f"selection{suffix}", self.save_codes)

    def save_codes(self, path: FilePath) -> None:
        """Write ids, positions, classes and codes of the selection to `.csv` or `.npz`."""
        made, chosen = self.panel.map, self.here
        if made is None:
            return
        arrays: dict[str, np.ndarray] = {
            "ids": chosen.ids,
            "codes": chosen.codes,
            "positions": made.positions[chosen.rows],
        }
        if made.cloud.labels is not None:
            arrays["labels"] = made.cloud.labels[chosen.rows]
        options = {"parts": parts_of(made), "names": list(made.cloud.classes)}
        save_by("explorer.latent.selection_file:save", self.services, path, arrays, options)

    def pictures(self) -> np.ndarray:
        """The images of the selection, `MOST_PICTURES` at most: `[n, H, W, C]`."""
        assert self.panel.map is not None
        images = self.panel.map.cloud.images
        assert images is not None, "the command is off where images aren't there"
        return np.stack([images[int(row)] for row in self.here.rows[:MOST_PICTURES]])

    def save_pictures(self) -> None:
        """Ask for a file and save a grid of the selection's images there."""
        images = self.pictures()
        columns = int(np.ceil(np.sqrt(len(images))))
        self.saver.enlarge = len(images) <= 36
        self.saver.ask_and_save("selection", ".png", images, columns=columns)

    def _name(self) -> str:
        """What most of the selection is, for a name."""
        made, rows = self.panel.map, self.here.rows
        if made is None or made.cloud.labels is None or not len(rows):
            return f"{len(rows):,} points"
        known = made.cloud.labels[rows]
        if not (known >= 0).any():
            return f"{len(rows):,} points"
        label = int(np.bincount(known[known >= 0]).argmax())
        return made.cloud.classes[label] if label < len(made.cloud.classes) else str(label)


def mean_code(space: LatentSpace, codes: Array) -> Array:
    """The mean of packed codes `[n, D]`, n > 0; of a categorical part the commonest class: `[D]`."""
    out = codes.mean(axis=0, dtype=np.float64).astype(np.float32)
    for part in space.parts:
        at = space.slices[part.name]
        if part.prior is Prior.CATEGORICAL:
            out[at] = np.eye(part.size, dtype=np.float32)[int(out[at].argmax())]
        elif part.prior is Prior.ANGLE:
            out[at] = np.arctan2(np.sin(codes[:, at]).mean(axis=0), np.cos(codes[:, at]).mean(axis=0))
    return out


def _fair_part(rows: np.ndarray) -> np.ndarray:
    if len(rows) <= MOST_COMPARED:
        return rows
    return np.random.default_rng(0).choice(rows, MOST_COMPARED, replace=False)


def _rgb(image: np.ndarray) -> np.ndarray:
    return image.repeat(3, -1) if image.shape[-1] == 1 else image[..., :3]
