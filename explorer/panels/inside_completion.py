"""The page of Inside on which parts of a picture are erased, and the model paints them anew."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSpinBox, QToolButton, QVBoxLayout, QWidget

from backends.api import Knob, Reply
from explorer.latent.variants import variants
from explorer.model.asking import options_of
from explorer.panels.base import Services
from explorer.panels.code_actions import MOST_SEED
from explorer.panels.inside_page import Page
from explorer.panels.inside_source import SourceBar
from explorer.widgets.flow import flowing
from explorer.widgets.images import Image
from explorer.widgets.knob_rows import KnobRows
from explorer.widgets.mask_view import AREAS, MaskView

BRUSH = Knob("brush", "Brush", 0.5, 8.0, 2.0, help="Radius of the brush, in pixels of the picture")
COUNT = Knob("count", "Completions", 1, 9, 4, whole=True, help="How many ways to complete it, a seed each")
SIGNS = {  # what is erased, in black
    "top": "▀", "bottom": "▄", "left": "▌", "right": "▐", "upper left": "▘", "upper right": "▝",
    "lower left": "▖", "lower right": "▗", "middle": "▣", "everything": "█",
}  # fmt: skip
NOTHING = "Erase something: press a button below the picture, or draw on it with the mouse."
FIRST = "bottom"  # erased until somebody erases something else


class CompletionPage(Page):
    """The picture with holes on the left, its completions by seed on the right."""

    title = "Completion"

    def __init__(self, services: Services, source: SourceBar) -> None:
        super().__init__(services, source, NOTHING)
        self._strokes = 0  # of the brush and the buttons: the mask is changed in place
        self._fresh = True
        self._seeds: list[int] = []
        self._build()
        self._connect()

    def key(self) -> object:
        code, wishes = self.session.code, (self.count(), self.seed.value(), self._strokes)
        return (super().key(), id(code), *wishes)

    def count(self) -> int:
        """How many completions are asked for."""
        return int(self.knobs.values()["count"])

    def renew(self) -> None:
        """Other seeds."""
        self.seed.setValue(random.randrange(1_000_000))

    def go_on(self) -> None:
        """The completion that was clicked becomes the picture that is looked at."""
        if 0 <= self.sheet.selected < len(self.sheet.images):
            self.source.take(self.sheet.images[self.sheet.selected])

    def ask(self, quality: str) -> None:
        self.source.picture(quality, partial(self._ask, quality))

    def _ask(self, quality: str, image: Image) -> None:
        model, code = self.session.model, self.session.code
        if model is None or code is None or not self.isVisible():
            return
        self.holes.show_image(image)
        if self._fresh:
            self._fresh = False
            self.holes.erase(FIRST)  # which asks
            return
        if self.holes.known.all():
            self.stop()
            self.sheet.show_sheet([])
            self._select(-1)
            return
        seeds = self._seeds = [self.seed.value() + i for i in range(self.count())]
        known = self.holes.known.astype("uint8")
        arrays = {
            "images": image[None].repeat(len(seeds), 0), "known": known[None].repeat(len(seeds), 0),
            "codes": variants(model.space, code, seeds),
        }  # fmt: skip
        self.send(model, "complete", arrays, options_of(code, quality))

    def show_reply(self, reply: Reply) -> None:
        images = reply.arrays["images"]
        columns = max(1, round(len(images) ** 0.5))
        self.sheet.show_sheet(images, [f"seed {seed}" for seed in self._seeds], columns)

    def _drawn(self) -> None:
        self._strokes += 1
        self.refresh()

    def _select(self, index: int) -> None:
        self.sheet.select(index)
        self.going_on.setEnabled(index >= 0)

    def _build(self) -> None:
        self.holes = MaskView("The picture appears here.")
        self.holes.setAccessibleName("Picture with what is erased")
        self.holes.setToolTip("Draw to erase; the right button brings back")
        self.sheet.setAccessibleName("Completions")
        self.sheet.setToolTip("Click a completion to choose it")
        self.brush, self.knobs = KnobRows(), KnobRows()
        self.brush.show_knobs([BRUSH])
        self.knobs.show_knobs([COUNT])
        self.seed = QSpinBox(maximum=MOST_SEED, prefix="seed ")
        self.seed.setKeyboardTracking(False)
        self.seed.setFixedWidth(120)
        self.seed.setAccessibleName("First seed of the completions")
        self.seed.setToolTip("Seed of the first completion; the others follow it")
        self.fresh = _button("New seeds", "Other completions of the same picture")
        self.going_on = _button("Go on with it", "Look at the chosen completion from now on")
        self.going_on.setEnabled(False)
        left, right = QVBoxLayout(), QVBoxLayout()
        left.addWidget(self.holes, 1)
        left.addWidget(self._erasers())
        left.addWidget(self.brush)
        seeds = QHBoxLayout()
        seeds.addWidget(self.fresh)
        seeds.addWidget(self.seed)
        seeds.addStretch(1)
        right.addWidget(self.sheet, 1)
        right.addLayout(seeds)
        right.addWidget(self.knobs)
        middle = QHBoxLayout()
        middle.setSpacing(12)
        middle.addLayout(left, 1)
        middle.addLayout(right, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        below = QHBoxLayout()
        below.addWidget(self.said, 1)
        below.addWidget(self.going_on)
        column.addLayout(middle, 1)
        column.addLayout(below)

    def _erasers(self) -> QWidget:
        tools = []
        for area in AREAS:
            where = area if area == "everything" else f"the {area}"
            tools.append(_tool(SIGNS[area], f"Erase {where}", partial(self.holes.erase, area)))
        tools.append(_tool("Invert", "Erase what is there, bring back what isn't", self.holes.invert))
        tools.append(_tool("Clear", "Bring everything back", self.holes.clear))
        return flowing(*tools, gap=4)

    def _connect(self) -> None:
        self.holes.finished.connect(self._drawn)
        self.brush.moved.connect(lambda _, radius: setattr(self.holes, "brush", radius))
        self.knobs.moved.connect(lambda *_: self.refresh(moving=True))
        self.knobs.let_go.connect(self.quality.finish)
        self.seed.valueChanged.connect(lambda _: self.refresh())
        self.fresh.clicked.connect(self.renew)
        self.going_on.clicked.connect(self.go_on)
        self.sheet.clicked.connect(self._select)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    return button


def _tool(text: str, tip: str, act: Callable[[], None]) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setAccessibleName(tip)
    button.setToolTip(tip)
    button.clicked.connect(lambda: act())
    return button
