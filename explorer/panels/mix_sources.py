"""The sources of Mix: up to eight pictures with their codes, and the ways to get them."""

from __future__ import annotations

import random
from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QIcon, QKeySequence, QPixmap, QShortcut
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from backends.api import WHY_NOT, Capability, Code, Priority, Reply
from explorer.latent.choose import furthest_apart
from explorer.latent.mixing import LETTERS
from explorer.model.asking import PREVIEW, options_of
from explorer.model.session import Session
from explorer.model.state import Favourite, Source
from explorer.panels.base import Services
from explorer.panels.files import ask_for_picture, read_picture
from explorer.widgets.controls import allow, button, tool_button
from explorer.widgets.images import Image, ImageGrid, to_qimage

MOST = len(LETTERS)
CANDIDATES = 96  # samples of which eight that differ most are chosen
FULL = "Eight sources are the most; remove one first."
HINT = "Add two to eight pictures to mix: the current one, random ones, favourites, or drop an image here."


def sources_here(session: Session) -> list[Source]:
    """The sources that belong to the current model, A first."""
    info = session.model
    if info is None:
        return []
    return [s for s in session.state.sources if s.model == info.path and info.space.fits(s.code)]


class SourcesBox(QWidget):
    """The pictures with their letters and buttons to add, reorder and remove them."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services, self.session, self.host = services, services.session, services.host
        self.grid = ImageGrid(HINT)
        self.grid.setAccessibleName("Sources to mix")
        self.grid.from_top = True
        self.grid.setToolTip("Double-click makes a source the current code; right-click for more.")
        self._build()
        self._connect()
        self.refresh()

    def refresh(self) -> None:
        """Show the session's sources and what can be done now."""
        sources = sources_here(self.session)
        captions = [
            f"{LETTERS[i]} · {s.name}" if s.name else LETTERS[i] for i, s in enumerate(sources[:MOST])
        ]
        self.grid.show_images([s.image for s in sources], captions)
        self._enable(sources)

    def add_current(self) -> None:
        """The current code becomes a source."""
        if self.session.code is not None:
            self._generate(self.session.code, "current")

    def add_random(self) -> None:
        """A code drawn from the prior becomes a source; its seed is its name."""
        if self.session.space is not None:
            seed = random.randrange(10_000)
            options = self.session.code.options if self.session.code else {}
            self._generate(self.session.space.sample(seed).with_options(options), f"seed {seed}")

    def fill(self) -> None:
        """Random sources until there are eight."""
        for _ in range(MOST - len(sources_here(self.session))):
            self.add_random()

    def choose_apart(self) -> None:
        """Replace the sources by eight samples as different from each other as can be found."""
        info = self.session.model
        if info is None:
            return
        options = options_of(self.session.code, PREVIEW) | {"truncation": 1.0}
        codes = info.space.sample_many(CANDIDATES, random.randrange(1000))

        def take(reply: Reply) -> None:
            images = reply.arrays["images"]
            if self.session.model is info:
                coarse = max(1, images.shape[1] // 16)
                rows = furthest_apart(images[:, ::coarse, ::coarse].reshape(len(images), -1), MOST)
                made = [Source(info.path, self.session.code_at(codes[r]), images[r], f"{r}") for r in rows]
                others = [s for s in self.session.state.sources if s.model != info.path]
                self.session.set_sources([*others, *made])

        self.host.ask("generate", info.path, arrays={"codes": codes}, options=options,
                      priority=Priority.PREVIEW, on_result=take)  # fmt: skip

    def add_favourite(self, ident: str) -> None:
        favourite = next((f for f in self.session.state.favourites if f.id == ident), None)
        if favourite is not None:
            self._generate(favourite.code, favourite.name or "favourite")

    def open_image(self) -> None:
        """Ask for a picture and encode it."""
        ask_for_picture(self, "Image to mix", self._add_file)

    def _add_file(self, file: str) -> None:
        if (image := read_picture(file, self.services.notices)) is not None:
            self.add_image(image, Path(file).stem)

    def add_image(self, image: Image, name: str = "image") -> None:
        """Encode uint8 `[H, W, C]`; what the model makes of it becomes a source."""
        info, problem = self.session.model, self.services.notices.problem
        if info is None or not info.can(Capability.ENCODES):
            why = WHY_NOT[Capability.ENCODES] if info else "There is no model yet."
            problem.emit(why, "Choose a model with an encoder to mix your own pictures.")
        elif len(sources_here(self.session)) >= MOST:
            problem.emit("There are eight sources already.", "Remove one first.")
        else:
            self.host.ask(
                "encode", info.path, arrays={"images": image[None]}, priority=Priority.INTERACTIVE,
                on_result=lambda reply: self._encoded(info.path, reply, name),
            )  # fmt: skip

    def remove(self, index: int = -1) -> None:
        """Remove a source: the one given, else the selected one, else the last."""
        sources = sources_here(self.session)
        at = index if index >= 0 else self.grid.selected if self.grid.selected >= 0 else len(sources) - 1
        if 0 <= at < len(sources):
            gone = sources[at].id
            self.session.set_sources([s for s in self.session.state.sources if s.id != gone])

    def make_first(self, index: int = -1) -> None:
        """Make a source A, the one that the others are mixed into."""
        sources = sources_here(self.session)
        at = index if index >= 0 else self.grid.selected
        if 0 < at < len(sources):
            first = sources[at]
            self.session.set_sources([first, *(s for s in self.session.state.sources if s.id != first.id)])
            self.grid.select(0)

    def make_current(self, index: int) -> None:
        sources = sources_here(self.session)
        if 0 <= index < len(sources):
            self.session.set_code(sources[index].code, f"Source {LETTERS[index]}")

    def _generate(self, code: Code, name: str) -> None:
        info = self.session.model
        if info is None or len(sources_here(self.session)) >= MOST:
            return
        self.host.ask(
            "generate", info.path, arrays={"codes": info.space.pack(code)[None]},
            options=options_of(code), priority=Priority.INTERACTIVE,
            on_result=lambda reply: self._add(Source(info.path, code, reply.arrays["images"][0], name)),
        )  # fmt: skip

    def _encoded(self, model: str, reply: Reply, name: str) -> None:
        info = self.session.models.get(model)
        if info is not None:
            code = info.space.unpack(reply.arrays["codes"][0])
            self._add(Source(model, code, reply.arrays["reconstructions"][0], name))

    def _add(self, source: Source) -> None:
        if len([s for s in self.session.state.sources if s.model == source.model]) < MOST:
            self.session.set_sources([*self.session.state.sources, source])

    # The widgets

    def _build(self) -> None:
        self.current = button("Current", self.add_current, "Add the current picture")
        self.random = button("Random", self.add_random, "Add a random picture")
        self.image = button("Image…", self.open_image, "Add a picture from a file (it is encoded)")
        self.favourite = tool_button("Favourite", "Add a favourite of this model", "Add a favourite")
        self.favourite.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.favourite.setSizePolicy(self.current.sizePolicy())
        self.menu = QMenu(self.favourite)
        self.favourite.setMenu(self.menu)
        self.filling = button("Fill to 8", self.fill, "Add random pictures until there are eight")
        self.apart = button("Apart", self.choose_apart, "Choose eight pictures that differ most")
        self.follow = button("A follows", lambda: None, "Let A be the current code as it moves")
        self.follow.setCheckable(True)
        self.first = button("Make A", self.make_first, "Mix into the selected source: make it A")
        self.removal = button("Remove", self.remove, "Remove the selected source (Delete)")
        buttons = QGridLayout()
        buttons.setSpacing(4)
        order = (self.current, self.random, self.favourite, self.image, self.filling, self.apart,
                 self.first, self.removal, self.follow)  # fmt: skip
        for index, one in enumerate(order):
            buttons.addWidget(one, *divmod(index, 2))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        title = QLabel("Sources")
        title.setBuddy(self.grid)
        box.addWidget(title)
        box.addWidget(self.grid, 1)
        box.addLayout(buttons)

    def _connect(self) -> None:
        self.grid.activated.connect(self.make_current)
        self.grid.clicked.connect(lambda _: self._enable(sources_here(self.session)))
        self.grid.context.connect(self._show_context)
        self.grid.image_dropped.connect(self.add_image)
        self.menu.aboutToShow.connect(self.fill_menu)
        shortcut = QShortcut(QKeySequence(Qt.Key.Key_Delete), self.grid)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(self.remove)

    def fill_menu(self) -> None:
        """The favourites of the current model, with their pictures."""
        self.menu.clear()
        for favourite in self._favourites():
            icon = QIcon(QPixmap.fromImage(to_qimage(favourite.thumbnail).scaled(QSize(32, 32))))
            action = self.menu.addAction(icon, favourite.name or "favourite")
            action.triggered.connect(lambda _=False, ident=favourite.id: self.add_favourite(ident))

    def _favourites(self) -> list[Favourite]:
        space, path = self.session.space, self.session.state.model
        here = [f for f in self.session.state.favourites if f.model == path]
        return [f for f in here if space is not None and space.fits(f.code)]

    def _show_context(self, index: int, position: QPoint) -> None:
        self.context_menu(index).popup(position)

    def context_menu(self, index: int) -> QMenu:
        """What can be done with one source."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Make the current code", lambda: self.make_current(index))
        menu.addAction("Make A: mix the others into it", lambda: self.make_first(index))
        menu.addAction("Remove", lambda: self.remove(index))
        return menu

    def _enable(self, sources: list[Source]) -> None:
        info = self.session.model
        why = "Choose a model first." if info is None else FULL if len(sources) >= MOST else ""
        for adding in (self.current, self.random, self.filling):
            allow(adding, why)
        allow(self.apart, "" if info is not None else "Choose a model first.")
        allow(self.follow, "" if sources else "Add a source first: it becomes A.")
        allow(self.favourite, why or ("" if self._favourites() else "This model has no favourites yet."))
        encodes = info is not None and info.can(Capability.ENCODES)
        allow(self.image, why or ("" if encodes else WHY_NOT[Capability.ENCODES]))
        allow(self.removal, "" if sources else "There is no source to remove.")
        allow(self.first, "" if self.grid.selected > 0 else "Select a source other than A first.")
