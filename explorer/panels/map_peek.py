"""The card beside the pointer: the image of the point under it, or what would be between the points."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from backends.api import Capability, Priority, Reply
from explorer.latent.maps.inverse import Inverse
from explorer.model.asking import PREVIEW, settled_options
from explorer.panels.base import Services
from explorer.widgets.images import Image, ImageView
from explorer.workers.aside import Aside

if TYPE_CHECKING:
    from explorer.panels.map import MapPanel, Mapped

CARD = 112  # pixels of the picture in the card
CHANNEL = "map.between"


class HoverCard(QFrame):
    """The image of a point and what is known of it; between points a guess beside the nearest real one."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._room = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.view, self.beside = ImageView(), ImageView()
        self.caption, self.beside_caption = QLabel(), QLabel()
        grid = QGridLayout(self)
        grid.setContentsMargins(4, 4, 4, 4)
        grid.setSpacing(2)
        for column, (view, caption) in enumerate(
            ((self.view, self.caption), (self.beside, self.beside_caption))
        ):
            view.setFixedSize(CARD, CARD)
            caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
            caption.setWordWrap(True)
            caption.setFixedWidth(CARD)
            grid.addWidget(view, 0, column)
            grid.addWidget(caption, 1, column)
        self.hide()

    def show_at(
        self, place: QPointF, image: Image | None, text: str, beside: Image | None = None, said: str = ""
    ) -> None:
        """Beside `place` (in the parent), inside the parent; `beside` is a second image with its words."""
        self.view.show_image(image)
        self.view.setVisible(image is not None)
        self.caption.setText(text)
        for widget in (self.beside, self.beside_caption):
            widget.setVisible(beside is not None)
        self.beside.show_image(beside)
        self.beside_caption.setText(said)
        self.adjustSize()
        room, size = self._room.size(), self.size()
        x = place.x() + 18 if place.x() + 18 + size.width() < room.width() else place.x() - 18 - size.width()
        y = min(max(place.y() - size.height() / 2, 2), room.height() - size.height() - 2)
        self.move(QPoint(round(x), round(y)))
        self.show()
        self.raise_()


class Peek:
    """Shows the card of a point after a rest, and at once what would be at a place between points."""

    def __init__(self, panel: MapPanel, services: Services) -> None:
        self.panel, self.services = panel, services
        self.card = HoverCard(panel.scatter)
        self.inverse: Inverse | None = None
        self._aside = Aside("map inverse", panel)
        self._shown = -1  # whose card is up
        self._seen: dict[int, Image] = {}  # images that were made when their points were looked at
        panel.scatter.dwelt.connect(self.show_point)
        panel.scatter.hovered.connect(lambda ident: self.hide_guess() if ident >= 0 else None)
        panel.scatter.between.connect(self.guess)
        panel.scatter.left.connect(self.hide_guess)

    def prepare(self, made: Mapped | None) -> None:
        """Another finished map: the way back from it is built beside the window."""
        self.inverse = None
        self._seen = {}
        self.hide_guess()
        if made is not None and not made.unlike and made.positions.size:
            space, codes, positions = made.info.space, made.cloud.codes, made.positions
            drawn = made.cloud.source not in ("data", "data features", "file")
            self._aside.run(
                lambda: (made, Inverse.of(space, codes, positions, drawn)), lambda found: self._keep(*found)
            )

    def show_point(self, ident: int) -> None:
        """The card of a point, or none for −1."""
        made = self.panel.map
        self._shown = ident
        if ident < 0 or made is None:
            self.card.hide()
            return
        image = self._seen.get(ident) if made.cloud.images is None else made.image(ident)
        self._put_up(ident, image)
        if image is None and not made.unlike:
            self.picture("map.hover", made, [ident], lambda images: self._keep_image(made, ident, images[0]))

    def picture(self, channel: str, made: Mapped, rows: list[int], tell: Callable[[Image], None]) -> None:
        """Make the images of points that have none yet."""
        self.services.host.show(
            channel, "generate", made.info.path, arrays={"codes": made.cloud.codes[rows]},
            options=settled_options(self.services.session.code, PREVIEW), priority=Priority.PREVIEW,
            gives_way=made.info.can(Capability.PARTIAL),
            on_result=lambda reply: tell(reply.arrays["images"]),
        )  # fmt: skip

    def _keep_image(self, made: Mapped, ident: int, image: Image) -> None:
        if made is self.panel.map:
            self._seen[ident] = image
            if self._shown == ident:
                self._put_up(ident, image)

    def _put_up(self, ident: int, image: Image | None) -> None:
        text = self.panel.describe(ident)
        if image is None and not text:
            text = self.panel.name_of(ident)
        self.card.show_at(self.panel.scatter.pixel_of(ident), image, text)

    def guess(self, x: float, y: float) -> None:
        """What would be there, beside the nearest real sample."""
        made, inverse, session = self.panel.map, self.inverse, self.services.session
        if made is None or inverse is None or not made.of(session.model):
            return
        spot = np.array([x, y], np.float32)
        found = inverse.at(spot)
        row, far = int(found.nearest[0]), bool(found.far[0])
        self.panel.scatter.mark_between(spot, made.positions[row])

        def came(reply: Reply) -> None:
            if self.panel.scatter.marks.spot is None or made is not self.panel.map:
                return
            image, place = reply.arrays["images"][0], self.panel.scatter.pixel_at(spot)
            text = "far from the data" if far else "would be here"
            self.card.show_at(place, pale(image) if far else image, text, made.image(row),
                              f"nearest: {self.panel.describe(row)}".rstrip(": "))  # fmt: skip

        self.services.host.show(
            CHANNEL, "generate", made.info.path, arrays={"codes": found.codes}, priority=Priority.PREVIEW,
            options=settled_options(session.code, PREVIEW), on_result=came,
            gives_way=made.info.can(Capability.PARTIAL),
        )  # fmt: skip

    def hide_guess(self) -> None:
        """The pointer is no longer between points."""
        self.panel.scatter.mark_between(None)
        if self.card.beside.isVisibleTo(self.card):
            self.card.hide()

    def _keep(self, made: Mapped, inverse: Inverse) -> None:
        if made is self.panel.map:
            self.inverse = inverse


def pale(image: Image) -> Image:
    """Greyed out: a guess far from any data is no more than that."""
    grey = image.mean(axis=-1, keepdims=True)
    return np.broadcast_to(grey * 0.35 + 110, image.shape).astype(np.uint8)
