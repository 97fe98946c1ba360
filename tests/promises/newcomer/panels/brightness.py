"""Brightness, the smallest panel: how bright the picture of the current code is."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout

from backends.api import Reply
from explorer.model.asking import options_of
from explorer.panels.base import Command, Panel, Services


class BrightnessPanel(Panel):
    """One number, told in words."""

    name = "brightness"
    title = "Brightness"
    order = 95
    tip = "How bright the picture is"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.said = QLabel("Choose a model first.")
        QVBoxLayout(self).addWidget(self.said)
        self.session.code_changed.connect(self.refresh)

    def refresh(self) -> None:
        info, code = self.session.model, self.session.code
        if info is not None and code is not None and self.isVisible():
            self.host.show("brightness", "generate", info.path, arrays={"codes": info.space.pack(code)[None]},
                           options=options_of(code), on_result=self._done)  # fmt: skip

    def _done(self, reply: Reply) -> None:
        self.said.setText(f"{reply.arrays['images'].mean():.1f} of 255")

    def commands(self) -> list[Command]:
        return [Command("brightness.again", "Measure brightness", self.refresh, "View", "", "Measure again")]


PANEL = BrightnessPanel
