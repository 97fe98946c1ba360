"""Mix: take each group of the latent space from another picture, and find directions of attributes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from backends.api import WHY_NOT, Array, BadRequest, Capability, Code, ModelInfo, Priority, Reply
from explorer.latent import mixing
from explorer.latent.mixing import LETTERS, Group
from explorer.model import export
from explorer.model.asking import settled_options
from explorer.model.files import BadFile
from explorer.model.state import Favourite, Recipe
from explorer.panels.base import Command, Panel, Services
from explorer.panels.mix_attribute import AttributeBox
from explorer.panels.mix_groups import GroupsBox
from explorer.panels.mix_sources import SourcesBox, sources_here
from explorer.panels.mix_tables import AnalogyRow, TransferTable
from explorer.panels.quality import Quality
from explorer.widgets.images import Image, ImageView
from explorer.widgets.waiting import Waiting
from explorer.workers.host_client import Ticket

EMPTY = "The mix appears here. Add two sources first: press “Random” twice, or drop an image on “Sources”."
RANGES = 4  # that are offered at first


class MixPanel(Panel):
    """Sources, groups and the mix above; the table, analogies and attribute vectors below."""

    name = "mix"
    title = "Mix"
    order = 40
    tip = "Take each part of a picture from another one"
    takes_images = True

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.code: Code | None = None  # of the mix that is shown
        self._groups: list[Group] = []
        self._split_key: tuple[str, ...] = ()
        self._split_groups: list[Group] = []
        self._directions: dict[str, Array] = {}  # principal directions by the model's path
        self._asked = ""
        self._tickets: dict[str, Ticket] = {}  # the newest of the mix and of the directions
        self._wanted: tuple[ModelInfo, Array, Code] | None = None  # the mix that is asked for
        self._stale = True
        self._tabled: object = None
        self._knobs: dict[str, float] = {}
        self.quality = Quality(self.session, self)
        self._build()
        self._connect()

    # What the window asks of a panel

    def commands(self) -> list[Command]:
        few = lambda: len(sources_here(self.session)) > 1 or "Add two sources first."  # noqa: E731
        some = lambda: self.code is not None or "There is no mix yet."  # noqa: E731
        box = self.sources
        return [
            Command(
                "mix.current", "Add the current picture as a source", box.add_current, "Mix", "Ctrl+Alt+C"
            ),
            Command("mix.random", "Add a random source", box.add_random, "Mix", "Ctrl+Alt+R"),
            Command("mix.image", "Add an image as a source…", box.open_image, "Mix"),
            Command("mix.shuffle", "Shuffle the groups", self.shuffle, "Mix", "Ctrl+Alt+S", enabled=few),
            Command(
                "mix.use", "Use the mix as the current code", self.use, "Mix", "Ctrl+Alt+U", enabled=some
            ),
            Command("mix.favourite", "Add the mix to the favourites", self.keep, "Mix", enabled=some),
            Command("mix.export", "Export the mix and its table…", self.ask_export, "Mix", enabled=some),
        ]

    def busy(self) -> bool:
        waiting = any(not ticket.done for ticket in self._tickets.values())
        tables = self.table.waiting or self.analogies.waiting
        mixing_on = self.quality.due or self.groups.building or self.attribute.busy()
        return bool(waiting or tables or mixing_on)

    def demonstrate(self) -> None:
        """Three random sources, each giving its share."""
        space = self.session.space
        if space is not None and not sources_here(self.session):
            for _ in range(3):
                self.sources.add_random()

    def settings_to_save(self) -> dict[str, object]:
        return {"tab": self.tabs.currentIndex()}

    def restore_settings(self, saved: dict[str, object]) -> None:
        tab = saved.get("tab")
        if isinstance(tab, int) and 0 <= tab < self.tabs.count():
            self.tabs.setCurrentIndex(tab)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self.refresh()

    # What one can do

    def shuffle(self) -> None:
        """A source for each group by chance, every time another mix."""
        count, recipe = len(sources_here(self.session)), self.groups.recipe
        if count < 2 or not self._groups:
            return
        chosen = recipe.chosen
        while chosen == recipe.chosen:
            chosen = tuple(random.randrange(count) for _ in self._groups)
        self.session.set_recipe(replace(recipe, chosen=chosen))

    def use(self) -> None:
        """The mix becomes the current code."""
        if self.code is not None:
            self.session.set_code(self.code, "Use the mix")

    def keep(self) -> None:
        """The mix becomes a favourite."""
        info, image = self.session.model, self.result.array
        if info is not None and self.code is not None and image is not None:
            thumbnail = image.repeat(3, 2) if image.shape[2] == 1 else image
            letters = "".join(LETTERS[: len(sources_here(self.session))])
            self.session.add_favourite(Favourite(info.path, self.code, thumbnail, f"mix of {letters}"))
            self.services.notices.told.emit("The mix is among the favourites.")

    def ask_export(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Export the mix", "mix.png", "PNG picture (*.png)")
        if name:
            self.export_to(name)

    def export_to(self, file: str) -> None:
        """Write the mix as PNG that knows its code, and the table beside it as NAME-table.png."""
        info, image = self.session.model, self.result.array
        if info is None or self.code is None or image is None:
            return
        stem = file.removesuffix(".png")
        try:
            origin = export.Origin(self.code, info.name, info.checksum)
            export.write_png(f"{stem}.png", export.enlarged(image), origin)
            shown, columns = self.table.pictures()
            if shown:
                sheet = export.sheet(export.enlarged(np.stack(shown), 64), columns)
                export.write_png(f"{stem}-table.png", sheet)
        except BadFile as error:
            self.services.notices.problem.emit(error.what, error.advice)
            return
        self.services.notices.told.emit(f"{stem}.png is written.")

    # Drawing

    def refresh(self) -> None:
        """Sources, groups or choices changed: draw what differs."""
        if not self.isVisible():
            self._stale = True
            return
        self._stale = False
        info, sources = self.session.model, sources_here(self.session)
        self.sources.refresh()
        recipe, self._groups, message = self._resolve(info, len(sources))
        self.groups.show_groups(self._groups, len(sources), recipe, message)
        codes = (
            mixing.settled(info.space, [s.code for s in sources]) if info else np.zeros((0, 0), np.float32)
        )
        self._draw_result(info, codes, recipe)
        self._draw_tables(info, codes)

    def _draw_result(self, info: ModelInfo | None, codes: Array, recipe: Recipe) -> None:
        if info is None or not len(codes) or not self._groups:
            self.code = None
            self.result.show_image(None)
            self._enable(False)
            return
        mixed = mixing.mix(info.space, codes, self._groups, recipe.chosen, recipe.amounts)
        self._wanted = (info, mixed, self.session.code_at(mixed))
        self.quality.want(moving=info.can(Capability.PARTIAL) and self.session.moving)

    def _ask_result(self, quality: str) -> None:
        assert self._wanted is not None
        info, mixed, code = self._wanted

        def done(reply: Reply) -> None:
            if reply.stamp == self._tickets["mix"].request.stamp:
                self.making.end()
            if reply.kind == "error":
                self.services.notices.problem.emit(reply.data["what"], reply.data.get("advice", ""))
                return
            self.code = code
            self.result.show_image(reply.arrays["images"][0])
            self._enable(True)

        self._tickets["mix"] = self.host.show(
            "mix", "generate", info.path, arrays={"codes": mixed[None]},
            options=settled_options(code, quality), gives_way=info.can(Capability.PARTIAL),
            priority=Priority.INTERACTIVE, on_result=done, on_error=done,
            on_partial=lambda reply: self.result.show_image(reply.arrays["images"][0]),
        )  # fmt: skip
        self.making.begin(self.give_up)

    def give_up(self) -> None:
        """Cancel the mix that is under way."""
        self.quality.forget()
        self.making.end()
        self.host.give_up("mix")

    def _draw_tables(self, info: ModelInfo | None, codes: Array) -> None:
        """The tables depend on sources and groups only, not on what is chosen."""
        options = dict(self.session.code.options) if self.session.code else {}
        key = (info and (info.path, info.checksum), codes.tobytes(), self._groups, options)
        if key == self._tabled:
            return
        self._tabled = key
        self.table.refresh(info, codes, self._groups)
        self.analogies.refresh(info, codes)

    def _resolve(self, info: ModelInfo | None, count: int) -> tuple[Recipe, list[Group], str]:
        """The recipe with a choice for each group, the groups, and why there are none."""
        if info is None:
            return Recipe(), [], "Choose a model first."
        if not info.can_generate:
            return Recipe(), [], WHY_NOT[Capability.GENERATES]
        recipe = self._with_split(info, self.session.recipe)
        try:
            groups = self._split(info, recipe)
        except BadRequest as error:
            return recipe, [], str(error)
        if not groups:
            return recipe, [], "Measuring the principal directions…"
        known = len(recipe.chosen) == len(groups) == len(recipe.amounts)
        chosen = recipe.chosen if known else tuple(i % max(count, 1) for i in range(len(groups)))
        chosen = tuple(c if c < count else 0 for c in chosen)
        amounts = recipe.amounts if known else (1.0,) * len(groups)
        recipe = replace(recipe, chosen=chosen, amounts=amounts)
        return recipe, groups, ""

    def _with_split(self, info: ModelInfo, recipe: Recipe) -> Recipe:
        """With the split that fits the space, where none was chosen yet."""
        content = [p for p in info.space.parts if p.continuous and p.role == "content"]
        main = info.space.main
        few = "ranges" if main.seeded else "dimensions"  # of noise no direction is a principal one
        first = "parts" if len(content) > 1 else "principal" if main.size > 2 and not main.seeded else few
        ranges = recipe.ranges or mixing.equal_ranges(info.space.main.size, RANGES)
        return replace(recipe, split=recipe.split or first, ranges=ranges)

    def _split(self, info: ModelInfo, recipe: Recipe) -> list[Group]:
        key = (info.path, info.checksum, recipe.split, recipe.ranges)
        if key != self._split_key or not self._split_groups:
            self._split_key, self._split_groups = key, self._groups_of(info, recipe)
        return self._split_groups

    def _groups_of(self, info: ModelInfo, recipe: Recipe) -> list[Group]:
        if recipe.split == "parts":
            return mixing.by_part(info.space)
        if recipe.split == "dimensions":
            return mixing.by_dimension(info.space)
        if recipe.split == "ranges":
            return mixing.by_ranges(info.space, recipe.ranges)
        found = self._directions.get(info.path + info.checksum)
        if found is None:
            self._ask_directions(info)
            return []
        return mixing.by_direction(info.space, found)

    def _ask_directions(self, info: ModelInfo) -> None:
        key = info.path + info.checksum
        if self._asked == key:
            return
        self._asked = key

        def done(reply: Reply) -> None:
            self._asked = ""
            self._directions[key] = reply.arrays.get("directions", np.zeros((0, 0), np.float32))
            self.refresh()

        options = {"part": info.space.main.name}
        self._tickets["directions"] = self.host.ask(
            "directions", info.path, options=options, priority=Priority.PREVIEW, on_result=done, on_error=done
        )

    # The widgets

    def _build(self) -> None:
        self.sources = SourcesBox(self.services)
        self.groups = GroupsBox(self.session)
        self.result = ImageView(EMPTY)
        self.result.setAccessibleName("The mix")
        self.table = TransferTable(self.services)
        self.analogies = AnalogyRow(self.services)
        self.attribute = AttributeBox(self.services)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.table, "Every group into every other")
        self.tabs.addTab(self.analogies, "A − B + C")
        self.tabs.addTab(self.attribute, "Attribute vectors")
        top = QSplitter(Qt.Orientation.Horizontal)
        for widget, share in ((self.sources, 3), (self._middle(), 5), (self.groups, 4)):
            top.addWidget(widget)
            top.setStretchFactor(top.count() - 1, share)
        top.setSizes([220, 360, 300])
        top.setChildrenCollapsible(False)
        whole = QSplitter(Qt.Orientation.Vertical)
        whole.addWidget(top)
        whole.addWidget(self.tabs)
        whole.setStretchFactor(0, 3)
        whole.setStretchFactor(1, 2)
        whole.setSizes([380, 280])
        whole.setChildrenCollapsible(False)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 8, 8)
        box.addWidget(whole)

    def _middle(self) -> QWidget:
        self.use_button = self._button("Use as current", self.use, "Make the mix the current code")
        self.keep_button = self._button("To favourites", self.keep, "Keep the mix as a favourite")
        self.export_button = self._button("Export…", self.ask_export, "Save the mix and its table as PNG")
        self._enable(False)
        row = QHBoxLayout()
        row.setSpacing(4)
        for button in (self.use_button, self.keep_button, self.export_button):
            row.addWidget(button)
        middle = QWidget()
        box = QVBoxLayout(middle)
        box.setContentsMargins(0, 0, 0, 0)
        title = QLabel("The mix")
        title.setBuddy(self.result)
        box.addWidget(title)
        box.addWidget(self.result, 1)
        self.making = Waiting("Mixing")
        box.addWidget(self.making)
        box.addLayout(row)
        return middle

    def _button(self, text: str, act: Callable[[], object], tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setAccessibleName(tip)
        button.clicked.connect(lambda: act())
        return button

    def _enable(self, there: bool) -> None:
        for button in (self.use_button, self.keep_button, self.export_button):
            button.setEnabled(there)
            button.setToolTip(button.accessibleName() if there else "There is no mix yet: add two sources.")

    def _connect(self) -> None:
        session = self.session
        session.model_changed.connect(self.refresh)
        session.models_changed.connect(self.refresh)
        session.sources_changed.connect(self.refresh)
        session.recipes_changed.connect(self.refresh)
        session.favourites_changed.connect(self.sources.refresh)
        session.image_dropped.connect(self._take_image)
        session.code_changed.connect(self._on_code)
        self.quality.wanted.connect(self._ask_result)
        self.groups.shuffled.connect(self.shuffle)
        self.result.image_dropped.connect(self.sources.add_image)

    def _on_code(self) -> None:
        """Of the current code only its knobs matter here."""
        knobs = dict(self.session.code.options) if self.session.code else {}
        if knobs != self._knobs:
            self._knobs = knobs
            self.refresh()

    def _take_image(self, image: Image) -> None:
        """An image dropped anywhere is meant for the panel that is in front."""
        if self.isVisible():
            self.sources.add_image(image)


PANEL = MixPanel
