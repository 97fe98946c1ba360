"""The points that someone has chosen on a map, for every panel."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from backends.api import Array


def _no_table() -> Array:
    return np.zeros((0, 0), np.float32)


@dataclass(frozen=True, eq=False)
class Selection:
    """Some rows of a table of codes `[N, D]`: `ids` `[n]` name them, `source` says where they are from.

    Selections share the table, so that undo keeps hundreds of them at the cost of their rows. They are
    not saved with the session: neither is the map.
    """

    model: str = ""
    source: str = ""
    ids: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    rows: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
    table: Array = field(default_factory=_no_table, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def codes(self) -> Array:
        """The packed codes of what is selected: `[n, D]`."""
        return self.table[self.rows]
