"""The tables below the mix: every source's group into every other, and analogies between three sources."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from backends.api import Array, BadRequest, ModelInfo
from explorer.latent.grids import j_diagram, mine_grid
from explorer.latent.mixing import LETTERS, Group, analogy, chain, read_chain, transfer_table
from explorer.latent.paths import WAYS
from explorer.panels.base import Services
from explorer.panels.previews import Previews
from explorer.widgets.images import Image, ImageGrid

MOST_BLOCKS, MOST_SIDE = 6, 4  # groups side by side, of more one is chosen; sources
ALL = -1
FEW = "Add a second source: the table shows each source's group put into every other."
MANY = "With more than four sources the Table page has room for this."
FEW_CORNERS = "Add three sources or more: they become the corners of a grid."
FOUR_CORNERS = "Add a fourth source: this grid has four corners."
FEW_ANALOGY = "An analogy needs three sources: A − B + C puts into C what makes A differ from B."


class PictureBlocks(QWidget):
    """Tables of pictures side by side, each with a title; a click makes a picture's code current."""

    def __init__(self, services: Services, channel: str, what: str, hint: str) -> None:
        super().__init__()
        self.services, self.session, self.host = services, services.session, services.host
        self.what, self.hint = what, hint
        self.previews = Previews(services, channel, what)
        self.codes: Array = np.zeros((0, 0, 0, 0), np.float32)  # [blocks, rows, columns, D]
        self.grids: list[ImageGrid] = []
        self.titles: list[QLabel] = []
        self.blocks = QHBoxLayout()
        self.blocks.setSpacing(12)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(0, 4, 0, 0)
        self.box.addLayout(self.blocks, 1)
        self.box.addWidget(self.previews.bar)
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

        def show(flat: Sequence[Image | None]) -> None:
            self.codes, each = codes, len(flat) // len(codes)
            for index, title in enumerate(titles):
                grid = self._block(index, title)
                grid.columns = codes.shape[2]
                grid.row_titles, grid.column_titles = list(rows), list(columns)
                grid.show_images(list(flat[index * each : (index + 1) * each]), list(captions))
            self._hide_from(len(titles))

        self.previews.ask(info, codes, self.session.code, done=lambda images: show(list(images)),
                          failed=self.clear, some=show)  # fmt: skip

    @property
    def waiting(self) -> bool:
        """Whether pictures are on their way."""
        return self.previews.busy

    def clear(self, hint: str = "") -> None:
        """Show a sentence instead of pictures."""
        self.previews.give_up()
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
            grid.from_top = True  # next to its title
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
        top.addWidget(QLabel("A row's source receives the group from the column's.", wordWrap=True), 1)
        self.box.insertLayout(0, top)

    def refresh(self, info: ModelInfo | None, codes: Array, groups: list[Group]) -> None:
        """Draw the table of sources `codes` `[S, D]` and these groups."""
        few = info is None or len(codes) < 2 or not groups
        self.which.setEnabled(not few)
        self._given = None if few or info is None else (info, codes, groups)
        self._offer(groups)
        if self._given is None or len(codes) > MOST_SIDE:
            self._given = None
            self.clear(MANY if len(codes) > MOST_SIDE else "")
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
    """Sums and differences of sources: what makes one differ from another, put into a third, and so on."""

    def __init__(self, services: Services) -> None:
        super().__init__(services, "mix analogy", "Analogies", FEW_ANALOGY)
        self._given: tuple[ModelInfo, Array] | None = None
        self.formula = QLineEdit("A − B + C")
        self.formula.setAccessibleName("Chain of sources")
        self.formula.setToolTip("Sources added and taken away, such as A − B + C − D + E; Enter applies it")
        self.formula.editingFinished.connect(self._draw)
        top = QHBoxLayout()
        title = QLabel("Chain")
        title.setBuddy(self.formula)
        self.said = QLabel("Gaussian parts get the mean length of all terms.", wordWrap=True)
        top.addWidget(title)
        top.addWidget(self.formula)
        top.addWidget(self.said, 1)
        self.box.insertLayout(0, top)

    def refresh(self, info: ModelInfo | None, codes: Array) -> None:
        """Draw the chain of `codes` `[S, D]`, step by step, and the other orders of the first three."""
        self._given = None if info is None or len(codes) < 3 else (info, codes)
        if self._given is None:
            self.clear()
        else:
            self._draw()

    def _draw(self) -> None:
        if self._given is None:
            return
        info, codes = self._given
        try:
            found, captions = self._chain(info, codes)
        except BadRequest as error:
            self.said.setText(str(error))
            return
        self.said.setText("Gaussian parts get the mean length of all terms.")
        a, b, c = codes[:3]
        orders = (("A − C + B", (a, c, b)), ("B − A + C", (b, a, c)))
        found += [analogy(info.space, *three) for _, three in orders]
        captions += [text for text, _ in orders]
        self.draw(info, np.stack(found)[None, None], [""], captions=captions)

    def _chain(self, info: ModelInfo, codes: Array) -> tuple[list[Array], list[str]]:
        """The chain after each of its differences, with what stands under each picture."""
        plus, minus = read_chain(self.formula.text(), len(codes))
        found, captions = [], []
        for count in range(1, len(minus) + 1):
            # The last term is the one that differences are put into; it is there from the start.
            chosen = [*plus[:count], plus[-1]]
            found.append(chain(info.space, codes[chosen], codes[minus[:count]]))
            words = [f"{LETTERS[p]} − {LETTERS[m]}" for p, m in zip(chosen, minus[:count], strict=False)]
            captions.append(" + ".join([*words, LETTERS[plus[-1]]]))
        return found or [codes[plus[0]]], captions or [LETTERS[plus[0]]]


