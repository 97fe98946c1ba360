"""What Explore shows beside the picture: the manifold of a 2-D latent, samples, or an encoded image."""

from __future__ import annotations

import random

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from backends.api import Array, Code, ModelInfo, Priority, Reply
from explorer.latent import manifold
from explorer.model.asking import PREVIEW, options_of
from explorer.model.export import sheet
from explorer.panels.base import Services
from explorer.widgets.images import Image, ImageGrid, ImageView
from explorer.widgets.point_view import PointView
from explorer.widgets.waiting import Waiting
from explorer.workers.growing import Growing

MANIFOLD_SIDE = 20


class Beside(QWidget):
    """Draws when it is visible and what it shows has changed. Subclasses say what that is."""

    what = ""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services, self.session, self.host = services, services.session, services.host
        self.waiting = Waiting(self.what)
        self.footer = QWidget()  # controls that belong below both pictures
        self._key: object = None
        for signal in (self.session.model_changed, self.session.models_changed, self.session.code_changed):
            signal.connect(self.refresh)
        self.session.locks_changed.connect(self.refresh)

    def refresh(self) -> None:
        """Draw again if something that is shown has changed."""
        if self.isVisible():
            key = self.key()
            if key != self._key:
                self._key = key
                self.waiting.cancel()
                if key is not None:
                    self.draw()
            self.mark()

    def key(self) -> object:
        """What the picture depends on; None when there is nothing to show."""
        raise NotImplementedError

    def draw(self) -> None:
        """Ask for the picture."""
        raise NotImplementedError

    def mark(self) -> None:
        """Mark the current code."""

    def ask(self, model: ModelInfo, codes: Array, truncation: float) -> None:
        """Ask for the pictures of `codes`; they come to `show_images`."""
        options = {**options_of(self.session.code, PREVIEW), "truncation": truncation}
        growing = Growing(len(codes))

        def show(reply: Reply) -> None:
            self.waiting.end()
            self.show_images(reply.arrays["images"])

        def show_some(reply: Reply) -> None:
            self.waiting.tell(reply)
            self.show_growing(growing.take(reply))

        ticket = self.host.ask(
            "generate", model.path, arrays={"codes": codes}, options=options, priority=Priority.PREVIEW,
            on_result=show, on_error=self.on_error, on_progress=self.waiting.tell, on_partial=show_some,
        )  # fmt: skip
        self.waiting.begin(ticket.cancel)

    def show_images(self, images: Image) -> None:
        """The pictures asked for, `[N, H, W, C]`."""
        raise NotImplementedError

    def show_growing(self, images: list[Image | None]) -> None:
        """Those that are there already, of a model that takes long."""

    def on_error(self, reply: Reply) -> None:
        self.waiting.end()
        self.services.notices.problem.emit(*reply.problem)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()


class ManifoldView(Beside):
    """The whole 2-D latent space at once; point into it to go there."""

    what = "Drawing the manifold"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.view = PointView()
        self.view.setAccessibleName("Manifold")
        self.view.setToolTip("Click or drag to go there; arrow keys go step by step")
        self.view.pointed.connect(self._point)
        self.view.released.connect(self.session.end_gesture)
        _row(self.footer).addWidget(QLabel("Equal areas are equally likely: click or drag to go there"))
        column = _column(self)
        column.addWidget(self.view, 1)
        column.addWidget(self.waiting)

    def key(self) -> object:
        model, code = self.session.model, self.session.code
        if model is None or code is None or not manifold.has_manifold(model.space):
            return None
        main = model.space.main.name
        others = [v.tobytes() for name, v in code.values.items() if name != main]
        return (id(model), others, dict(code.options))

    def draw(self) -> None:
        model, code = self.session.model, self.session.code
        assert model is not None
        assert code is not None
        self.ask(model, manifold.grid(model.space, code, MANIFOLD_SIDE), truncation=1.0)

    def show_images(self, images: Image) -> None:
        self.view.show_image(sheet(images, MANIFOLD_SIDE, gap=0))

    def mark(self) -> None:
        space, code = self.session.space, self.session.code
        if space is not None and code is not None and manifold.has_manifold(space):
            # Where the picture comes from: truncation moves it towards the middle.
            truncated = space.truncate(space.pack(code)[None], code.truncation)[0]
            self.view.mark(manifold.spot(space, space.unpack(truncated)))

    def _point(self, u: float, v: float) -> None:
        space, code = self.session.space, self.session.code
        if space is not None and code is not None and manifold.has_manifold(space):
            there = manifold.at(space, code.with_truncation(1.0), u, v)
            self.session.set_code(there, "Point on the manifold", merge="manifold")


