"""Which picture Inside looks at: that of the current code, or one that was opened or dropped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QPushButton, QWidget

from backends.api import Capability, Code, ModelInfo, Reply
from explorer.latent.compare import like
from explorer.model.asking import FULL, options_of
from explorer.panels.base import Services
from explorer.panels.files import ask_for_picture, read_picture, unreadable
from explorer.widgets.controls import switch
from explorer.widgets.images import Image, ImageView

CHANNEL = "inside source"
THUMBNAIL = 40


class SourceBar(QWidget):
    """`changed` when another picture is looked at; `picture` brings it in the model's size."""

    changed = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services, self.session, self.host = services, services.session, services.host
        self.own: Image | None = None  # as it was opened, uint8 [h, w, 3]
        self._made: tuple[ModelInfo, Code, Image] | None = None  # the whole picture of a code
        self._build()

    @property
    def follows_code(self) -> bool:
        """Whether the picture is that of the current code."""
        return self.current.isChecked()

    def take(self, image: Image) -> None:
        """Look at an image, uint8 `[h, w, C]` of any size."""
        self.own = image
        self.mine.setChecked(True)
        self.changed.emit()

    def picture(self, quality: str, then: Callable[[Image], None]) -> None:
        """Call `then` with the picture, uint8 `[H, W, C]` as the model reads it, now or when it is made."""
        model, code = self.session.model, self.session.code
        if model is None or code is None:
            return
        if not self.follows_code and self.own is not None:
            self._show(fitted(self.own, model.image_shape), then)
        elif self._made is not None and self._made[0] is model and self._made[1] is code:
            self._show(self._made[2], then)
        else:
            self._make(model, code, quality, then)

    def stop(self) -> None:
        """Nobody waits for the picture any more."""
        self.host.give_up(CHANNEL)

    def _make(self, model: ModelInfo, code: Code, quality: str, then: Callable[[Image], None]) -> None:
        def made(reply: Reply) -> None:
            image = reply.arrays["images"][0]
            if quality == FULL:
                self._made = (model, code, image)
            self._show(image, then)

        self.host.show(
            CHANNEL, "generate", model.path, arrays={"codes": model.space.pack(code)[None]},
            options=options_of(code, quality), gives_way=model.can(Capability.PARTIAL),
            on_result=made,
        )  # fmt: skip

    def _show(self, image: Image, then: Callable[[Image], None]) -> None:
        self.thumbnail.show_image(image)
        then(image)

    def open_image(self) -> None:
        """Ask for an image file and look at it."""
        ask_for_picture(self, "Open an image", self._open)

    def _open(self, file: str) -> None:
        if (image := read_picture(file, self.services.notices)) is not None:
            self.take(image)

    def _unreadable(self, file: str) -> None:
        unreadable(file, self.services.notices)

    def _choose(self) -> None:
        if self.mine.isChecked() and self.own is None:
            self.current.setChecked(True)
            self.open_image()
        else:
            self.changed.emit()

    def _build(self) -> None:
        self.thumbnail = ImageView()
        self.thumbnail.setMinimumSize(THUMBNAIL, THUMBNAIL)
        self.thumbnail.setFixedSize(THUMBNAIL, THUMBNAIL)
        self.thumbnail.setAccessibleName("Picture that is looked at")
        self.thumbnail.setToolTip("The picture that is looked at; drop an image anywhere here")
        self.current = switch("Current picture", "Look at the picture of the current code")
        self.mine = switch("Own image", "Look at the image that was opened or dropped")
        self.opening = QPushButton("Open…")
        self.opening.setAccessibleName("Open an image")
        self.opening.setToolTip("Look at an image from a file, or drop one here")
        self.current.setChecked(True)
        group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        label = QLabel("Look at")
        label.setBuddy(self.current)
        row.addWidget(self.thumbnail)
        row.addWidget(label)
        for button in (self.current, self.mine):
            group.addButton(button)
            row.addWidget(button)
        row.addWidget(self.opening)
        row.addStretch(1)
        group.buttonClicked.connect(self._choose)
        self.opening.clicked.connect(self.open_image)
        self.thumbnail.image_dropped.connect(self.take)
        self.thumbnail.file_dropped.connect(self._unreadable)


def fitted(image: Image, shape: tuple[int, int, int]) -> Image:
    """The middle of an image `[h, w, C]` in a model's proportions, size and channels: `[H, W, C]`."""
    high, wide = image.shape[:2]
    height, width, channels = shape
    proportion = height / width
    tall, broad = max(1, min(high, round(wide * proportion))), max(1, min(wide, round(high / proportion)))
    top, left = (high - tall) // 2, (wide - broad) // 2
    middle = image[top : top + tall, left : left + broad]
    return like(np.ascontiguousarray(middle), np.zeros((height, width, channels), np.uint8))
