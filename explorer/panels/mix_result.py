"""The first page of Mix: the mix itself, from whom each group comes, and small tables below."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget

from backends.api import Array, Capability, Code, ModelInfo, Priority, Reply
from explorer.latent import mixing
from explorer.latent.mixing import LETTERS
from explorer.model import export
from explorer.model.asking import settled_options
from explorer.model.files import BadFile
from explorer.model.state import Favourite
from explorer.panels.base import Services
from explorer.panels.files import ask_to_save
from explorer.panels.mix_groups import GroupsBox
from explorer.panels.mix_page import Page, Scene
from explorer.panels.mix_tables import AnalogyRow, CornerGrid, TransferTable
from explorer.panels.quality import Quality
from explorer.widgets.controls import button
from explorer.widgets.flow import flowing
from explorer.widgets.images import ImageView
from explorer.widgets.waiting import Waiting
from explorer.workers.host_client import Ticket

EMPTY = "The mix appears here. Add two sources first: press “Random” twice, or drop an image on “Sources”."


class ResultPage(Page):
    """The mix and its groups above; every group into every other, chains and grids below."""

    title = "Mix"
    tip = "Each group from the source you choose"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.code: Code | None = None  # of the mix that is shown
        self._wanted: tuple[ModelInfo, Array, Code] | None = None  # the mix that is asked for
        self._ticket: Ticket | None = None
        self._tabled: dict[int, object] = {}
        self.quality = Quality(self.session, self)
        self._build()
        self.quality.wanted.connect(self._ask)

    @property
    def waiting(self) -> bool:
        mixing_on = self._ticket is not None and not self._ticket.done
        tables = any(table.waiting for table in (self.table, self.analogies, self.corners))
        return mixing_on or tables or self.quality.due or self.groups.building

    def choices(self) -> object:
        recipe = self.scene.recipe
        return (recipe.chosen, recipe.amounts)

    def draw(self, scene: Scene) -> None:
        info, codes = scene.info, scene.codes
        self.groups.show_groups(scene.groups, len(codes), scene.recipe, scene.message)
        self._draw_table()
        if info is None or not len(codes) or not scene.groups:
            self.give_up()
            self.code = None
            self.result.show_image(None)
            self._enable(False)
            return
        mixed = mixing.mix(info.space, codes, scene.groups, scene.recipe.chosen, scene.recipe.amounts)
        self._wanted = (info, mixed, self.session.code_at(mixed))
        self.quality.want(moving=info.can(Capability.PARTIAL) and self.session.moving)

    def _ask(self, quality: str) -> None:
        assert self._wanted is not None
        info, mixed, code = self._wanted

        def done(reply: Reply) -> None:
            if self._ticket is not None and reply.stamp == self._ticket.request.stamp:
                self.making.end()
            if reply.kind == "error":
                self.services.notices.problem.emit(*reply.problem)
                return
            self.code = code
            self.result.show_image(reply.arrays["images"][0])
            self._enable(True)

        self._ticket = self.host.show(
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

    def _draw_table(self) -> None:
        """The table in front; it depends on sources and groups only, not on what is chosen."""
        scene, at = self.scene, self.tabs.currentIndex()
        if self._tabled.get(at) == scene.key:
            return
        self._tabled[at] = scene.key
        if at == 0:
            self.table.refresh(scene.info, scene.codes, list(scene.groups))
        elif at == 1:
            self.analogies.refresh(scene.info, scene.codes)
        else:
            self.corners.refresh(scene.info, scene.codes)

    # What one can do

    def use(self) -> None:
        """The mix becomes the current code."""
        if self.code is not None:
            self.session.set_code(self.code, "Use the mix")

    def keep(self) -> None:
        """The mix becomes a favourite."""
        info, image = self.session.model, self.result.array
        if info is not None and self.code is not None and image is not None:
            thumbnail = image.repeat(3, 2) if image.shape[2] == 1 else image
            letters = LETTERS[: len(self.scene.codes)]
            self.session.add_favourite(Favourite(info.path, self.code, thumbnail, f"mix of {letters}"))
            self.services.notices.told.emit("The mix is among the favourites.")

    def ask_export(self) -> None:
        ask_to_save(self, self.services.settings, "Export the mix", "mix.png", self.export_to)

    def export_to(self, file: Path) -> None:
        """Write the mix as PNG that knows its code, and the table beside it as NAME-table.png."""
        info, image = self.session.model, self.result.array
        if info is None or self.code is None or image is None:
            return
        try:
            origin = export.Origin(self.code, info.name, info.checksum)
            export.write_png(file, export.enlarged(image), origin)
            shown, columns = self.table.pictures()
            if shown:
                sheet = export.sheet(export.enlarged(np.stack(shown), 64), columns)
                export.write_png(file.with_name(f"{file.stem}-table.png"), sheet)
        except BadFile as error:
            self.services.notices.problem.emit(error.what, error.advice)
            return
        self.services.notices.told.emit(f"Saved {file.name}")

    # The widgets

    def _build(self) -> None:
        self.groups = GroupsBox(self.session)
        self.result = ImageView(EMPTY)
        self.result.setAccessibleName("The mix")
        self.table = TransferTable(self.services)
        self.analogies = AnalogyRow(self.services)
        self.corners = CornerGrid(self.services)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.table, "Every group into every other")
        self.tabs.addTab(self.analogies, "A − B + C")
        self.tabs.addTab(self.corners, "Grid of corners")
        self.tabs.currentChanged.connect(lambda _: self._draw_table())
        top = QSplitter(Qt.Orientation.Horizontal)
        top.addWidget(self._middle())
        top.addWidget(self.groups)
        top.setSizes([300, 280])
        top.setChildrenCollapsible(False)
        whole = QSplitter(Qt.Orientation.Vertical)
        whole.addWidget(top)
        whole.addWidget(self.tabs)
        whole.setStretchFactor(0, 3)
        whole.setStretchFactor(1, 2)
        whole.setSizes([330, 270])
        whole.setChildrenCollapsible(False)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 6, 0, 0)
        box.addWidget(whole)

    def _middle(self) -> QWidget:
        self.use_button = button("Use", self.use, "Make the mix the current code")
        self.keep_button = button("Keep", self.keep, "Keep the mix as a favourite")
        self.export_button = button("Export…", self.ask_export, "Save the mix and its table as PNG")
        self._enable(False)
        row = flowing(self.use_button, self.keep_button, self.export_button, gap=4)
        middle = QWidget()
        box = QVBoxLayout(middle)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.result, 1)
        self.making = Waiting("Mixing")
        box.addWidget(self.making)
        box.addWidget(row)
        return middle

    def _enable(self, there: bool) -> None:
        for widget in (self.use_button, self.keep_button, self.export_button):
            widget.setEnabled(there)
            widget.setToolTip(widget.accessibleName() if there else "There is no mix yet: add two sources.")