class SampleGrid(Beside):
    """Random pictures, one seed each; click one to make it current."""

    what = "Drawing samples"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.first_seed = 0
        self._picked: Code | None = None
        self.grid = ImageGrid("Choose a model: its samples appear here.", gap=3)
        self.grid.setAccessibleName("Samples")
        self.grid.setToolTip("Click a sample to make it current")
        self.side = QSpinBox(minimum=2, maximum=8, value=6, prefix="rows ")
        self.side.setAccessibleName("Rows of samples")
        self.side.setToolTip("How many rows and columns of samples")
        self.fresh = QPushButton("New samples")
        self.fresh.setToolTip("Other seeds")
        self.grid.clicked.connect(self._pick)
        self.side.valueChanged.connect(self.refresh)
        self.fresh.clicked.connect(self.renew)
        row = _row(self.footer)
        row.addWidget(self.fresh)
        row.addWidget(self.side)
        row.addStretch(1)
        column = _column(self)
        column.addWidget(self.grid, 1)
        column.addWidget(self.waiting)

    def renew(self) -> None:
        """Other seeds."""
        self.first_seed = random.randrange(1_000_000)
        self.refresh()

    def key(self) -> object:
        model, code = self.session.model, self.session.code
        if model is None or code is None:
            return None
        locked = tuple(self._locked_values(model, code))
        return (id(model), self.first_seed, self.side.value(), code.truncation, dict(code.options), locked)

    def draw(self) -> None:
        model, code = self.session.model, self.session.code
        assert model is not None
        assert code is not None
        self.grid.columns = side = self.side.value()
        seeds = range(self.first_seed, self.first_seed + side * side)
        codes = model.space.pack_many([model.space.sample(seed) for seed in seeds])
        for column, value in self._locked_values(model, code):
            codes[:, column] = value
        self.ask(model, codes, code.truncation)

    def show_images(self, images: Image) -> None:
        self.grid.select(-1)
        self.grid.show_images(images)

    def show_growing(self, images: list[Image | None]) -> None:
        self.grid.show_images(images)

    def mark(self) -> None:
        if self.session.code is not self._picked:
            self.grid.select(-1)

    def _pick(self, index: int) -> None:
        self.session.set_seed(self.first_seed + index)
        self._picked = self.session.code
        self.grid.select(index)

    def _locked_values(self, model: ModelInfo, code: Code) -> list[tuple[int, float]]:
        """Columns of packed codes that a seed leaves alone, with their values."""
        locks = [(part, d) for path, part, d in sorted(self.session.state.locks) if path == model.path]
        return [(model.space.slices[part].start + d, float(code.values[part][d])) for part, d in locks]


class OriginalView(QWidget):
    """The image that was encoded, and how far the model's reconstruction is from it."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.session = services.session
        self.image: Image | None = None
        self.error = float("nan")
        self._code: Code | None = None
        self.view = ImageView("Drop an image on the picture: the model looks for its code.")
        self.view.setAccessibleName("Original image")
        self.caption = QLabel()
        self.caption.setWordWrap(True)
        self.again = QPushButton("Encode again")
        self.again.setToolTip("Encode this image with the current model")
        self.footer = QWidget()
        row = _row(self.footer)
        row.addWidget(self.caption, 1)
        row.addWidget(self.again)
        _column(self).addWidget(self.view, 1)
        self.session.code_changed.connect(self.refresh)

    def show_encoded(self, image: Image, code: Code, error: float) -> None:
        """`error` is the mean squared error of the reconstruction, pixels in [0, 1]."""
        self.image, self._code, self.error = image, code, error
        self.view.show_image(image)
        self.refresh()

    def refresh(self) -> None:
        self.again.setEnabled(self.image is not None)
        if self.image is None:
            return
        same = self.session.code is self._code
        beside = "its reconstruction beside it" if same else "changed since it was encoded"
        self.caption.setText(f"Original, {beside}. Reconstruction error {self.error:.4f}")


def _row(widget: QWidget) -> QHBoxLayout:
    row = QHBoxLayout(widget)
    row.setContentsMargins(0, 0, 0, 0)
    return row


def _column(widget: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    return column
