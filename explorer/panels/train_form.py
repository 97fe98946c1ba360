"""The form of a new training: what to learn (family), from what (data), how (settings), under which name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal, SignalInstance
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from backends.errors import BadData, BadSettings
from explorer.panels.train_where import Where
from explorer.widgets.settings_form import SettingsForm
from trainers import recipes
from trainers.api import Settings, TrainerInfo
from trainers.data import DataKind, describe
from trainers.data.places import locate
from trainers.data.subset import joined, parted
from trainers.registry import trainers_by_family


@dataclass(frozen=True)
class Plan:
    """A training as asked for: `data` is a spec as `trainers.data.load` reads it."""

    family: str
    data: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    recipe: str = ""


@dataclass(frozen=True)
class Choices:
    """What the form offers."""

    families: Mapping[str, TrainerInfo]
    kinds: tuple[DataKind, ...]
    recipes: Mapping[str, Plan]


def read_choices() -> Choices:
    """Families, kinds of data and recipes that are here. Reads the disk: not on the GUI thread."""
    families = trainers_by_family()
    plans = {plan.recipe: plan for plan in _recipes() if plan.family in families}
    return Choices(families, tuple(describe()), plans)


def _recipes() -> Iterator[Plan]:
    for name in recipes.names():
        try:
            recipe = recipes.find(name)
        except BadSettings:  # a damaged recipe is left out; `train --recipe` says what is wrong with it
            continue
        yield Plan(recipe.family, recipe.data, recipe.settings, name, name)


class NewTraining(QWidget):
    """Emits `start_asked(family, data, settings, name, recipe)` with settings that were checked.

    `queue_asked` has the same, for a training that is to wait for its turn.
    """

    start_asked = Signal(str, str, object, str, str)
    queue_asked = Signal(str, str, object, str, str)
    sweep_asked = Signal()
    prepare_asked = Signal(object)  # list[Path] to begin with: what stands in the form

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choices: Choices | None = None
        self._recipe = ""
        self._recipe_values: dict[str, Any] = {}
        self.setAcceptDrops(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.addLayout(self._head())
        layout.addWidget(self._scroll(), 1)
        layout.addLayout(self._foot())
        self._judge()

    def offer(self, choices: Choices) -> None:
        """Fill the combo boxes; called once what is here is known."""
        self.choices = choices
        with QSignalBlocker(self.recipe), QSignalBlocker(self.family), QSignalBlocker(self.kind):
            self.recipe.addItem("My own settings", "")
            for name in choices.recipes:
                self.recipe.addItem(name, name)
            for family, info in choices.families.items():
                self.family.addItem(info.title, family)
            for kind in choices.kinds:
                self._add_kind(kind)
        self._on_family()
        self._on_kind()

    def show_plan(self, plan: Plan) -> None:
        """Put a plan into the form: a recipe, or another run's settings."""
        if self.choices is None or plan.family not in self.choices.families:
            return
        spec, classes = parted(plan.data)
        prefix, _, path = spec.partition(":")
        with QSignalBlocker(self.family), QSignalBlocker(self.kind), QSignalBlocker(self.recipe):
            self.family.setCurrentIndex(self.family.findData(plan.family))
            self.kind.setCurrentIndex(max(self.kind.findData(prefix), 0))
            self.recipe.setCurrentIndex(max(self.recipe.findData(plan.recipe), 0))
        self.path.setText(path)
        self.classes.setText(classes or "")
        self.name.setText(plan.name)
        self._recipe = ""
        self._on_family(plan.settings)
        self._recipe, self._recipe_values = plan.recipe, self.form.values()
        self._on_kind()

    def plan(self) -> Plan:
        """What stands in the form, unchecked."""
        return Plan(
            str(self.family.currentData() or ""),
            self.spec(),
            self.form.values(),
            self.name.text().strip(),
            self._recipe,
        )

    def spec(self) -> str:
        """The data as a spec: `mnist`, `folder:/pictures`, `mnist:classes=0-4`."""
        prefix, path = str(self.kind.currentData() or ""), self.path.text().strip()
        kind = self._kind()
        wish = self.classes.text().strip() if kind is not None and kind.has_labels else ""
        return joined(f"{prefix}:{path}" if path and self._kind_takes_path() else prefix, wish)

    def take_path(self, path: str) -> None:
        """A file or folder was dropped or chosen: `.npz` archives and folders of pictures are data."""
        prefix = "npz" if Path(path).suffix.lower() == ".npz" else "folder"
        if not Path(path).is_dir() and prefix == "folder":
            path = str(Path(path).parent)
        if (index := self.kind.findData(prefix)) >= 0:
            self.kind.setCurrentIndex(index)
            self.path.setText(path)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.take_path(event.mimeData().urls()[0].toLocalFile())

    # Building

    def _head(self) -> QFormLayout:
        self.recipe = _combo("Recipe", "Begin with the settings that made a bundled model")
        self.family = _combo("Family", "The kind of model to train")
        self.about = QLabel(wordWrap=True)
        self.about.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.kind = _combo(
            "Data", "What to learn from; drop a folder of pictures or an .npz file on this form"
        )
        self.path = QLineEdit(placeholderText="Path of the file or folder")
        self.path.setAccessibleName("Path of the data")
        self.path.setToolTip("A file or folder; may be relative to a data folder")
        self.classes = QLineEdit(placeholderText="all, or some of them: 0-4 or 3,8")
        self.classes.setAccessibleName("Classes of the data")
        self.classes.setToolTip(
            "Learn from some classes only: by name or number, with commas, ranges as 0-4. "
            "The Anomalies panel shows how well a model then knows what it never saw"
        )
        self.browse = QPushButton("Browse…")
        self.browse.setToolTip("Choose the file or folder")
        self.name = QLineEdit(placeholderText="made from data and family")
        self.name.setAccessibleName("Name of the training")
        self.name.setToolTip("Under which the training is listed")
        self.recipe.currentIndexChanged.connect(self._on_recipe)
        self.family.currentIndexChanged.connect(lambda _: self._on_family())
        self.kind.currentIndexChanged.connect(lambda _: self._on_kind())
        self.path.textChanged.connect(lambda _: self._judge())
        self.browse.clicked.connect(self._browse)
        self.prepare = QPushButton("Prepare…")
        self.prepare.setToolTip("Make a data set of pictures in folders, .zip archives or videos")
        self.prepare.clicked.connect(self._ask_to_prepare)
        place = QHBoxLayout()
        place.addWidget(self.path, 1)
        place.addWidget(self.browse)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for label, widget in (
            ("Start from", self.recipe),
            ("Family", self.family),
            ("", self.about),
        ):
            form.addRow(label, widget)
        data = QHBoxLayout()
        data.addWidget(self.kind, 1)
        data.addWidget(self.prepare)
        form.addRow("Data", data)
        form.addRow("", place)
        form.addRow("Classes", self.classes)
        self.where = Where()
        self.where.changed.connect(self._judge)
        form.addRow("Where", self.where)
        form.addRow("Name", self.name)
        return form

    def _scroll(self) -> QScrollArea:
        self.form = SettingsForm()
        self.form.changed.connect(self._on_settings)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.form)
        scroll.setAccessibleName("Settings")
        return scroll

    def _foot(self) -> QHBoxLayout:
        self.reason = QLabel(wordWrap=True)
        self.start = QPushButton("Start training")
        self.start.setDefault(True)
        self.start.clicked.connect(lambda: self._ask(self.start_asked))
        self.queue = QPushButton("Add to queue")
        self.queue.clicked.connect(lambda: self._ask(self.queue_asked))
        self.sweep = QPushButton("Sweep…")
        self.sweep.clicked.connect(self.sweep_asked)
        row = QHBoxLayout()
        row.addWidget(self.reason, 1)
        row.addWidget(self.sweep)
        row.addWidget(self.queue)
        row.addWidget(self.start)
        return row

    def set_ready(self, ready: bool) -> None:
        """Whether it can be started, as far as the form doesn't stand in the way."""
        for button in (self.start, self.queue, self.sweep):
            button.setEnabled(ready and not self.reason.text())
        if self.where.wish() is not None:
            self.sweep.setEnabled(False)

    def _add_kind(self, kind: DataKind) -> None:
        usable = kind.available or kind.downloads
        note = "" if kind.available else " · will be downloaded" if kind.downloads else " · not here"
        self.kind.addItem(kind.title + note, kind.prefix)
        row = self.kind.count() - 1
        self.kind.setItemData(row, kind.advice, Qt.ItemDataRole.ToolTipRole)
        model = self.kind.model()
        if not usable and isinstance(model, QStandardItemModel):
            model.item(row).setEnabled(False)

    # What happens

    def _on_recipe(self) -> None:
        if self.choices and (plan := self.choices.recipes.get(self.recipe.currentData())):
            self.show_plan(plan)
        else:
            self._recipe = ""

    def _on_family(self, values: Mapping[str, Any] | None = None) -> None:
        info = self.choices.families.get(self.family.currentData()) if self.choices else None
        if info is not None:
            self.about.setText(info.description)
            self.form.show_settings(info.settings, values)

    def _on_settings(self) -> None:
        """A recipe that was changed is no longer that recipe."""
        if self._recipe and self.form.values() != self._recipe_values:
            self._recipe = ""
            with QSignalBlocker(self.recipe):
                self.recipe.setCurrentIndex(0)
        self._judge()

    def _on_kind(self) -> None:
        takes = self._kind_takes_path()
        for widget in (self.path, self.browse):
            widget.setVisible(takes)
        kind = self._kind()
        self.classes.setEnabled(kind is not None and kind.has_labels)
        self._judge()

    def _kind(self) -> DataKind | None:
        kinds = self.choices.kinds if self.choices else ()
        return next((k for k in kinds if k.prefix == self.kind.currentData()), None)

    def _kind_takes_path(self) -> bool:
        kind = self._kind()
        return kind is not None and kind.path != "none"

    def _judge(self) -> None:
        """Whether it can start, and if not, why."""
        problem = self._why_not()
        self.start.setEnabled(not problem)
        self.start.setToolTip(
            problem or "Train in a process of its own; it goes on when the window is closed"
        )
        self.queue.setEnabled(not problem)
        self.queue.setToolTip(
            problem
            or "Start when there is room; the folder of the runs holds the queue, the window may be closed"
        )
        here = "" if self.where.wish() is None else "A sweep is done on this computer. Choose it under Where."
        self.sweep.setEnabled(not (problem or here))
        self.sweep.setToolTip(
            problem or here or "Train the same with several values of some settings, and compare them"
        )
        self.reason.setText(problem)

    def _why_not(self) -> str:
        if self.choices is None:
            return "Looking for families and data; a moment."
        kind, path = self._kind(), self.path.text().strip()
        if kind is None:
            return "Choose the data."
        if not (kind.available or kind.downloads or self.where.wish()):
            return kind.advice or f"{kind.title} is not on this machine."
        if kind.path == "required" and not path:
            return "Choose the file or folder to learn from."
        if problem := self.where.problem():
            return problem
        if (
            path and self._kind_takes_path() and self.where.wish() is None
        ):  # a cluster may have what isn't here
            try:
                locate(path.partition("#")[0], "file or folder")
            except BadData as error:
                return error.what
        return self.form.problem

    def _browse(self) -> None:
        kind = self._kind()
        if kind is not None and kind.prefix == "npz":
            path = QFileDialog.getOpenFileName(self, "Data", "", "Numpy archives (*.npz)")[0]
        else:
            path = QFileDialog.getExistingDirectory(self, "Folder of the data")
        if path:
            self.path.setText(path)

    def _ask_to_prepare(self) -> None:
        kind, path = self._kind(), self.path.text().strip()
        given = [Path(path).expanduser()] if path and kind is not None and kind.prefix == "folder" else []
        self.prepare_asked.emit([place for place in given if place.is_dir()])

    def _ask(self, signal: SignalInstance) -> None:
        plan = self.plan()
        settings = self.form.settings()
        assert isinstance(settings, Settings)
        signal.emit(plan.family, plan.data, settings, plan.name, plan.recipe)


def _combo(name: str, tip: str) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setToolTip(tip)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(18)
    combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return combo
