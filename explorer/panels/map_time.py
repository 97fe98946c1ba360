"""The page on which stages of a training, or two models, are mapped together; a slider goes through time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSlider,
    QVBoxLayout,
)

from backends.api import ModelInfo
from explorer.panels.base import Services
from explorer.panels.map_made import Mapped
from explorer.panels.map_pages import Page
from explorer.panels.map_series import Series
from explorer.widgets.controls import beside

if TYPE_CHECKING:
    from explorer.panels.map import MapPanel

FINE = 100  # positions of the slider from stage to stage
MOST_STEADY = 30  # hundredths
KEEP_MORE = (
    "No other stage of this model is here: while it trains, the star over its column in Compare keeps one, "
    "or tick “Follow the training”."
)
CHOOSE = "Tick models or stages; the current one comes along."


class OverTime(Page):
    """Which models, how steadily, and the slider through the maps that come of it."""

    title = "Over time, or two models"
    tip = "Stages of a training with a time slider, or two models in one map"

    def __init__(self, panel: MapPanel, services: Services) -> None:
        super().__init__()
        self.panel, self.session = panel, services.session
        self._build()
        self.series = Series(panel, services, self._say, self._on_ready)
        self.models.itemChanged.connect(lambda _: self._allow())
        self.stages.clicked.connect(lambda: self.series.gather(self._chosen(), pair=False))
        self.pair.clicked.connect(lambda: self.series.gather(self._chosen(), pair=True))
        self.time.valueChanged.connect(lambda value: self._show(value / FINE))
        self.steady.valueChanged.connect(self._on_steady)
        self.steady.sliderReleased.connect(self.series.lay_out)
        self.session.models_changed.connect(self.list_models)
        self.session.model_changed.connect(self.list_models)
        self.list_models()

    def follow(self, made: Mapped | None) -> None:
        """Another map than that of the series: its slider goes."""
        if made is None or made is not self.series.made:
            self.time_row.hide()
            if made is None:
                self.series.stages = []

    def takes(self, info: ModelInfo | None) -> bool:
        """Whether this is the model of the map, further trained, and to be followed."""
        made = self.panel.map
        if not self.following.isChecked() or made is None or info is None or made.unlike:
            return False
        newer = info.path == made.info.path and info.checksum != made.info.checksum
        if newer:
            self.series.extend(info)
        return newer

    def list_models(self) -> None:
        """The models that can be mapped with the current one, its own stages first."""
        ticked = {info.path for info in self._chosen()[1:]}
        here = self.session.model
        self.models.blockSignals(True)
        self.models.clear()
        found = relations(here, list(self.session.models.values())) if here is not None else []
        for info in found:
            item = QListWidgetItem(stage_name(info))
            item.setData(Qt.ItemDataRole.UserRole, info.path)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if info.path in ticked else Qt.CheckState.Unchecked)
            self.models.addItem(item)
        self.models.blockSignals(False)
        alone = here is None or not any(is_stage(here, info) for info in found)
        self.said.setText(KEEP_MORE if alone else CHOOSE)
        self._allow()

    def _chosen(self) -> list[ModelInfo]:
        """The models ticked with the current one: stages in the order of their steps."""
        here = self.session.model
        items = [self.models.item(row) for row in range(self.models.count())]
        on = [
            item.data(Qt.ItemDataRole.UserRole)
            for item in items
            if item.checkState() == Qt.CheckState.Checked
        ]
        others = [self.session.models[path] for path in on if path in self.session.models]
        if here is None:
            return []
        return sorted([here, *others], key=lambda info: info.step) if all(
            is_stage(here, info) for info in others
        ) else [here, *others]  # fmt: skip

    def _allow(self) -> None:
        count = len(self._chosen())
        self.stages.setEnabled(count >= 2)
        self.stages.setToolTip(STAGES_TIP if count >= 2 else CHOOSE)
        self.pair.setEnabled(count == 2)
        self.pair.setToolTip(PAIR_TIP if count == 2 else "Tick one other model.")

    def _say(self, text: str) -> None:
        self.said.setText(text or CHOOSE)

    def _on_ready(self) -> None:
        several = self.series.positions is not None
        self.time_row.setVisible(several)
        if several:
            last = (len(self.series.stages) - 1) * FINE
            self.time.blockSignals(True)
            self.time.setRange(0, last)
            self.time.setValue(last)
            self.time.blockSignals(False)
            self._name(last / FINE)

    def _show(self, time: float) -> None:
        self._name(time)
        self.series.show_at(time)

    def _name(self, time: float) -> None:
        self.when.setText(stage_name(self.series.stages[round(time)][0]))

    def _on_steady(self, value: int) -> None:
        self.series.steady = value / 100
        self.steady.setToolTip(f"{STEADY_TIP} Now {value / 100:.2f}.")
        if not self.steady.isSliderDown():
            self.series.lay_out()

    def _build(self) -> None:
        self.models = QListWidget()
        self.models.setAccessibleName("Models to map together")
        self.models.setToolTip(CHOOSE)
        self.models.setMaximumHeight(110)
        self.said = beside()
        self.stages, self.pair = QPushButton("As stages"), QPushButton("In one map")
        self.following = QCheckBox("Follow the training")
        self.following.setToolTip("Each new checkpoint of the current model becomes a stage of the map")
        self.steady = QSlider(Qt.Orientation.Horizontal)
        self.steady.setRange(0, MOST_STEADY)
        self.steady.setValue(3)
        self.steady.setAccessibleName("Steady or faithful")
        self.steady.setToolTip(STEADY_TIP)
        self.time = QSlider(Qt.Orientation.Horizontal)
        self.time.setAccessibleName("Time")
        self.time.setToolTip("Blend from stage to stage")
        self.when = QLabel()
        both, steadiness = QHBoxLayout(), QHBoxLayout()
        both.addWidget(self.stages)
        both.addWidget(self.pair)
        steadiness.addWidget(QLabel("faithful"))
        steadiness.addWidget(self.steady, 1)
        steadiness.addWidget(QLabel("steady"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.models)
        column.addWidget(self.said)
        column.addLayout(both)
        column.addLayout(steadiness)
        column.addWidget(self.following)
        self.time_row = Page()
        row = QVBoxLayout(self.time_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.when)
        row.addWidget(self.time)
        column.addWidget(self.time_row)
        self.time_row.hide()


STAGES_TIP = "One map for each, grown from the one before (UMAP; PCA as a control)"
PAIR_TIP = "Both models' points in one picture, each held to itself in the other"
STEADY_TIP = "How far each map holds to the one before: faithful follows the data, steady hardly moves."


def relations(here: ModelInfo, models: list[ModelInfo]) -> list[ModelInfo]:
    """The models that make or encode such images too: stages of this one first, in order of steps."""
    others = [
        info for info in models
        if info.path != here.path and info.image_shape == here.image_shape and info.space.parts
        and info.can_generate
    ]  # fmt: skip
    return sorted(others, key=lambda info: (not is_stage(here, info), info.step, info.name))


def is_stage(here: ModelInfo, other: ModelInfo) -> bool:
    """Whether two models are of one training."""
    if here.run and here.run == other.run:
        return True
    return here.family == other.family and here.name == other.name and here.space.agrees_with(other.space)


def stage_name(info: ModelInfo) -> str:
    """What a model is called beside other stages of it."""
    return f"{info.name} · step {info.step:,}" if info.step else info.name
