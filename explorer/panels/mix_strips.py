"""Group by group: what A becomes when only this group comes from each other source, and what it is called."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QScrollArea, QVBoxLayout

from explorer.latent.exchange import ALIKE, DEAD, effects, families, likeness
from explorer.latent.mixing import table
from explorer.panels.base import Services
from explorer.panels.mix_page import Page, Scene
from explorer.panels.previews import Previews
from explorer.widgets.controls import allow, button
from explorer.widgets.images import Image, ImageGrid

FEW = "Add two sources or more: each row shows A with one group of every other source, all else its own."
ROW = 56  # pixels of a row at least
MEASURED = 32  # pixels to a side are measured: more would hold up the window


class StripsPage(Page):
    """A row for each group. Groups that do nothing are marked dead; those that do the same can be joined."""

    title = "Groups"
    tip = "What each group does, one by one; give them names"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.codes = np.zeros((0, 0, 0), np.float32)  # [G, S, D]
        self.effects = np.zeros(0, np.float32)  # [G]
        self.alike: list[tuple[int, ...]] = []  # sets of groups that do the same
        self._build()

    @property
    def waiting(self) -> bool:
        return self.previews.busy

    @property
    def chosen(self) -> int:
        """The group whose row is chosen, −1 for none."""
        at, wide = self.grid.selected, self.codes.shape[1]
        return at // wide if at >= 0 and wide else -1

    def draw(self, scene: Scene) -> None:
        info = scene.info
        few = info is None or len(scene.codes) < 2 or not scene.groups
        if few or info is None:
            self.previews.give_up()
            self.codes, self.effects, self.alike = (
                np.zeros((0, 0, 0), np.float32),
                np.zeros(0, np.float32),
                [],
            )
            self.grid.row_titles, self.grid.column_titles = [], []
            self.grid.set_hint(scene.message or FEW)
            self.grid.show_images([])
            self._show_choice()
            return
        rows = [table(info.space, scene.codes[:1], scene.codes, [group])[0] for group in scene.groups]
        codes = np.stack(rows)  # the first of each row is A itself

        def done(flat: Image) -> None:
            images = flat.reshape(*codes.shape[:2], *flat.shape[1:])
            self.codes = codes
            coarse = max(1, images.shape[2] // MEASURED)
            small = images[:, :, ::coarse, ::coarse]
            self.effects = effects(small[:, 1:], small[0, 0])
            self.alike = families(likeness(small[:, 1:], small[0, 0]))
            self._show(scene, list(flat), measured=True)

        def failed(why: str) -> None:
            self.grid.set_hint(why)
            self.grid.show_images([])

        self.previews.ask(info, codes, self.session.code, done=done, failed=failed,
                          some=lambda images: self._show(scene, images, measured=False))  # fmt: skip

    def _show(self, scene: Scene, images: list[Image | None], measured: bool) -> None:
        self.grid.columns = len(scene.codes)
        self.grid.column_titles = list(scene.letters)
        self.grid.row_titles = [
            f"{group.name} · {self._figure(at)}" if measured else group.name
            for at, group in enumerate(scene.groups)
        ]
        self.grid.setMinimumHeight(24 + ROW * len(scene.groups))
        self.grid.show_images(images)
        self._show_choice()

    def _figure(self, at: int) -> str:
        return "dead" if self.effects[at] < DEAD else f"{self.effects[at]:.3f}"

    def _show_choice(self) -> None:
        """The name of the chosen group, and what can be done."""
        at, groups = self.chosen, self.scene.groups
        known = 0 <= at < len(groups)
        allow(self.naming, "" if known else "Click a row first: its group can then be given a name.")
        if not self.naming.hasFocus():
            self.naming.setText(groups[at].name if known else "")
        allow(self.join_button, "" if self.alike else "No two groups change A in the same way.")
        joined = bool(self.session.grouping.joined)
        allow(self.part_button, "" if joined else "No groups are joined.")
        self.said.setText(self._sentence())

    def _sentence(self) -> str:
        """What there is to know of the groups."""
        names = [group.name for group in self.scene.groups]
        dead = [names[i] for i in np.flatnonzero(self.effects < DEAD) if i < len(names)]
        told = []
        if dead:
            told.append(f"Dead, no pixel changes: {', '.join(dead)}.")
        sets = [", ".join(names[i] for i in together if i < len(names)) for together in self.alike]
        told += [f"Alike (over {ALIKE:.0%}): {names_of}." for names_of in sets]
        plain = "Beside each group: how much a pixel (0 to 1) changes. Click a row to name its group."
        return " ".join(told) or (plain if len(self.effects) else "")

    # What one can do

    def rename(self) -> None:
        """The chosen group is called what is written; an empty name gives it its own back."""
        at, groups = self.chosen, self.scene.groups
        if 0 <= at < len(groups) and self.naming.text().strip() != groups[at].name:
            self.session.name_group(groups[at].ident, self.naming.text().strip())

    def join(self) -> None:
        """Take groups together that change A in the same way."""
        groups = self.scene.groups
        found = [
            tuple(member.ident for at in together for member in groups[at].members) for together in self.alike
        ]
        kept = [s for s in self.session.grouping.joined if not any(set(s) & set(f) for f in found)]
        self.session.join_groups([*kept, *found])

    def part(self) -> None:
        """Every group on its own again."""
        self.session.join_groups([])

    def _take(self, index: int) -> None:
        space = self.session.space
        if space is not None and 0 <= index < self.codes.shape[0] * self.codes.shape[1]:
            code = self.session.code_at(self.codes.reshape(-1, space.size)[index])
            self.session.set_code(code, "Picture of a group")

    def _build(self) -> None:
        self.naming = QLineEdit(placeholderText="name of the chosen group")
        self.naming.setAccessibleName("Name of the group")
        self.naming.setToolTip("What the chosen group is called; Enter applies it")
        self.naming.editingFinished.connect(self.rename)
        self.join_button = button("Join alike", self.join, "Take groups together that do the same")
        self.part_button = button("Part all", self.part, "Take no groups together any more")
        self.said = QLabel(wordWrap=True)
        self.grid = ImageGrid(FEW)
        self.grid.from_top = True
        self.grid.setAccessibleName("What each group does")
        self.grid.setToolTip("Click chooses a group; double-click makes a picture the current code.")
        self.grid.clicked.connect(lambda _: self._show_choice())
        self.grid.activated.connect(self._take)
        self.previews = Previews(self.services, "mix strips", "Exchanging groups")
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setAccessibleName("Groups and what they do")
        scroll.setWidget(self.grid)
        top = QHBoxLayout()
        title = QLabel("Name")
        title.setBuddy(self.naming)
        top.addWidget(title)
        top.addWidget(self.naming, 1)
        top.addWidget(self.join_button)
        top.addWidget(self.part_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 6, 0, 0)
        box.addLayout(top)
        box.addWidget(scroll, 1)
        box.addWidget(self.previews.bar)
        box.addWidget(self.said)
        self._show_choice()
