"""The Explore panel: the picture of the current code, large, and what leads to other codes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QVBoxLayout,
)

from backends.api import WHY_NOT, BadCode, Capability, Code, ModelInfo, Priority, Reply
from backends.space import LATTICE_ROW
from explorer.latent.manifold import has_manifold
from explorer.model.asking import options_of
from explorer.model.export import Origin, enlarged, read_origin, restore
from explorer.model.state import Favourite
from explorer.panels.base import Command, Panel, Services
from explorer.panels.explore_actions import (
    VIEW_TIPS,
    explore_commands,
    save_menu,
)
from explorer.panels.explore_beside import ManifoldView, OriginalView, SampleGrid
from explorer.panels.explore_picture import Maker
from explorer.panels.explore_walk import WalkBar
from explorer.panels.files import ask_for_picture, read_picture, unreadable
from explorer.panels.saving import Saver
from explorer.widgets.controls import menu_button, switch, tool_button
from explorer.widgets.images import Image, ImageView, from_qimage, to_qimage
from explorer.widgets.numbers import show_number
from explorer.widgets.player import Repeat
from explorer.widgets.waiting import Waiting

PIXELS_PER_SEED = 250  # how far one drags on the image from one seed to the next
THUMBNAIL = 64
VIEWS = ("Picture", "Manifold", "Samples", "Original")
EMPTY = "No model yet. Open one with File > Open, drop a model file here, or train one in the Train tab."


class ExplorePanel(Panel):
    """Slide, drag, sample, encode, keep and walk; what is current here is current everywhere."""

    name = "explore"
    title = "Explore"
    order = 10
    tip = "One picture, large: drag it, sample, encode an image, walk between favourites"
    takes_images = True

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._drawn: tuple[ModelInfo | None, Code | None] = (None, None)
        self._image: Image | None = None  # of the current code, whatever an animation shows
        self._wanted_view = "Picture"
        self._build()
        self._connect()
        self._on_model_changed()

    # The picture

    def redraw(self) -> None:
        """Ask for the picture of the current code; whatever else is asked, the newest gets painted."""
        model, code = self.session.model, self.session.code
        self._show_lattice()
        if not self.isVisible() or (model is self._drawn[0] and code is self._drawn[1]):
            return
        self._drawn = (model, code)
        if model is None or code is None or not model.can_generate:
            self.picture.set_hint(WHY_NOT[Capability.GENERATES] if model else EMPTY)
            self.maker.stop()
            self._show(None)
            return
        self.picture.set_hint("The model is being loaded…")  # seen only until the first picture is there
        self.maker.draw(model, code)

    def _show(self, image: Image | None) -> None:
        self._image = image
        if not self.walk.player.playing:
            self.picture.show_image(image)

    def _show_frame(self, image: Image | None) -> None:
        """A frame of the walk while it plays, then the current picture again."""
        self.picture.show_image(self._image if image is None else image)

    # Ways to other codes

    def drag(self, dx: float, dy: float) -> None:
        """Move through the two-number latent with the hand on the picture."""
        x, y = self.session.state.lattice
        self.session.set_lattice(x + dx / PIXELS_PER_SEED, y + dy / PIXELS_PER_SEED)

    def snap(self) -> None:
        """Go to the nearest seed."""
        x, y = self.session.state.lattice
        self.session.set_seed(max(0, round(x) + LATTICE_ROW * round(y)))

    def encode(self, image: Image) -> None:
        """Look for the code of an image, uint8 `[H, W, C]`, and make it current."""
        model = self.session.model
        if model is None or not model.can(Capability.ENCODES):
            what = WHY_NOT[Capability.ENCODES] if model else "There is no model to encode the image with."
            self.services.notices.problem.emit(what, "Choose a model with an encoder, such as a VAE.")
            return

        def found(reply: Reply) -> None:
            self.waiting.end()
            if self.session.model is model:
                code = self.session.code_at(reply.arrays["codes"][0])
                self.session.set_code(code, "Encode image")
                self.original.show_encoded(image, code, float(reply.arrays["errors"][0]))
                self._enable()
                self.set_view("Original")

        def failed(reply: Reply) -> None:
            self.waiting.end()
            self._complain(reply)

        self.waiting.cancel()
        ticket = self.host.ask(
            "encode", model.path, arrays={"images": image[None]}, priority=Priority.PREVIEW, on_result=found,
            on_error=failed, on_progress=self.waiting.tell,
        )  # fmt: skip
        self.waiting.begin(ticket.cancel)

    def encode_file(self) -> None:
        """Ask for an image file and encode it."""
        ask_for_picture(self, "Encode an image", self._encode_file)

    def open_picture(self, file: str) -> bool:
        """Bring back what made a picture of ours; False when the file isn't one."""
        try:
            origin = read_origin(file)
        except BadCode as error:
            self.services.notices.problem.emit(error.what, error.advice)
            return True
        if origin is not None:
            info = restore(self.session, origin)
            if info is None:
                what = f"The model that made this picture, {origin.name}, isn't here."
                self.services.notices.problem.emit(what, "Open its model file first.")
            else:
                told = f"The code of {Path(file).name} is back, in {info.name}."
                self.services.notices.told.emit(told)
        return origin is not None

    def add_favourite(self) -> None:
        """Keep the current code with a thumbnail made for exactly this code."""
        model, code = self.session.model, self.session.code
        if model is None or code is None:
            return

        def keep(reply: Reply) -> None:
            thumbnail = _thumbnail(reply.arrays["images"][0])
            self.session.add_favourite(Favourite(model.path, code, thumbnail))
            self.services.notices.told.emit("Kept as a favourite, on the shelf.")

        self.host.ask(
            "generate", model.path, arrays={"codes": model.space.pack(code)[None]}, options=options_of(code),
            priority=Priority.INTERACTIVE, on_result=keep,
        )  # fmt: skip

    # Saving

    def origin(self) -> Origin | None:
        """What made the current picture."""
        model, code = self.session.model, self.session.code
        return Origin(code, model.name, model.checksum) if model and code else None

    def save_picture(self) -> None:
        if self._image is not None:
            name = self._file_name("picture")
            self.saver.ask_and_save(name, ".png", self._image[None], origin=self.origin())

    def save_walk(self, suffix: str) -> None:
        """The strip as `.png`, or the walk as an animation: `.gif` or `.mp4`."""
        images, path, origin = self.walk.images, self.walk.path, self.origin()
        if images is None or path is None or origin is None:
            return
        swing = self.walk.player.repeat is Repeat.SWING
        self.saver.ask_and_save(
            self._file_name("walk"), suffix, images, origin=replace(origin, code=path.codes[0], path=path),
            fps=self.walk.fps.value(), swing=swing,
        )  # fmt: skip

    def save_samples(self) -> None:
        images = [a for a in self.samples.grid.arrays if a is not None]
        if images:
            self.saver.ask_and_save(
                self._file_name("samples"), ".png", np.stack(images), columns=self.samples.grid.columns
            )

    def copy_image(self) -> None:
        if self._image is not None:
            QGuiApplication.clipboard().setImage(to_qimage(enlarged(self._image)))
            self.services.notices.told.emit("The picture is on the clipboard.")

    def _file_name(self, what: str) -> str:
        return f"{self.session.model.name if self.session.model else 'model'}-{what}"

    # What the panel gives back

    def commands(self) -> list[Command]:
        return explore_commands(self)

    def busy(self) -> bool:
        waiting = (self.waiting, self.saver.waiting, self.manifold.waiting, self.samples.waiting)
        return self.walk.busy() or self.maker.busy or any(w.busy for w in waiting)

    def demonstrate(self) -> None:
        space = self.session.space
        self.set_view("Manifold" if space is not None and has_manifold(space) else "Samples")
        self.walk.two_new()

    def settings_to_save(self) -> dict[str, Any]:
        return {
            "view": self._wanted_view, "smooth": self.smooth.isChecked(), "enlarge": self.saver.enlarge,
            "fps": self.walk.fps.value(), "repeat": str(self.walk.player.repeat),
            "rows": self.samples.side.value(), "first_seed": self.samples.first_seed,
        }  # fmt: skip

    def restore_settings(self, saved: dict[str, Any]) -> None:
        if saved.get("view") in VIEWS:
            self.set_view(saved["view"])
        self.smooth.setChecked(saved.get("smooth") is True)
        self.saver.enlarge = saved.get("enlarge") is not False
        if saved.get("repeat") in list(Repeat):
            self.walk.set_repeat(Repeat(saved["repeat"]))
        numbers = {"fps": self.walk.fps.setValue, "rows": self.samples.side.setValue}
        for key, take in numbers.items():
            if isinstance(saved.get(key), int):
                take(saved[key])
        if isinstance(saved.get("first_seed"), int):
            self.samples.first_seed = abs(saved["first_seed"])

    def set_view(self, name: str) -> None:
        """Show one of `VIEWS` beside the picture, as soon as the model has it."""
        self._wanted_view = name
        self._show_view()

    # Within

    def _build(self) -> None:
        self.picture = ImageView(EMPTY)
        self.picture.setAccessibleName("Picture")
        self.picture.setToolTip("Drag to move through the latent space; drop an image to encode it")
        self.picture.open_file = self.open_picture
        self.manifold, self.samples = ManifoldView(self.services), SampleGrid(self.services)
        self.original = OriginalView(self.services)
        self.beside = QStackedWidget()
        self.pages: dict[str, ManifoldView | SampleGrid | OriginalView] = {
            "Manifold": self.manifold,
            "Samples": self.samples,
            "Original": self.original,
        }
        for page in self.pages.values():
            self.beside.addWidget(page)
        self.walk = WalkBar(self.services)
        self.saver = Saver(self.services, self)
        self.waiting = Waiting("Looking for the code of the image")
        middle = QHBoxLayout()
        middle.addWidget(self.beside, 1)
        middle.addWidget(self.picture, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.addLayout(self._top_row())
        column.addLayout(middle, 1)
        for page in self.pages.values():
            column.addWidget(page.footer)
        column.addLayout(self._place_row())
        column.addWidget(self.waiting)
        column.addWidget(self.saver.waiting)
        column.addWidget(self.walk)

    def _top_row(self) -> QHBoxLayout:
        self.views = QButtonGroup(self)
        row = QHBoxLayout()
        for index, name in enumerate(VIEWS):
            button = switch(name, VIEW_TIPS[name])
            self.views.addButton(button, index)
            row.addWidget(button)
        row.addStretch(1)
        self.smooth = switch("Smooth", "Smooth enlargement instead of sharp pixels")
        self.favourite = tool_button("☆ Keep", "Add to the favourites (Ctrl+D)", "Add favourite")
        self.save = menu_button("Save", "Save the picture, the strip or the animation")
        for right in (self.smooth, self.favourite, self.save):
            row.addWidget(right)
        return row

    def _place_row(self) -> QHBoxLayout:
        self.place_x, self.place_y = _place("Place x"), _place("Place y")
        self.snap_button = tool_button("Snap", "Go to the nearest seed", "Snap to the nearest seed")
        self.timing = QLabel()
        self.maker = Maker(self.services, self)
        row = QHBoxLayout()
        label = QLabel("Place")
        label.setToolTip("The two numbers that dragging on the picture changes: seed = x + 100 y")
        label.setBuddy(self.place_x)
        for widget in (label, self.place_x, self.place_y, self.snap_button):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.maker.waiting)
        row.addWidget(self.timing)
        return row

    def _connect(self) -> None:
        self.maker.shown.connect(self._show)
        self.maker.told.connect(self.timing.setText)
        self.maker.refused.connect(self._complain)
        self.picture.dragged.connect(self.drag)
        self.picture.released.connect(self.session.end_gesture)
        self.picture.image_dropped.connect(self.encode)
        self.picture.file_dropped.connect(self._unreadable)
        self.views.idClicked.connect(lambda index: self.set_view(VIEWS[index]))
        self.smooth.toggled.connect(self._set_smooth)
        self.favourite.clicked.connect(self.add_favourite)
        self.save.setMenu(save_menu(self))
        for box in (self.place_x, self.place_y):
            box.valueChanged.connect(self._type_place)
            box.editingFinished.connect(self.session.end_gesture)
        self.snap_button.clicked.connect(self.snap)
        self.original.again.clicked.connect(self._encode_again)
        self.walk.frame_shown.connect(self._show_frame)
        self.session.model_changed.connect(self._on_model_changed)
        self.session.models_changed.connect(self._on_model_changed)
        self.session.code_changed.connect(self._on_code_changed)
        self.session.image_dropped.connect(self._take_dropped)

    def _on_model_changed(self) -> None:
        self._enable()
        self._show_view()
        self.redraw()

    def _on_code_changed(self) -> None:
        self.walk.code_changed()
        self.redraw()

    def _enable(self) -> None:
        """Which controls the model has use for; the others say why not."""
        model = self.session.model
        flat = model is not None and has_manifold(model.space)
        encodes = model is None or model.can(Capability.ENCODES)
        reasons = {
            "Manifold": "" if flat else "Only a latent space of two dimensions has a picture of its whole.",
            "Samples": "" if model else "Choose a model first.",
            "Original": "" if encodes or self.original.image is not None else WHY_NOT[Capability.ENCODES],
        }
        for index, name in enumerate(VIEWS):
            button, reason = self.views.button(index), reasons.get(name, "")
            button.setEnabled(not reason)
            button.setToolTip(reason or VIEW_TIPS[name])
        for widget in (self.place_x, self.place_y, self.snap_button, self.favourite, self.save):
            widget.setEnabled(model is not None)
        self.original.again.setVisible(model is not None and model.can(Capability.ENCODES))

    def _show_view(self) -> None:
        able = self.views.button(VIEWS.index(self._wanted_view)).isEnabled()
        name = self._wanted_view if able else "Picture"
        self.views.button(VIEWS.index(name)).setChecked(True)
        for title, page in self.pages.items():
            page.footer.setVisible(title == name)
        if name in self.pages:
            self.beside.setCurrentWidget(self.pages[name])
        self.beside.setVisible(name in self.pages)

    def _show_lattice(self) -> None:
        for box, value in zip((self.place_x, self.place_y), self.session.state.lattice, strict=True):
            show_number(box, value)

    def _type_place(self) -> None:
        self.session.set_lattice(self.place_x.value(), self.place_y.value())

    def _set_smooth(self, smooth: bool) -> None:
        for view in (self.picture, self.manifold.view, self.original.view):
            view.set_smooth(smooth)

    def _take_dropped(self, image: Image) -> None:
        """An image was dropped on the window: ours only while this panel is the one that is seen."""
        if self.isVisible():
            self.encode(image)

    def _encode_again(self) -> None:
        if self.original.image is not None:
            self.encode(self.original.image)

    def _encode_file(self, file: str) -> None:
        if not self.open_picture(file) and (image := read_picture(file, self.services.notices)) is not None:
            self.encode(image)

    def _unreadable(self, file: str) -> None:
        unreadable(file, self.services.notices)

    def _complain(self, reply: Reply) -> None:
        self.services.notices.problem.emit(*reply.problem)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.redraw()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.walk.player.pause()
        if self.maker.stop():
            self._drawn = (None, None)


def _place(name: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox(decimals=2, minimum=-1e4, maximum=1e6, singleStep=0.1)
    box.setKeyboardTracking(False)
    box.setAccessibleName(name)
    box.setToolTip(f"{name}: type it, or drag on the picture")
    return box


def _thumbnail(image: Image) -> Image:
    """uint8 `[h, w, 3]`, no side over `THUMBNAIL`."""
    picture = to_qimage(image)
    if max(picture.width(), picture.height()) > THUMBNAIL:
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        picture = picture.scaled(THUMBNAIL, THUMBNAIL, keep, smooth)
    return from_qimage(picture)


PANEL = ExplorePanel