class CornerGrid(PictureBlocks):
    """Everything between three or four sources: the J-diagram, or the grid of four corners."""

    def __init__(self, services: Services) -> None:
        super().__init__(services, "mix corners", "Grid", FEW_CORNERS)
        self._given: tuple[ModelInfo, Array] | None = None
        self.corners = QComboBox()
        self.corners.addItem("three: J-diagram", 3)
        self.corners.addItem("four", 4)
        self.corners.addItem("all: MINE grid", 0)
        self.way = QComboBox()
        self.way.addItems(list(WAYS))
        self.way.setCurrentText("spherical")
        self.side = QSpinBox(minimum=2, maximum=12, value=7)
        top = QHBoxLayout()
        for widget, name in ((self.corners, "Corners"), (self.way, "Way"), (self.side, "Side")):
            widget.setAccessibleName(name)
            widget.setToolTip(f"{name} of the grid")
            label = QLabel(name)
            label.setBuddy(widget)
            top.addWidget(label)
            top.addWidget(widget)
        top.addStretch(1)
        self.box.insertLayout(0, top)
        self.corners.activated.connect(lambda _: self._draw())
        self.way.activated.connect(lambda _: self._draw())
        self.side.valueChanged.connect(lambda _: self._draw())

    def refresh(self, info: ModelInfo | None, codes: Array) -> None:
        """Draw the grid of `codes` `[S, D]`."""
        self._given = None if info is None or len(codes) < 3 else (info, codes)
        self._draw()

    def _draw(self) -> None:
        wanted = int(self.corners.currentData())
        if self._given is None or len(self._given[1]) < max(wanted, 3):
            self.clear(FOUR_CORNERS if self._given is not None else "")
            return
        info, codes = self._given
        way, side = self.way.currentText(), self.side.value()
        if wanted == 3:
            grid = j_diagram(info.space, codes[:3], side, way)
        elif wanted == 4 or len(codes) < 6:
            four = codes[[0, 1, 2, 3 % len(codes)]]
            grid = mine_grid(info.space, four.reshape(2, 2, -1), side - 1, way)
        else:
            across = len(codes) // 2
            anchors = codes[: 2 * across].reshape(2, across, -1)
            grid = mine_grid(info.space, anchors, max((side - 1) // 2, 1), way)
        self.draw(info, grid[None], [""])
