"""Pieces of the Map panel: the card beside the pointer, the line about quality, the strip of a path."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QPointF, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from backends.api import Array, Capability, Code, LatentSpace, ModelInfo, Priority, Reply
from explorer.latent.cloud import Cloud, Colouring
from explorer.latent.mapping import Places, Quality, standardised
from explorer.latent.paths import walk_through
from explorer.model.asking import PREVIEW, settled_options
from explorer.panels.base import Services
from explorer.widgets.images import Image, ImageGrid, ImageView
from explorer.workers.growing import Growing

CARD = 112  # pixels of the picture in the card
DOUBT = (
    "This map is mostly noise: these codes have no neighbourhoods that a plane could show, as is usual "
    "for codes drawn from a prior of many dimensions."
)


class HoverCard(QFrame):
    """The image of the point under the pointer, and what is known of it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._room = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.view = ImageView()
        self.view.setFixedSize(CARD, CARD)
        self.caption = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self.caption.setWordWrap(True)
        self.caption.setFixedWidth(CARD)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(2)
        column.addWidget(self.view)
        column.addWidget(self.caption)
        self.hide()

    def show_at(self, place: QPointF, image: Image, text: str) -> None:
        """Beside `place` (in the parent), inside the parent."""
        self.view.show_image(image)
        self.caption.setText(text)
        self.adjustSize()
        room, size = self._room.size(), self.size()
        x = place.x() + 18 if place.x() + 18 + size.width() < room.width() else place.x() - 18 - size.width()
        y = min(max(place.y() - size.height() / 2, 2), room.height() - size.height() - 2)
        self.move(QPoint(round(x), round(y)))
        self.show()
        self.raise_()


class QualityLine(QWidget):
    """How far the map can be trusted; where it is mostly noise, says so and offers a better source."""

    better_asked = Signal(str)  # the source offered

    def __init__(self) -> None:
        super().__init__()
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setToolTip(
            "Trustworthiness: whether neighbours on the map are neighbours in the space. Kept: how many "
            "neighbours of the space are neighbours on the map."
        )
        self.better = QPushButton()
        self.better.setAccessibleName("Try what the map could be made from instead")
        self._source = ""
        self.better.clicked.connect(lambda: self.better_asked.emit(self._source))
        self.better.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.text, 1)
        row.addWidget(self.better)

    def say(self, text: str) -> None:
        """Something else than a quality."""
        self.text.setText(text)
        self.better.hide()

    def judge(self, quality: Quality, note: str, offer: tuple[str, str] | None) -> None:
        """Show a quality; `offer` is a source (name, text of the button) to try when it is doubtful."""
        parts = [note, quality.sentence()]
        if quality.doubtful:
            parts.insert(0, DOUBT)
        self.say(" ".join(part for part in parts if part))
        self.better.setVisible(quality.doubtful and offer is not None)
        if offer is not None:
            self._source = offer[0]
            self.better.setText(offer[1])


class Locator:
    """Puts codes on a finished map: at once by their numbers, or by the features of their images.

    Calls `tell(places [M, 2], off [M])`; see `Places.place`.
    """

    def __init__(self, services: Services, info: ModelInfo, places: Places, by_features: bool) -> None:
        self.services, self.info, self.places = services, info, places
        self.by_features = by_features

    def locate(self, channel: str, codes: Array, tell: Callable[[Array, Array], None]) -> None:
        """Where these packed codes `[M, D]` are."""
        if not self.by_features:
            tell(*self.places.place(standardised(self.info.space, codes)))
            return
        self.services.host.show(
            channel, "generate", self.info.path, arrays={"codes": codes}, priority=Priority.PREVIEW,
            options=settled_options(self.services.session.code, PREVIEW),
            gives_way=self.info.can(Capability.PARTIAL),
            on_result=lambda reply: self.locate_images(channel, reply.arrays["images"], tell),
        )  # fmt: skip

    def locate_images(self, channel: str, images: Image, tell: Callable[[Array, Array], None]) -> None:
        """Where these images `[M, H, W, C]` are, by their features."""

        def found(reply: Reply) -> None:
            tell(*self.places.place(reply.arrays["features"]))

        self.services.host.show(
            f"{channel}.features", "classify", self.info.classifier, arrays={"images": images},
            priority=Priority.PREVIEW, on_result=found,
        )  # fmt: skip


class PathStrip(ImageGrid):
    """The pictures of the session's path, in one row; `walked(codes [n, D], images)` when they are there."""

    walked = Signal(object, object)

    def __init__(self, services: Services) -> None:
        super().__init__("", columns=0)
        self.services = services
        self.codes: Array | None = None
        self.busy = False
        self.setFixedHeight(84)
        self.setAccessibleName("Pictures of the path")
        self.setToolTip("The walk between the two points; click a picture to make its code the current one")
        self.clicked.connect(self._on_clicked)
        self.hide()

    def follow(self, info: ModelInfo | None) -> None:
        """Show the session's path if it is one of this model, else nothing."""
        path = self.services.session.state.path
        if info is None or path.model != info.path or len(path.codes) < 2:
            self.codes = None
            self.hide()
            return
        self.codes = codes = walk_through(info.space, list(path.codes), path.steps, path.how)
        self.columns = len(codes)
        self.busy = True
        growing = Growing(len(codes))

        def some(reply: Reply) -> None:
            self.show_images(growing.take(reply))
            self.show()

        def came(reply: Reply) -> None:
            self.busy = False
            self.show_images(reply.arrays["images"])
            self.show()
            self.walked.emit(codes, reply.arrays["images"])

        def failed(reply: Reply) -> None:
            self.busy = False
            self.services.notices.problem.emit(reply.data.get("what", ""), reply.data.get("advice", ""))

        self.services.host.show(
            "map.strip", "generate", info.path, arrays={"codes": codes}, on_result=came, on_error=failed,
            priority=Priority.PREVIEW, options=settled_options(path.codes[0], PREVIEW),
            gives_way=info.can(Capability.PARTIAL), on_partial=some,
        )  # fmt: skip

    def _on_clicked(self, index: int) -> None:
        session = self.services.session
        if self.codes is not None and session.space is not None:
            session.set_code(session.code_at(self.codes[index]), "Step of the path")


def packed(space: LatentSpace, code: Code) -> Array:
    """A code as it generates, truncation applied: `[1, D]`."""
    return space.truncate(space.pack(code)[None], code.truncation)


def describe_point(cloud: Cloud, colouring: Colouring, row: int) -> str:
    """The card's caption: the class and how sure the classifier is of it, or the number."""
    if colouring.labels is None:
        return "" if colouring.values is None else f"{float(colouring.values[row]):.3g}"
    said = colouring.names[int(colouring.labels[row])]
    if cloud.confidence is not None and colouring.labels is cloud.labels:
        said += f"  {float(cloud.confidence[row]):.0%}"
    return said
