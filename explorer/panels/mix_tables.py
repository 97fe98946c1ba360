"""The tables below the mix: every source's group into every other, and analogies between three sources."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from backends.api import Array, Capability, ModelInfo, Priority, Reply
from explorer.latent.mixing import LETTERS, Group, analogy, transfer_table
from explorer.model.asking import PREVIEW, settled_options
from explorer.panels.base import Services
from explorer.widgets.images import Image, ImageGrid
from explorer.widgets.waiting import Waiting
from explorer.workers.growing import Growing
from explorer.workers.host_client import Ticket

MOST_BLOCKS = 6  # groups side by side; of more, one is chosen
ALL = -1
FEW = "Add a second source: the table shows each source's group put into every other."
FEW_ANALOGY = "An analogy needs three sources: A − B + C puts into C what makes A differ from B."


class PictureBlocks(QWidget):
    """Tables of pictures side by side, each with a title; a click makes a picture's code current."""

    def __init__(self, services: Services, channel: str, what: str, hint: str) -> None:
        super().__init__()
        self.services, self.session, self.host = services, services.session, services.host
        self.channel, self.what, self.hint = channel, what, hint
        self._ticket: Ticket | None = None
        self.codes: Array = np.zeros((0, 0, 0, 0), np.float32)  # [blocks, rows, columns, D]
        self.grids: list[ImageGrid] = []
        self.titles: list[QLabel] = []
        self.blocks = QHBoxLayout()
        self.blocks.setSpacing(12)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(0, 4, 0, 0)
        self.box.addLayout(self.blocks, 1)
        self.progress = Waiting(what)
        self.box.addWidget(self.progress)
        self.clear()

    def draw(
        self,
        info: ModelInfo,
        codes: Array,
        titles: Sequence[str],
        rows: Sequence[str] = (),
        columns: Sequence[str] = (),
        captions: Sequence[str] = (),
    ) -> None:
        """Ask for the pictures of codes `[blocks, rows, columns, D]` and show them with these titles."""

        growing = Growing(len(codes.reshape(-1, codes.shape[-1])))

        def show(flat: Sequence[Image | None]) -> None:
            self.codes, each = codes, len(flat) // len(codes)
            for index, title in enumerate(titles):
                grid = self._block(index, title)
                grid.columns = codes.shape[2]
                grid.row_titles, grid.column_titles = list(rows), list(columns)
                grid.show_images(list(flat[index * each : (index + 1) * each]), list(captions))
            self._hide_from(len(titles))

        def some(reply: Reply) -> None:
            self.progress.tell(reply)
            show(growing.take(reply))

        def done(reply: Reply) -> None:
            self.progress.end()
            show(list(reply.arrays["images"]))

        def failed(reply: Reply) -> None:
            self.progress.end()
            self.clear(str(reply.data.get("what", "")))

        self._ticket = self.host.show(
            self.channel, "generate", info.path, arrays={"codes": codes.reshape(-1, codes.shape[-1])},
            options=settled_options(self.session.code, PREVIEW), priority=Priority.PREVIEW,
            gives_way=info.can(Capability.PARTIAL), on_result=done, on_error=failed, on_partial=some,
            on_progress=self.progress.tell,
        )  # fmt: skip
        self.progress.begin(lambda: self.host.give_up(self.channel))

    @property
    def waiting(self) -> bool:
        """Whether pictures are on their way."""
        return self._ticket is not None and not self._ticket.done

    def clear(self, hint: str = "") -> None:
        """Show a sentence instead of pictures."""
        self.codes = np.zeros((0, 0, 0, 0), np.float32)
        grid = self._block(0, "")
        grid.row_titles, grid.column_titles = [], []
        grid.set_hint(hint or self.hint)
        grid.show_images([])
        self._hide_from(1)

    def make_current(self, block: int, index: int) -> None:
        space = self.session.space
        if space is None or block >= len(self.codes) or self.codes.shape[-1] != space.size:
            return
        self.grids[block].select(-1)
        code = self.session.code_at(self.codes[block].reshape(-1, space.size)[index])
        self.session.set_code(code, "Picture of a table")

    def pictures(self) -> tuple[list[Image], int]:
        """Everything that is shown, and how many are in a row: for export."""
        shown = [[a for a in grid.arrays if a is not None] for grid in self.grids[: len(self.codes)]]
        if not shown or not shown[0]:
            return [], 0
        columns = self.codes.shape[2]
        rows = range(0, len(shown[0]), columns)
        return [a for at in rows for block in shown for a in block[at : at + columns]], columns * len(shown)

    def _block(self, index: int, title: str) -> ImageGrid:
        if index == len(self.grids):
            grid, label = ImageGrid(), QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
            grid.setAccessibleName(self.what if index == 0 else f"{self.what} {index + 1}")
            grid.setToolTip("Click makes a picture the current code.")
            grid.clicked.connect(lambda at, block=index: self.make_current(block, at))
            column = QVBoxLayout()
            column.setSpacing(0)
            column.addWidget(label)
            column.addWidget(grid, 1)
            self.blocks.addLayout(column, 1)
            self.grids.append(grid)
            self.titles.append(label)
        self.titles[index].setText(title)
        self.titles[index].setVisible(bool(title))
        self.grids[index].show()
        return self.grids[index]

    def _hide_from(self, count: int) -> None:
        for widget in (*self.grids[count:], *self.titles[count:]):
            widget.hide()


class TransferTable(PictureBlocks):
    """Rows receive, columns give: a table for each group, or for the one that is chosen."""

    def __init__(self, services: Services) -> None:
        super().__init__(services, "mix table", "Every source's group into every other", FEW)
        self._given: tuple[ModelInfo, Array, list[Group]] | None = None
        self.which = QComboBox()
        self.which.setAccessibleName("Group that the table moves")
        self.which.setToolTip("Which group moves from the source of the column into that of the row")
        self.which.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.which.activated.connect(lambda _: self._draw())
        top = QHBoxLayout()
        title = QLabel("Group")
        title.setBuddy(self.which)
        top.addWidget(title)
        top.addWidget(self.which)
        top.addWidget(QLabel("The source of a row receives the group from the source of a column."), 1)
        self.box.insertLayout(0, top)

    def refresh(self, info: ModelInfo | None, codes: Array, groups: list[Group]) -> None:
        """Draw the table of sources `codes` `[S, D]` and these groups."""
        few = info is None or len(codes) < 2 or not groups
        self.which.setEnabled(not few)
        self._given = None if few or info is None else (info, codes, groups)
        self._offer(groups)
        if self._given is None:
            self.clear()
        else:
            self._draw()

    def _offer(self, groups: list[Group]) -> None:
        kept = self.which.currentText()
        self.which.clear()
        if len(groups) <= MOST_BLOCKS:
            self.which.addItem("all groups", ALL)
        for index, group in enumerate(groups):
            self.which.addItem(group.name, index)
        self.which.setCurrentIndex(max(0, self.which.findText(kept)))

    def _draw(self) -> None:
        if self._given is None:
            return
        info, codes, groups = self._given
        index = int(self.which.currentData())
        shown = groups if index == ALL else [groups[index]]
        table = transfer_table(info.space, codes, shown).transpose(2, 0, 1, 3)  # [G, S, S, D]
        letters = LETTERS[: len(codes)]
        self.draw(info, table, [g.name for g in shown], letters, letters)


class AnalogyRow(PictureBlocks):
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
        self.draw(info, found[None, None], [""], captions=("A − B + C", "A − C + B", "B − A + C"))
