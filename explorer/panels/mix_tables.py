"""The tables below the mix: every source's group into every other, and analogies between three sources."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from backends.api import Array, ModelInfo, Priority
from explorer.latent.mixing import LETTERS, Group, analogy, transfer_table
from explorer.panels.base import Services
from explorer.widgets.images import ImageGrid

MOST_PICTURES = 144  # of the table of all groups; more would be too small to see
FEW = "Add a second source: the table shows each source's group put into every other."
FEW_ANALOGY = "An analogy needs three sources: A − B + C puts into C what makes A differ from B."


class PictureTable(QWidget):
    """A grid of pictures of codes; a click makes one current."""

    def __init__(self, services: Services, channel: str, what: str, hint: str) -> None:
        super().__init__()
        self.services, self.session, self.host = services, services.session, services.host
        self.channel, self.hint, self.waiting = channel, hint, False
        self.codes: Array = np.zeros((0, 0), np.float32)  # [n, D], the codes of the pictures
        self.grid = ImageGrid(hint)
        self.grid.setAccessibleName(what)
        self.grid.setToolTip("Click makes a picture the current code.")
        self.grid.clicked.connect(self.make_current)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(0, 4, 0, 0)
        self.box.addWidget(self.grid, 1)

    def draw(
        self,
        info: ModelInfo,
        codes: Array,
        columns: int,
        titles: tuple[list[str], list[str]] = ([], []),
        captions: Sequence[str] = (),
    ) -> None:
        """Show codes `[n, D]`, `columns` in a row, with titles of rows and columns, once they are made."""
        self.waiting = True

        def show(images: list[np.ndarray]) -> None:
            self.waiting, self.codes = False, codes
            self.grid.columns, (self.grid.row_titles, self.grid.column_titles) = columns, titles
            self.grid.show_images(list(images), list(captions))

        self.host.show(
            self.channel, "generate", info.path, arrays={"codes": codes}, options={"truncation": 1.0},
            priority=Priority.PREVIEW, on_result=lambda r: show(list(r.arrays["images"])),
            on_error=lambda r: self.clear(str(r.data.get("what", ""))),
        )  # fmt: skip

    def clear(self, hint: str = "") -> None:
        """Show a sentence instead of pictures."""
        self.waiting = False
        self.codes = np.zeros((0, 0), np.float32)
        self.grid.row_titles, self.grid.column_titles = [], []
        self.grid.set_hint(hint or self.hint)
        self.grid.show_images([])

    def make_current(self, index: int) -> None:
        space = self.session.space
        if space is not None and 0 <= index < len(self.codes) and self.codes.shape[1] == space.size:
            self.session.set_code(space.unpack(self.codes[index]), "Picture of the table")


class TransferTable(PictureTable):
    """Rows receive, columns give: one group at a time, or all groups for every pair of sources."""

    def __init__(self, services: Services) -> None:
        super().__init__(services, "mix table", "Every source's group into every other", FEW)
        self._given: tuple[ModelInfo, Array, list[Group]] | None = None
        self.which = QComboBox()
        self.which.setAccessibleName("Group that the table moves")
        self.which.setToolTip("Which group moves from the source of the column into that of the row")
        self.which.activated.connect(lambda _: self._draw())
        self.legend = QLabel()
        top = QHBoxLayout()
        title = QLabel("Group")
        title.setBuddy(self.which)
        top.addWidget(title)
        top.addWidget(self.which)
        top.addWidget(self.legend, 1)
        self.box.insertLayout(0, top)

    def refresh(self, info: ModelInfo | None, codes: Array, groups: list[Group]) -> None:
        """Draw the table of sources `codes` `[S, D]` and these groups."""
        few = info is None or len(codes) < 2 or not groups
        self.which.setEnabled(not few)
        self._given = None if few or info is None else (info, codes, groups)
        self._offer(len(codes), groups)
        if self._given is None:
            self.legend.clear()
            self.clear()
        else:
            self._draw()

    def _offer(self, count: int, groups: list[Group]) -> None:
        kept = self.which.currentText()
        self.which.clear()
        if count * (count - 1) * (len(groups) + 2) <= MOST_PICTURES:
            self.which.addItem("All groups", -1)
        for index, group in enumerate(groups):
            self.which.addItem(group.name, index)
        self.which.setCurrentIndex(max(0, self.which.findText(kept)))

    def _draw(self) -> None:
        if self._given is None:
            return
        info, codes, groups = self._given
        index = int(self.which.currentData())
        (self._draw_all if index < 0 else self._draw_one)(info, codes, groups, index)

    def _draw_one(self, info: ModelInfo, codes: Array, groups: list[Group], index: int) -> None:
        self.legend.setText(f"Rows receive {groups[index].name}, columns give it.")
        table = transfer_table(info.space, codes, [groups[index]])[:, :, 0]
        letters = LETTERS[: len(codes)]
        titles = ([f"into {a}" for a in letters], [f"from {a}" for a in letters])
        self.draw(info, table.reshape(-1, info.space.size), len(codes), titles)

    def _draw_all(self, info: ModelInfo, codes: Array, groups: list[Group], _: int) -> None:
        self.legend.setText("Each row: the receiver, with one group of the giver at a time, the giver.")
        table, count = transfer_table(info.space, codes, groups), len(codes)
        pairs = [(a, b) for a in range(count) for b in range(count) if a != b]
        rows = [np.concatenate([codes[[a]], table[a, b], codes[[b]]]) for a, b in pairs]
        titles = ([f"{LETTERS[b]} into {LETTERS[a]}" for a, b in pairs],
                  ["receiver", *(g.name for g in groups), "giver"])  # fmt: skip
        self.draw(info, np.concatenate(rows), len(groups) + 2, titles)


class AnalogyRow(PictureTable):
    """What makes one source differ from another, put into the third: the three ways to do so."""

    def __init__(self, services: Services) -> None:
        super().__init__(services, "mix analogy", "Analogies", FEW_ANALOGY)

    def refresh(self, info: ModelInfo | None, codes: Array) -> None:
        """Draw the analogies of the first three of `codes` `[S, D]`."""
        if info is None or len(codes) < 3:
            self.clear()
            return
        a, b, c = codes[:3]
        orders = ((a, b, c), (a, c, b), (b, a, c))
        found = np.stack([analogy(info.space, *order) for order in orders])
        self.draw(info, found, 3, captions=("A − B + C", "A − C + B", "B − A + C"))
