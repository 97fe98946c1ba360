"""Compare: two to six models side by side on the same codes, seeds or input image."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSpinBox,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from backends import catalog
from backends.api import BadModel, Capability, Code, ModelInfo, Reply
from explorer.panels.base import Command, Panel, Services
from explorer.panels.compare_actions import compare_commands
from explorer.panels.compare_codes import ENCODE, MODES, SAMPLES, WALK
from explorer.panels.compare_column import Column
from explorer.panels.compare_making import Making
from explorer.panels.compare_measure import Figures
from explorer.panels.files import ask_for_picture, ask_to_open, read_picture
from explorer.panels.quality import Quality
from explorer.widgets.controls import button
from explorer.widgets.images import Image, ImageView

MOST = 6
EMPTY = (
    "Compare two to six models side by side.\n\nPress “Add model” above. Models of one latent space follow "
    "the same code, others the same seed; an image dropped here is encoded by all that can."
)
TEST_IMAGES = 100


class ComparePanel(Panel):
    """A column (in a walk: a row) for each model, and a table of figures below."""

    name = "compare"
    title = "Compare"
    order = 50
    tip = "Several models on the same code, seeds or image"
    takes_images = True

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.columns: list[Column] = []
        self.image: Image | None = None  # to encode
        self._tests: list[Image] = []  # test images not shown yet
        self._tests_of = ""
        self._stale = True
        self.quality = Quality(self.session, self)
        self._build()
        self._connect()

    # What the window asks of a panel

    def commands(self) -> list[Command]:
        return compare_commands(self)

    def busy(self) -> bool:
        return self.making.busy or self.quality.due or self.figures.busy()

    def demonstrate(self) -> None:
        """The current model and its nearest relations, on the same code."""
        if self.session.model is None or self.session.state.compared:
            return
        here = self.session.model
        others = [m for m in self.session.models.values() if m.can_generate and m.path != here.path]
        others.sort(key=lambda m: (m.dataset != here.dataset, not m.space.agrees_with(here.space)))
        self.session.set_compared([here.path, *(m.path for m in others[:2])])

    def settings_to_save(self) -> dict[str, object]:
        return {"mode": self.mode, "difference": self.differ.isChecked(), "count": self.count.value()}

    def restore_settings(self, saved: dict[str, object]) -> None:
        if (mode := saved.get("mode")) in MODES:
            self.set_mode(str(mode))
        if isinstance(count := saved.get("count"), int):
            self.count.setValue(count)
        self.differ.setChecked(saved.get("difference") is not False)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self.refresh()

    # Which models

    @property
    def mode(self) -> str:
        return str(self.modes.currentData())

    def set_mode(self, mode: str) -> None:
        """Show the models on the current code, on a grid of samples, on an image, or on a walk."""
        self.modes.setCurrentIndex(self.modes.findData(mode))

    def infos(self) -> list[ModelInfo]:
        """The compared models that are still there."""
        models = self.session.models
        return [models[path] for path in self.session.state.compared if path in models][:MOST]

    def add(self, path: str) -> None:
        """Put a model at the end of the row."""
        paths = [info.path for info in self.infos()]
        if path in paths:
            return
        if len(paths) >= MOST:
            self.services.notices.problem.emit("Six models are compared already.", "Remove one first.")
            return
        self.session.set_compared([*paths, path])

    def add_current(self) -> None:
        if self.session.model is not None:
            self.add(self.session.model.path)

    def add_agreeing(self) -> None:
        """The current model and all others of its latent space."""
        here = self.session.model
        if here is None:
            return
        same = [
            m.path for m in self.session.models.values() if m.can_generate and m.space.agrees_with(here.space)
        ]
        self.session.set_compared([here.path, *(p for p in same if p != here.path)][:MOST])

    def open_file(self) -> None:
        """Compare a model file from anywhere, such as a copy of an earlier stage of a training."""
        ask_to_open(self, "Model to compare", "Models (*.safetensors)", self.add_file)

    def add_file(self, name: str) -> None:
        try:
            info = catalog.read(name)
        except BadModel as error:
            self.services.notices.problem.emit(error.what, error.advice)
            return
        self.session.add_model(info)
        self.add(info.path)

    def swap(self, index: int, step: int) -> None:
        """Let a model change places with its neighbour."""
        paths, to = [info.path for info in self.infos()], index + step
        if 0 <= to < len(paths):
            paths[index], paths[to] = paths[to], paths[index]
            self.session.set_compared(paths)

    def remove(self, path: str) -> None:
        self.session.set_compared([info.path for info in self.infos() if info.path != path])

    def clear(self) -> None:
        self.session.set_compared([])

    def keep_stage(self, info: ModelInfo) -> None:
        """Copy a model that is still training, so that later stages can be compared with this one."""
        target = catalog.user_folder() / f"{info.name}-{info.step}.safetensors"

        def done(_: Reply) -> None:
            self.services.notices.told.emit(f"{target.name} is kept.")
            self.add_file(str(target))

        self.services.jobs.run("explorer.latent.compare:copy_file", {},
                               {"source": info.path, "target": str(target)}, on_result=done)  # fmt: skip

    # Which image

    def open_image(self) -> None:
        ask_for_picture(self, "Image to encode", self._take_file)

    def _take_file(self, file: str) -> None:
        if (image := read_picture(file, self.services.notices)) is not None:
            self.take_image(image)

    def take_image(self, image: Image) -> None:
        """Let every model that can encode uint8 `[H, W, C]` and make it again."""
        self.image = image
        self.set_mode(ENCODE)
        self.refresh()

    def next_test_image(self) -> None:
        """Another test image of the chosen data set."""
        spec, infos = self.figures.data.text().strip(), self.infos()
        if not infos or self.figures.busy():
            return
        if self._tests and self._tests_of == spec:
            self.take_image(self._tests.pop())
            return

        def take(images: np.ndarray) -> None:
            order = np.random.default_rng().permutation(len(images))
            self._tests, self._tests_of = [images[i] for i in order], spec
            self.take_image(self._tests.pop())

        self.figures.load(infos[0], TEST_IMAGES, take)

    # Drawing

    def refresh(self) -> None:
        """The models, the mode or what they are shown on changed."""
        if not self.isVisible():
            self._stale = True
            return
        self._stale = False
        infos = self.infos()
        if [(i.path, i.checksum) for i in infos] != [(c.info.path, c.info.checksum) for c in self.columns]:
            self._rebuild(infos)
        self._show_options()
        for column in self.columns:
            column.difference.setVisible(self.differ.isChecked())
            column.compared.setVisible(self.differ.isChecked())
        slow = any(info.can(Capability.PARTIAL) for info in infos)
        self.quality.want(moving=slow and self.session.moving)

    def _make_current(self, column: Column, index: int) -> None:
        """The model and the code of one of its pictures become current, as one step."""
        if index < len(column.codes):
            truncation = self.session.code.truncation if self.session.code is not None else 1.0
            code = column.info.space.unpack(column.codes[index], 1.0 if self.mode == WALK else truncation)
            options = self.session.code.options if self.session.code is not None else {}
            self._become(column.info, code.with_options(options))

    def _become(self, info: ModelInfo, code: Code) -> None:
        codes = {**self.session.state.codes, info.path: code}
        self.session.edit(f"Picture of {info.name}", model=info.path, codes=codes)

    # The widgets

    def _build(self) -> None:
        self.modes = QComboBox()
        self.modes.setAccessibleName("What the models are compared on")
        self.modes.setToolTip("What the models are compared on")
        for key, text in MODES.items():
            self.modes.addItem(text, key)
        self.count = QSpinBox(minimum=2, maximum=64, value=16)
        self.count.setAccessibleName("How many pictures")
        self.count.setToolTip("Pictures in the grid or steps of the walk")
        self.opening = button("Image…", self.open_image, "Encode a picture from a file")
        self.testing = button("Test image", self.next_test_image, "Encode a test image of the data below")
        self.differ = QCheckBox("Differences")
        self.differ.setChecked(True)
        self.differ.setToolTip("Where each differs: blue is darker, orange is brighter than the reference")
        self.adding = QToolButton()
        self.adding.setText("Add model")
        self.adding.setAccessibleName("Add model")
        self.adding.setToolTip("Add a model to the comparison")
        self.adding.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.adding)
        self.adding.setMenu(self.menu)
        bar = QHBoxLayout()
        for widget in (self.adding, QLabel("on"), self.modes, self.count, self.opening, self.testing):
            bar.addWidget(widget)
        bar.addStretch(1)
        bar.addWidget(self.differ)
        self.making = Making(self)
        self.row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.input = ImageView()
        self.input.setAccessibleName("The image that is encoded")
        self.input.setToolTip("The image that the models encode; drop another one here")
        self.row.addWidget(self.input, 1)
        body = QWidget()
        body.setLayout(self.row)
        empty = QLabel(EMPTY, wordWrap=True)
        empty.setAlignment(empty.alignment().AlignCenter)
        empty.setMargin(40)
        self.middle = QStackedWidget()
        self.middle.addWidget(empty)
        self.middle.addWidget(body)
        self.figures = Figures(self.services)
        self.figures.hide()
        split = QSplitter()
        split.setOrientation(split.orientation().Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.middle)
        split.addWidget(self.figures)
        split.setSizes([460, 170])
        split.setStretchFactor(0, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 8, 8)
        box.addLayout(bar)
        box.addWidget(self.making.waiting)
        box.addWidget(split, 1)
        self.setAcceptDrops(False)

    def _rebuild(self, infos: list[ModelInfo]) -> None:
        for column in self.columns:
            self.row.removeWidget(column)
            column.hide()
            column.deleteLater()
        self.columns = []
        self.making.forget()
        for index, info in enumerate(infos):
            column = Column(info, index == 0, index == len(infos) - 1)
            column.moved.connect(lambda step, at=index: self.swap(at, step))
            column.removed.connect(lambda path=info.path: self.remove(path))
            column.chosen.connect(lambda path=info.path: self.session.select_model(path))
            column.kept.connect(lambda i=info: self.keep_stage(i))
            column.pictures.activated.connect(lambda at, c=column: self._make_current(c, at))
            column.pictures.image_dropped.connect(self.take_image)
            self.row.addWidget(column, 1)
            self.columns.append(column)
        self.middle.setCurrentIndex(1 if infos else 0)
        self.figures.show_models(infos)
        self.figures.setVisible(bool(infos))

    def _show_options(self) -> None:
        mode = self.mode
        direction = QBoxLayout.Direction.TopToBottom if mode == WALK else QBoxLayout.Direction.LeftToRight
        self.row.setDirection(direction)
        for column in self.columns:
            column.lie(mode == WALK)
        self.input.setVisible(mode == ENCODE and self.image is not None)
        if self.input.array is not self.image:
            self.input.show_image(self.image)
        self.count.setVisible(mode in (SAMPLES, WALK))
        self.opening.setVisible(mode == ENCODE)
        self.testing.setVisible(mode == ENCODE)

    def fill_menu(self) -> None:
        """The models that are not compared yet, and ways to add several."""
        self.menu.clear()
        compared = {info.path for info in self.infos()}
        for info in self.session.models.values():
            if info.path not in compared and (info.can_generate or info.can(Capability.ENCODES)):
                action = self.menu.addAction(info.name)
                action.triggered.connect(lambda _=False, path=info.path: self.add(path))
        self.menu.addSeparator()
        self.menu.addAction("All of the current latent space", self.add_agreeing)
        self.menu.addAction("Model file…", self.open_file)

    def _connect(self) -> None:
        session = self.session
        for signal in (
            session.compared_changed,
            session.models_changed,
            session.code_changed,
            session.path_changed,
        ):
            signal.connect(self.refresh)
        session.image_dropped.connect(self._take_dropped)
        self.quality.wanted.connect(self.making.ask)
        self.input.image_dropped.connect(self.take_image)
        self.modes.currentIndexChanged.connect(lambda _: self.refresh())
        self.count.valueChanged.connect(lambda _: self.refresh())
        self.differ.toggled.connect(lambda _: self.refresh())
        self.menu.aboutToShow.connect(self.fill_menu)

    def _take_dropped(self, image: Image) -> None:
        """An image dropped anywhere is meant for the panel that is in front."""
        if self.isVisible():
            self.take_image(image)


PANEL = ComparePanel
