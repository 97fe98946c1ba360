"""The page of Inside that says how likely the model finds a picture, and which pixels surprise it."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout

from backends.api import ModelInfo, Reply
from explorer.latent.surprise import Judged, comparison, heat_maps
from explorer.panels.base import Services
from explorer.panels.inside_page import Page
from explorer.panels.inside_source import SourceBar
from explorer.widgets.images import Image
from explorer.widgets.sheet_view import in_one_size

NO_MAP = "This model says how likely the whole picture is, not how likely each pixel."


class LikelihoodPage(Page):
    """The picture beside its heat map; a held one below, on the same scale."""

    title = "Likelihood"

    def __init__(self, services: Services, source: SourceBar) -> None:
        super().__init__(services, source, "The picture appears here with its likelihood.")
        self.judged: Judged | None = None
        self.held: Judged | None = None
        self._model: ModelInfo | None = None  # what it was that judged
        self._image: Image | None = None  # on its way to be judged
        self.sheet.setAccessibleName("Picture and surprise")
        self.hold = QPushButton("Hold for comparison")
        self.hold.setToolTip("Keep this picture with its numbers beside the next ones")
        self.release = QPushButton("Let go")
        self.release.setToolTip("Stop comparing with the held picture")
        row = QHBoxLayout()
        row.addWidget(self.said, 1)
        row.addWidget(self.hold)
        row.addWidget(self.release)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.sheet, 1)
        column.addLayout(row)
        self.hold.clicked.connect(self.hold_it)
        self.release.clicked.connect(self.let_go)
        self._show()

    def hold_it(self) -> None:
        """Keep the picture that is shown, to compare others with it."""
        self.held = self.judged
        self._show()

    def let_go(self) -> None:
        """Nothing is held any more."""
        self.held = None
        self._show()

    def ask(self, quality: str) -> None:
        self.source.picture(quality, self._ask)

    def _ask(self, image: Image) -> None:
        model = self.session.model
        if model is None or not self.isVisible():
            return
        if model is not self._model:  # the nats of two models don't compare
            self._model, self.judged, self.held = model, None, None
        self._image = image
        self.send(model, "likelihood", {"images": image[None]}, {})

    def show_reply(self, reply: Reply) -> None:
        if reply.kind == "result" and self._image is not None:
            parts = reply.arrays["map"][0] if "map" in reply.arrays else None
            self.judged = Judged(self._image, float(reply.arrays["nats"][0]), parts)
            self._show()

    def _show(self) -> None:
        self.hold.setEnabled(self.judged is not None and self.judged is not self.held)
        self.release.setVisible(self.held is not None)
        if self.judged is None:
            self.sheet.show_sheet([])
            self.said.clear()
            return
        shown = [self.judged] if self.held in (None, self.judged) else [self.judged, self.held]
        shown = [judged for judged in shown if judged is not None]
        maps, ends = heat_maps(shown)
        images, captions = [], []
        for index, judged in enumerate(shown):
            images.append(judged.image)
            captions.append("held" if index else "picture")
            if maps:
                images.append(maps[index])
                captions.append("surprise")
        self.sheet.show_sheet(in_one_size(images), captions, 2 if maps else 0)
        self.said.setText(_sentences(shown, ends if maps else None))


def _sentences(shown: list[Judged], ends: tuple[float, float] | None) -> str:
    lines = [f"log p(x) = {shown[0].sentence()}."]
    if len(shown) > 1:
        lines += [f"Held: {shown[1].sentence()}.", comparison(*shown)]
    if ends is None:
        return " ".join([*lines, NO_MAP])
    low, high = (f"{end:.2f}".replace("-", "−") for end in ends)
    return " ".join([*lines, f"Dark pixels are expected ({low} nats), yellow ones surprise ({high})."])
