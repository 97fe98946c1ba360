"""The page of Inside that shows what a family shows of its inside: film strips, filters, maps."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QVBoxLayout

from backends.api import Reply, View
from explorer.model.asking import options_of
from explorer.panels.base import Services
from explorer.panels.inside_page import Page
from explorer.panels.inside_source import SourceBar
from explorer.widgets.images import Image
from explorer.widgets.knob_rows import KnobRows


class ViewPage(Page):
    """The view that was chosen, its knobs above, its sentence below. Knobs are remembered for each view."""

    title = "View"

    def __init__(self, services: Services, source: SourceBar) -> None:
        super().__init__(services, source, "The pictures of this view appear here.")
        self.view: View | None = None
        self.remembered: dict[str, dict[str, float]] = {}
        self.knobs = KnobRows()
        self.sheet.setAccessibleName("Pictures of the view")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.knobs)
        column.addWidget(self.sheet, 1)
        column.addWidget(self.said)
        self.knobs.moved.connect(self._turn)
        self.knobs.let_go.connect(self.quality.finish)

    def show_view(self, view: View) -> None:
        """Show another view."""
        if view is self.view:
            return
        self.stop()
        self.view, self._key = view, None
        self.needs_image = view.needs == "image"
        # What the model has as a knob itself stands in the code, and in the latent dock.
        own = {knob.name for knob in self.session.model.knobs} if self.session.model else set()
        self.knobs.show_knobs([knob for knob in view.knobs if knob.name not in own])
        self.knobs.show_values(self.remembered.get(view.name, {}))
        self.sheet.show_sheet([])
        self.said.clear()
        self.refresh()

    def key(self) -> object:
        name = self.view.name if self.view else ""
        depends = super().key() if self.view and self.view.needs else self.session.state.model
        return (depends, name, self.knobs.values())

    def ask(self, quality: str) -> None:
        if self.view is not None and self.view.needs == "image":
            self.source.picture(quality, lambda image: self._ask(quality, image))
        else:
            self._ask(quality, None)

    def _ask(self, quality: str, image: Image | None) -> None:
        model, code, view = self.session.model, self.session.code, self.view
        if model is None or code is None or view is None or not self.isVisible():
            return
        arrays: dict[str, np.ndarray] = {"images": image[None]} if image is not None else {}
        if view.needs == "code":
            arrays = {"codes": model.space.pack(code)[None]}
        options = {**options_of(code, quality), **self.knobs.values(), "name": view.name}
        self.send(model, "view", arrays, options)

    def show_reply(self, reply: Reply) -> None:
        data = reply.data
        self.sheet.show_sheet(reply.arrays["images"], data.get("captions", ()), int(data.get("columns", 0)))
        self.said.setText(str(data.get("text", "")))

    def _turn(self, *_: object) -> None:
        assert self.view is not None
        self.remembered[self.view.name] = self.knobs.values()
        self.refresh(moving=True)
