"""The transfer table of the papers: sources down the side, givers along the top, one group from each."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

from explorer.latent.mixing import table
from explorer.latent.oracle import verdict
from explorer.model.export import Origin
from explorer.panels.base import Services
from explorer.panels.mix_judge import Judge
from explorer.panels.mix_page import Page, Scene
from explorer.panels.previews import Previews
from explorer.panels.saving import Saver
from explorer.widgets.controls import allow, button, combo
from explorer.widgets.images import Image, ImageGrid
from explorer.workers.host_client import Ticket
from explorer.workers.jobs import Job

FEW = (
    "Add two sources or more: each row is a source that takes the chosen group from the giver of each column."
)


class TablePage(Page):
    """Rows receive, columns give; live while sources change. Under a picture stands what the oracle says."""

    title = "Table"
    tip = "One group of every source in every other, as in the papers"

    def __init__(self, services: Services, judge: Judge) -> None:
        super().__init__(services)
        self.judge = judge
        self.codes = np.zeros((0, 0, 0), np.float32)  # [S, S, D]
        self.images: Image | None = None  # [S, S, H, W, C]
        self._labels: np.ndarray | None = None  # [S, S, K], by the oracle
        self._asked: Ticket | Job | None = None
        self.saver = Saver(services, self)
        self._build()
        judge.changed.connect(self._ask_verdicts)

    @property
    def waiting(self) -> bool:
        judging = self._asked is not None and not self._asked.done
        return self.previews.busy or judging or self.saver.waiting.busy

    def choices(self) -> object:
        return self.which.currentText()

    def show_scene(self, scene: Scene) -> None:
        names = [group.name for group in scene.groups]
        if names != [self.which.itemText(i) for i in range(self.which.count())]:
            kept = self.which.currentText()
            self.which.clear()
            self.which.addItems(names)
            self.which.setCurrentIndex(max(0, self.which.findText(kept)))
        super().show_scene(scene)

    def draw(self, scene: Scene) -> None:
        info, at = scene.info, self.which.currentIndex()
        few = info is None or len(scene.codes) < 2 or not 0 <= at < len(scene.groups)
        allow(self.which, FEW if few else "")
        allow(self.export_button, FEW if few else "")
        if few or info is None:
            self.previews.give_up()
            self.images = None
            self.grid.column_titles, self.grid.row_titles = [], []
            self.grid.set_hint(scene.message or FEW)
            self.grid.show_images([])
            return
        codes = table(info.space, scene.codes, scene.codes, [scene.groups[at]])
        count = len(codes)

        def done(images: Image) -> None:
            self.codes = codes
            self.images = images.reshape(count, count, *images.shape[1:])
            self._labels = None
            self._show(list(images), count)
            self._ask_verdicts()

        def failed(why: str) -> None:
            self.grid.set_hint(why)
            self.grid.show_images([])

        self.previews.ask(info, codes, self.session.code, done=done, failed=failed,
                          some=lambda images: self._show(images, count))  # fmt: skip

    def _show(self, flat: list[Image | None], count: int) -> None:
        """The table with its sources, which lie on its diagonal, along the top and the side."""
        sources = [flat[i * (count + 1)] for i in range(count)]
        shown: list[Image | None] = [None, *sources]
        for row in range(count):
            shown += [sources[row], *flat[row * count : (row + 1) * count]]
        self.grid.columns = count + 1
        self.grid.column_titles = ["", *self.scene.letters[:count]]
        self.grid.row_titles = ["", *self.scene.letters[:count]]
        self.grid.show_images(shown, self._captions(count))

    def _ask_verdicts(self) -> None:
        """What the oracle sees in each picture, where there is one for this model."""
        info, images = self.scene.info, self.images
        if info is None or images is None or not self.judge.serves(info) or not self.isVisible():
            return

        def named(values: np.ndarray) -> None:
            if self.images is images:
                self._labels = values.reshape(*images.shape[:2], -1)
                self.said.setText(self._plain())
                self._show(list(images.reshape(-1, *images.shape[2:])), len(images))

        if self._asked is not None:
            self._asked.cancel()
        self._asked = self.judge.ask(images.reshape(-1, *images.shape[2:]), named)

    def _captions(self, count: int) -> list[str]:
        if self._labels is None:
            return []
        captions = [""] * (count + 1)
        for row in range(count):
            captions += ["", *(self._verdict(row, column) for column in range(count))]
        return captions

    def _verdict(self, row: int, column: int) -> str:
        """Short, as there is little room: how many factors came (+), how many became neither's (!)."""
        if self._labels is None or row == column:
            return ""
        said = verdict(self._labels[row, column], self._labels[row, row], self._labels[column, column])
        words = [f"{sign}{len(which)}" for sign, which in (("+", said.came), ("!", said.disturbed)) if which]
        return " ".join(words) or "same"

    def _on_hover(self, index: int) -> None:
        """The verdict on one picture, in words."""
        row, column = self._cell(index)
        if row < 0 or self._labels is None or row == column:
            self.said.setText(self._plain())
            return
        said = verdict(self._labels[row, column], self._labels[row, row], self._labels[column, column])
        names, letters = self.judge.factors, self.scene.letters
        told = [f"{letters[row]} with {self.which.currentText()} of {letters[column]}"]
        for title, which in (("came", said.came), ("kept", said.kept), ("disturbed", said.disturbed)):
            if which:
                told.append(f"{title}: {', '.join(names[k] for k in which)}")
        self.said.setText("; ".join(told) + ".")

    def _plain(self) -> str:
        if self._labels is not None:
            return "Factors that came from the giver (+), that became neither's (!). Point at one for more."
        return (
            "A row's source takes the group from the column's. The Oracle page can judge what came through."
        )

    def _cell(self, index: int) -> tuple[int, int]:
        """Row and column of the table of a picture of the grid; −1 for its margins."""
        if index < 0 or self.images is None:
            return -1, -1
        row, column = divmod(index, len(self.images) + 1)
        return (row - 1, column - 1) if row and column else (-1, -1)

    def _take(self, index: int) -> None:
        row, column = self._cell(index)
        space = self.session.space
        if row >= 0 and space is not None and self.codes.shape[-1] == space.size:
            self.grid.select(-1)
            self.session.set_code(self.session.code_at(self.codes[row, column]), "Picture of the table")

    def sheet(self) -> tuple[Image, int] | None:
        """The table with its margins as pictures `[N, H, W, C]`, and how many are in a row."""
        if self.images is None:
            return None
        count, blank = len(self.images), np.full_like(self.images[0, 0], 255)
        shown = [blank if a is None else a for a in self.grid.arrays]
        return np.stack(shown), count + 1

    def export(self) -> None:
        """Save the table as PNG."""
        info, found, code = self.session.model, self.sheet(), self.session.code
        if info is not None and code is not None and found is not None:
            origin = Origin(code, info.name, info.checksum)
            name = f"{info.name} {self.which.currentText()} table"
            self.saver.ask_and_save(name, ".png", found[0], origin=origin, columns=found[1])

    def _build(self) -> None:
        self.which = combo("Group that is exchanged", "Which group each source takes from each giver")
        self.which.activated.connect(lambda _: self.redraw())
        self.export_button = button("Export…", self.export, "Save the table as PNG")
        self.said = QLabel(wordWrap=True)
        self.said.setText(self._plain())
        self.grid = ImageGrid(FEW, gap=3)
        self.grid.setAccessibleName("Transfer table")
        self.grid.setToolTip("Click makes a picture the current code.")
        self.grid.clicked.connect(self._take)
        self.grid.hovered.connect(self._on_hover)
        self.previews = Previews(self.services, "mix whole table", "Making the table")
        top = QHBoxLayout()
        title = QLabel("Take from the giver")
        title.setBuddy(self.which)
        top.addWidget(title)
        top.addWidget(self.which)
        top.addStretch(1)
        top.addWidget(self.export_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 6, 0, 0)
        box.addLayout(top)
        box.addWidget(self.grid, 1)
        for widget in (self.previews.bar, self.saver.waiting, self.said):
            box.addWidget(widget)
