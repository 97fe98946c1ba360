"""Mix: take each group of the latent space from another picture; tables, strips, traversals, an oracle."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget

from backends.api import WHY_NOT, Array, BadRequest, Capability, Code, ModelInfo, Priority, Reply
from explorer.latent import mixing
from explorer.latent.mixing import Group
from explorer.model.state import Recipe
from explorer.panels.base import Command, Panel, Services
from explorer.panels.mix_groups import SplitRow
from explorer.panels.mix_judge import Judge
from explorer.panels.mix_oracle import OraclePage
from explorer.panels.mix_page import Page, Scene
from explorer.panels.mix_result import ResultPage
from explorer.panels.mix_sources import SourcesBox, sources_here
from explorer.panels.mix_strips import StripsPage
from explorer.panels.mix_table import TablePage
from explorer.panels.mix_traversals import TraversalsPage
from explorer.widgets.images import Image
from explorer.workers.host_client import Ticket

RANGES = 4  # that are offered at first


class MixPanel(Panel):
    """Sources on the left; on the right how the space is split, and pages that draw the same scene."""

    name = "mix"
    title = "Mix"
    order = 40
    tip = "Take each part of a picture from another one"
    takes_images = True

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.scene = Scene()
        self._split_key: tuple[str, ...] = ()
        self._split_groups: list[Group] = []
        self._directions: dict[str, Array] = {}  # principal directions by the model's path
        self._asked = ""
        self._ticket: Ticket | None = None  # of the directions
        self._stale = True
        self._knobs: dict[str, float] = {}
        self.judge = Judge(services)
        self._build()
        self._connect()

    # What the window asks of a panel

    @property
    def code(self) -> Code | None:
        """The code of the mix that is shown."""
        return self.first.code

    def commands(self) -> list[Command]:
        few = lambda: len(sources_here(self.session)) > 1 or "Add two sources first."  # noqa: E731
        some = lambda: self.code is not None or "There is no mix yet."  # noqa: E731
        tabled = lambda: self.whole_table.images is not None or "There is no table yet."  # noqa: E731
        box, result = self.sources, self.first
        pages = [
            Command(f"mix.page.{page.title.lower()}", f"Mix: {page.title}",
                    partial(self.pages.setCurrentIndex, at), "Mix/Page", tip=page.tip)
            for at, page in enumerate(self.all_pages)
        ]  # fmt: skip
        return [
            Command(
                "mix.current", "Add the current picture as a source", box.add_current, "Mix", "Ctrl+Alt+C"
            ),
            Command("mix.random", "Add a random source", box.add_random, "Mix", "Ctrl+Alt+R"),
            Command("mix.fill", "Add random sources until there are eight", box.fill, "Mix"),
            Command("mix.apart", "Eight sources that differ most", box.choose_apart, "Mix"),
            Command("mix.image", "Add an image as a source…", box.open_image, "Mix"),
            Command("mix.shuffle", "Shuffle the groups", self.shuffle, "Mix", "Ctrl+Alt+S", enabled=few),
            Command(
                "mix.use", "Use the mix as the current code", result.use, "Mix", "Ctrl+Alt+U", enabled=some
            ),
            Command("mix.favourite", "Add the mix to the favourites", result.keep, "Mix", enabled=some),
            Command("mix.export", "Export the mix and its table…", result.ask_export, "Mix", enabled=some),
            Command(
                "mix.table", "Export the transfer table…", self.whole_table.export, "Mix", enabled=tabled
            ),
            *pages,
        ]

    def busy(self) -> bool:
        measuring = self._ticket is not None and not self._ticket.done
        return measuring or any(page.waiting for page in self.all_pages)

    def demonstrate(self) -> None:
        """Three random sources, each giving its share."""
        space = self.session.space
        if space is not None and not sources_here(self.session):
            for _ in range(3):
                self.sources.add_random()

    def settings_to_save(self) -> dict[str, object]:
        return {"page": self.pages.currentIndex(), "tab": self.tabs.currentIndex()}

    def restore_settings(self, saved: dict[str, object]) -> None:
        for tabs, key in ((self.pages, "page"), (self.tabs, "tab")):
            at = saved.get(key)
            if isinstance(at, int) and 0 <= at < tabs.count():
                tabs.setCurrentIndex(at)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self.refresh()

    # What one can do

    def shuffle(self) -> None:
        """A source for each group by chance, every time another mix."""
        count, recipe = len(self.scene.codes), self.scene.recipe
        if count < 2 or not self.scene.groups:
            return
        chosen = recipe.chosen
        while chosen == recipe.chosen:
            chosen = tuple(random.randrange(count) for _ in self.scene.groups)
        self.session.set_recipe(replace(recipe, chosen=chosen))

    # Drawing

    def refresh(self) -> None:
        """Sources, groups or choices changed: every page gets the new scene, the one in front draws it."""
        if not self.isVisible():
            self._stale = True
            return
        self._stale = False
        self.sources.refresh()
        info = self.session.model
        codes = self._codes(info)
        recipe, groups, message = self._resolve(info, len(codes))
        knobs = tuple(sorted(self.session.code.options.items())) if self.session.code else ()
        self.scene = Scene(info, codes, tuple(groups), recipe, message, knobs)
        self.split.show_recipe(recipe, message)
        for page in self.all_pages:
            page.show_scene(self.scene)

    def _codes(self, info: ModelInfo | None) -> Array:
        """The sources' packed codes, A being the current one where it follows."""
        if info is None:
            return np.zeros((0, 0), np.float32)
        codes = [source.code for source in sources_here(self.session)]
        if codes and self.sources.follow.isChecked() and self.session.code is not None:
            codes[0] = self.session.code
        return mixing.settled(info.space, codes)

    def _resolve(self, info: ModelInfo | None, count: int) -> tuple[Recipe, list[Group], str]:
        """The recipe with a choice for each group, the groups, and why there are none."""
        if info is None:
            return Recipe(), [], "Choose a model first."
        if not info.can_generate:
            return Recipe(), [], WHY_NOT[Capability.GENERATES]
        recipe = self._with_split(info, self.session.recipe)
        try:
            plain = self._split(info, recipe)
        except BadRequest as error:
            return recipe, [], str(error)
        if not plain:
            return recipe, [], "Measuring the principal directions…"
        grouping = self.session.grouping
        groups = mixing.with_names(plain, grouping.names, grouping.joined)
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
        self._ticket = self.host.ask(
            "directions", info.path, options=options, priority=Priority.PREVIEW, on_result=done, on_error=done
        )

    # The widgets

    def _build(self) -> None:
        self.sources = SourcesBox(self.services)
        self.split = SplitRow(self.session)
        self.first = ResultPage(self.services)
        self.result, self.groups, self.tabs = self.first.result, self.first.groups, self.first.tabs
        self.table, self.analogies = self.first.table, self.first.analogies
        self.whole_table = TablePage(self.services, self.judge)
        self.strips = StripsPage(self.services)
        self.traversals = TraversalsPage(self.services)
        self.oracle = OraclePage(self.services, self.judge)
        self.all_pages: tuple[Page, ...] = (
            self.first, self.whole_table, self.strips, self.traversals, self.oracle,
        )  # fmt: skip
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        self.pages.setAccessibleName("Pages of Mix")
        for at, page in enumerate(self.all_pages):
            self.pages.addTab(page, page.title)
            self.pages.setTabToolTip(at, page.tip)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.split)
        column.addWidget(self.pages, 1)
        whole = QSplitter(Qt.Orientation.Horizontal)
        whole.addWidget(self.sources)
        whole.addWidget(right)
        whole.setStretchFactor(1, 1)
        whole.setSizes([170, 600])
        whole.setChildrenCollapsible(False)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 8, 8)
        box.addWidget(whole)

    def _connect(self) -> None:
        session = self.session
        for signal in (
            session.model_changed, session.models_changed, session.sources_changed,
            session.recipes_changed, session.groupings_changed,
        ):  # fmt: skip
            signal.connect(self.refresh)
        session.favourites_changed.connect(self.sources.refresh)
        session.image_dropped.connect(self._take_image)
        session.code_changed.connect(self._on_code)
        self.groups.shuffled.connect(self.shuffle)
        self.result.image_dropped.connect(self.sources.add_image)
        self.sources.follow.toggled.connect(lambda _: self.refresh())

    def _on_code(self) -> None:
        """Of the current code only its knobs matter here, unless A follows it."""
        knobs = dict(self.session.code.options) if self.session.code else {}
        if knobs != self._knobs or self.sources.follow.isChecked():
            self._knobs = knobs
            self.refresh()

    def _take_image(self, image: Image) -> None:
        """An image dropped anywhere is meant for the panel that is in front."""
        if self.isVisible():
            self.sources.add_image(image)


PANEL = MixPanel
