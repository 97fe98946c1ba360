"""The strip of Explore: a walk between codes in n steps, and its animation. It follows the session's path."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from PySide6.QtCore import QSignalBlocker, QSize, Signal
from PySide6.QtGui import QAction, QActionGroup, QIcon, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from backends.api import Array, Capability, Code, LatentSpace, ModelInfo, Priority, Reply
from explorer.latent.choose import two_different
from explorer.latent.paths import WAYS, walk_through
from explorer.model.asking import FULL, PREVIEW, options_of, settled_options
from explorer.model.state import Favourite, Path
from explorer.panels.base import Services
from explorer.widgets.controls import menu_button, named, tool_button
from explorer.widgets.images import Image, ImageGrid, to_qimage
from explorer.widgets.player import Player, Repeat
from explorer.widgets.waiting import Waiting
from explorer.workers.growing import Growing

FEW_CANDIDATES = 12  # of a model that takes long
CANDIDATES = 64  # samples among which two of different classes are looked for
HINT = "Press “New walk” for a walk between two pictures, or choose where it starts and ends."


class WalkBar(QWidget):
    """Ends, steps, way, strip and player. `frame_shown` carries an image while it plays, then None."""

    frame_shown = Signal(object)

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services, self.session, self.host = services, services.session, services.host
        self.codes: Array | None = None  # [n, D], what the strip shows
        self.images: Image | None = None  # [n, H, W, C]
        self._picked: Code | None = None
        self._drawn_for: tuple[ModelInfo | None, Path | None] = (None, None)
        self.player = Player(self)
        self._build()
        self._connect()
        self.refresh()

    @property
    def path(self) -> Path | None:
        """The session's path, where the current model can walk it."""
        path, space = self.session.state.path, self.session.space
        if space is None or not path.codes:
            return None
        return path if all(space.fits(code) for code in path.codes) else None

    def refresh(self) -> None:
        """Ask for the pictures of the walk, if it isn't the one already shown."""
        model, path = self.session.model, self.path
        self._show_path(path)
        if model is self._drawn_for[0] and path is self._drawn_for[1]:
            return
        self._drawn_for = (model, path)
        self.waiting.cancel()
        self.player.pause()
        if model is None or path is None:
            self._show_nothing()
            return
        codes = walk_through(model.space, list(path.codes), path.steps, path.how)
        self._ask(model, path, codes, PREVIEW if model.can(Capability.PARTIAL) else FULL)

    def _ask(self, model: ModelInfo, path: Path, codes: Array, quality: str) -> None:
        """Slow pictures come in preview first, one after the other, then whole; giving up keeps previews."""
        preview, growing = quality == PREVIEW, Growing(len(codes))

        def show(reply: Reply) -> None:
            self.waiting.end()
            self._show_strip(codes, reply.arrays["images"])
            if preview:
                self._ask(model, path, codes, FULL)

        def show_some(reply: Reply) -> None:
            self.waiting.tell(reply)
            if preview:
                self.strip.show_images(growing.take(reply))

        ticket = self.host.ask(
            "generate", model.path, arrays={"codes": codes}, options=settled_options(path.codes[0], quality),
            priority=Priority.PREVIEW, on_result=show, on_error=self._on_error, on_partial=show_some,
            on_progress=self.waiting.tell,
        )  # fmt: skip
        self.waiting.begin(ticket.cancel)

    def two_new(self) -> None:
        """Walk between two new random pictures, of different classes where the model knows classes."""
        model = self.session.model
        if model is None:
            return
        found: list[dict[str, np.ndarray]] = []

        def choose(_: Reply) -> None:
            self.waiting.end()
            arrays = {key: np.concatenate([part[key] for part in found]) for key in found[0]}
            rows = (0, 1)
            if "labels" in arrays:
                rows = two_different(arrays["labels"], arrays["confidence"])
            start, end = (self.session.code_at(arrays["codes"][row]) for row in rows)
            if self.session.model is model:
                self.set_codes(start, end)

        # What is told its class needs nobody to name it.
        options = {
            **options_of(self.session.code, PREVIEW), "seed": random.randrange(1_000_000),
            "count": FEW_CANDIDATES if model.can(Capability.PARTIAL) else CANDIDATES, "keep_images": False,
            "classifier": "" if model.space.label else model.classifier,
        }  # fmt: skip
        self.waiting.cancel()
        ticket = self.host.ask(
            "sample", model.path, options=options,
            priority=Priority.PREVIEW, on_partial=lambda r: found.append(r.arrays), on_result=choose,
            on_error=self._on_error,
        )  # fmt: skip
        self.waiting.begin(ticket.cancel)

    def set_codes(self, *codes: Code) -> None:
        """Walk through these codes, as one undoable step."""
        self._set_path(codes=tuple(codes))
        self.session.end_gesture()

    def pick(self, index: int) -> None:
        """Make a frame of the strip current; at a joint the code itself, to the bit."""
        path, space = self.path, self.session.space
        if self.codes is None or path is None or space is None or not 0 <= index < len(self.codes):
            return
        self.player.pause()
        leg, within = divmod(index, max(path.steps - 1, 1))
        exact = within == 0 and leg < len(path.codes)
        between = space.unpack(self.codes[index]).with_options(path.codes[0].options)
        code = path.codes[leg] if exact else between
        self.player.seek(index)
        self.strip.select(index)
        self._picked = code
        self.session.set_code(code, "Step of the walk")

    def toggle_playing(self) -> None:
        """Play, or pause and make the frame that is shown current."""
        if self.player.playing:
            self.pick(self.player.index)
        else:
            self.player.play()

    def code_changed(self) -> None:
        """Somebody changed the code: what is shown large is the code again."""
        if self.session.code is not self._picked:
            self.player.pause()
            self.strip.select(-1)

    def busy(self) -> bool:
        return self.waiting.busy

    # Within

    def _build(self) -> None:
        self.start = self._end_button("From", "Where the walk starts", 0)
        self.end = self._end_button("To", "Where the walk ends", 1)
        self.swap = tool_button("⇄", "Exchange start and end", "Swap start and end")
        self.through = menu_button("Through", "Lead the walk through favourites", "Walk through favourites")
        self.through.setMenu(QMenu(self.through))
        self.steps = QSpinBox(minimum=2, maximum=240, value=11, suffix=" steps")
        self.steps.setKeyboardTracking(False)
        named(self.steps, "Steps", "How many pictures the walk has between two ends, both counted")
        self.how = QComboBox()
        self.how.addItems(list(WAYS))
        named(
            self.how, "Way", "Linear: the straight line. Spherical: the great circle, which keeps the length"
        )
        self.two = QPushButton("New walk")
        named(
            self.two, "New walk", "Walk between two new pictures, of different classes where they are known"
        )
        self.play = tool_button("▶", "Play the walk in the large picture", "Play")
        self.play.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.play.setMenu(self._repeat_menu())
        self.fps = QSpinBox(minimum=1, maximum=30, value=8, suffix=" /s")
        named(self.fps, "Speed", "Pictures a second")
        self.strip = ImageGrid(HINT, gap=3)
        self.strip.setMinimumHeight(72)
        named(self.strip, "Strip", "Click a step to make it current; arrow keys go along")
        self.waiting = Waiting("Walking")
        self._lay_out()

    def _lay_out(self) -> None:
        ends = QHBoxLayout()
        for widget in (self.two, self.start, self.swap, self.end, self.through):
            ends.addWidget(widget)
        ends.addStretch(1)
        ends.addWidget(self.steps)
        ends.addWidget(self.how)
        below = QGridLayout()
        below.addWidget(self.play, 0, 0)
        below.addWidget(self.fps, 1, 0)
        below.addWidget(self.strip, 0, 1, 2, 1)
        below.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(ends)
        column.addLayout(below)
        column.addWidget(self.waiting)

    def _connect(self) -> None:
        self.two.clicked.connect(self.two_new)
        self.swap.clicked.connect(self._reverse)
        self.steps.valueChanged.connect(lambda n: self._set_path(steps=n))
        self.steps.editingFinished.connect(self.session.end_gesture)
        self.how.currentTextChanged.connect(lambda how: self._set_path(how=how))
        self.through.menu().aboutToShow.connect(self._fill_through)
        self.play.clicked.connect(self.toggle_playing)
        self.fps.valueChanged.connect(self.player.set_fps)
        self.strip.clicked.connect(self.pick)
        self.player.frame_changed.connect(self._show_frame)
        self.player.playing_changed.connect(self._on_playing)
        self.session.path_changed.connect(self.refresh)
        self.session.model_changed.connect(self.refresh)
        self.session.models_changed.connect(self.refresh)

    def _end_button(self, text: str, tip: str, end: int) -> QToolButton:
        button = menu_button(text, tip, tip)
        button.setIconSize(QSize(20, 20))
        menu = QMenu(button)
        menu.aboutToShow.connect(lambda: self._fill_end(menu, end))
        button.setMenu(menu)
        return button

    def _repeat_menu(self) -> QMenu:
        menu = QMenu(self)
        group = QActionGroup(menu)
        for repeat in Repeat:
            action = group.addAction(str(repeat).capitalize())
            action.setCheckable(True)
            action.setChecked(repeat is self.player.repeat)
            action.triggered.connect(lambda _=False, to=repeat: self.set_repeat(to))
            menu.addAction(action)
        self.repeat_group = group
        return menu

    def set_repeat(self, repeat: Repeat) -> None:
        self.player.repeat = repeat
        for action in self.repeat_group.actions():
            action.setChecked(action.text() == str(repeat).capitalize())

    def favourites(self) -> list[Favourite]:
        """Those whose codes the current model can read."""
        space, models, current = self.session.space, self.session.models, self.session.state.model

        def fits(path: str) -> bool:
            known = models.get(path)
            return path == current or bool(space and known and known.space.agrees_with(space))

        return [f for f in self.session.state.favourites if fits(f.model)]

    def _fill_end(self, menu: QMenu, end: int) -> None:
        menu.clear()
        code, space = self.session.code, self.session.space
        if code is None or space is None:
            return
        self._entry(menu, "Current picture", lambda: self._set_end(end, code))
        self._entry(menu, "A new one", lambda: self._set_end(end, _fresh(space, code)))
        menu.addSeparator()
        for number, favourite in enumerate(self.favourites(), 1):
            choose = partial(self._set_end, end, favourite.code)
            action = self._entry(menu, _title(favourite, number), choose)
            action.setIcon(_icon(favourite.thumbnail))
        if not self.favourites():
            menu.addAction("Favourites appear here (Ctrl+D adds one)").setEnabled(False)

    def _fill_through(self) -> None:
        menu = self.through.menu()
        menu.clear()
        favourites, path = self.favourites(), self.path
        if not favourites:
            menu.addAction("Add favourites first (Ctrl+D)").setEnabled(False)
            return
        if len(favourites) > 1:
            everything = [f.code for f in favourites]
            self._entry(menu, "All favourites, in their order", lambda: self.set_codes(*everything))
            menu.addSeparator()
        between = list(path.codes[1:-1]) if path else []
        for number, favourite in enumerate(favourites, 1):
            toggle = partial(self._toggle_stop, favourite.code)
            action = self._entry(menu, _title(favourite, number), toggle)
            action.setIcon(_icon(favourite.thumbnail))
            action.setCheckable(True)
            action.setChecked(favourite.code in between)
            action.setEnabled(path is not None)

    def _entry(self, menu: QMenu, text: str, run: Callable[[], None]) -> QAction:
        action = menu.addAction(text)
        action.triggered.connect(lambda _=False: run())
        return action

    def _set_end(self, end: int, code: Code) -> None:
        """Change the start (0) or the end (1). The other end of a new walk is the current code."""
        if self.path is not None and len(self.path.codes) > 1:
            codes = list(self.path.codes)
        else:
            space, current = self.session.space, self.session.code
            assert space is not None
            assert current is not None
            other = current if current is not code else _fresh(space, code)
            codes = [other, other]
        codes[-end] = code
        self.set_codes(*codes)

    def _toggle_stop(self, code: Code) -> None:
        if self.path is None:
            return
        first, *between, last = self.path.codes
        between = [c for c in between if c != code] if code in between else [*between, code]
        self.set_codes(first, *between, last)

    def _reverse(self) -> None:
        if self.path is not None:
            self.set_codes(*reversed(self.path.codes))

    def _set_path(self, **changes: object) -> None:
        old = self.session.state.path
        new: Path = replace(old, **changes)  # type: ignore[arg-type]
        if (new.codes, new.steps, new.how) != (old.codes, old.steps, old.how):
            if "codes" in changes:
                new = replace(new, model=self.session.state.model)
            self.session.set_path(new)

    def _show_path(self, path: Path | None) -> None:
        """Bring the controls up to date without asking back."""
        shown = self.session.state.path
        with QSignalBlocker(self.steps), QSignalBlocker(self.how):
            self.steps.setValue(shown.steps)
            self.how.setCurrentText(shown.how)
        for button in (self.two, self.start, self.end, self.through):
            button.setEnabled(self.session.model is not None)
        for button in (self.swap, self.play):
            button.setEnabled(path is not None)

    def _show_nothing(self) -> None:
        self.codes = self.images = None
        self.strip.set_hint(
            "The walk belongs to another model. Press “New walk” for one of this model."
            if self.session.state.path.codes and self.session.model
            else HINT
        )
        self.strip.show_images([])
        self.player.set_count(0)
        for button in (self.start, self.end):
            button.setIcon(QIcon())

    def _show_strip(self, codes: Array, images: Image) -> None:
        self.codes, self.images = codes, images
        self.strip.show_images(images)
        self.strip.setAccessibleDescription(f"{len(images)} steps")
        self.player.set_count(len(images))
        self.start.setIcon(_icon(images[0]))
        self.end.setIcon(_icon(images[-1]))

    def _show_frame(self, index: int) -> None:
        if self.images is not None and index < len(self.images):
            self.strip.select(index)
            self.frame_shown.emit(self.images[index])

    def _on_playing(self, playing: bool) -> None:
        self.play.setText("⏸" if playing else "▶")
        if not playing:
            self.frame_shown.emit(None)

    def _on_error(self, reply: Reply) -> None:
        self.waiting.end()
        self.services.notices.problem.emit(*reply.problem)


def _fresh(space: LatentSpace, like: Code) -> Code:
    """Any code, with the knobs of another."""
    return space.sample(random.randrange(1_000_000)).with_options(like.options)


def _title(favourite: Favourite, number: int) -> str:
    return favourite.name or f"Favourite {number}"


def _icon(image: Image) -> QIcon:
    return QIcon(QPixmap.fromImage(to_qimage(image)))
