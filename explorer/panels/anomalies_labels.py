"""The second page of Anomalies: what the encoder is worth with few labels, drawn while it is measured."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from backends.api import WHY_NOT, Capability, ModelInfo, Reply
from backends.errors import BadSettings
from explorer.latent.compare import data_spec
from explorer.latent.label_curve import accuracy_floor, lines_of, sentence
from explorer.panels.base import Services
from explorer.panels.data_box import DataBox
from explorer.panels.files import ask_to_save
from explorer.panels.saving import save_by
from explorer.widgets.chart_view import import_plots
from explorer.widgets.controls import titled
from explorer.widgets.flow import FlowLayout
from explorer.widgets.label_view import COLOURS, LabelView
from explorer.widgets.waiting import Waiting
from explorer.workers.aside import Aside
from explorer.workers.child import Child
from explorer.workers.jobs import Job, JobClient
from explorer.workers.launch import launch_jobs
from trainers.probing.settings import WAYS, ProbeSettings

HINT = (
    "Press “Measure”: from more and more labels the encoder's codes are read by a linear classifier, the "
    "encoder is tuned, and the same network learns from scratch. It takes minutes; what is done is drawn "
    "at once."
)
NO_MODEL = "Choose a model on the left."
TIP = "Measure every way with every number of labels, in a process of its own"
MEANING = {
    "linear": "Logistic regression on the codes; the encoder stays as it is",
    "tuned": "The encoder learns on from the linear reading",
    "scratch": "The same network with new weights: what the labels alone can teach",
}
NOTHING = np.zeros((0, 4))
NICE = 10


class LabelsPage(QWidget):
    """Choices, the curve, one sentence."""

    title, tip = "Few labels", "What an encoder that learned without labels is worth where labels are few"

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services, self.session = services, services.session
        self.jobs = JobClient(_launch, self)  # its own: maps needn't wait for minutes
        self.charts: LabelView | None = None  # once the page was seen
        self.rows, self.notes = NOTHING, ""
        self.of: ModelInfo | None = None  # what the rows are of
        self.aside = Aside("label chart", self)
        self._job: Job | None = None
        self._build()
        self.session.model_changed.connect(self._on_model)
        self.measure_button.clicked.connect(self.measure)
        self._on_model()

    def measure(self) -> None:
        """Measure as the choices say; what is under way is given up."""
        info = self.session.model
        if info is None or not self.measure_button.isEnabled():
            return
        try:
            asked = self.asked()
        except BadSettings as error:
            self._on_problem(error.what, error.advice)
            return
        if not self.spec.text:
            self._on_problem("No data are chosen.", "Name labelled data: mnist, digits, npz:FILE.")
            return
        self.cancel()
        self.of, self.rows, self.notes = info, NOTHING, ""
        self._draw()
        self.waiting.begin(self.cancel)
        self.say("Starting…")
        options = {"model": info.path, "data": self.spec.text, "settings": asked.to_json()}
        self._job = self.jobs.run(
            "trainers.probing.job:run", {}, options, on_result=self._on_done, on_partial=self._on_rows,
            on_progress=self._on_progress,
            on_error=lambda reply: self._on_problem(*reply.problem),
        )  # fmt: skip

    def asked(self) -> ProbeSettings:
        """The settings that the choices say. Raises `BadSettings`."""
        ways = ",".join(way for way, box in self.ways.items() if box.isChecked())
        return ProbeSettings.from_mapping(
            {"labels": self.labels.text(), "draws": self.draws.value(), "ways": ways}
        )

    def cancel(self) -> None:
        """Stop; what is measured so far stays."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self.waiting.end()
            self._tell_result("Stopped.")

    def say(self, text: str) -> None:
        self.sentence.setText(text)

    @property
    def busy(self) -> bool:
        return self._job is not None or self.aside.busy

    def close_process(self) -> None:
        """End the process, if there is one."""
        self._job = None
        self.jobs.close()

    # What comes

    def _on_rows(self, reply: Reply) -> None:
        self.rows = reply.arrays["rows"]
        self._draw()

    def _on_progress(self, reply: Reply) -> None:
        self.waiting.tell(reply)
        self.say(f"{reply.data.get('text', '')}…")

    def _on_done(self, reply: Reply) -> None:
        self._job = None
        self.waiting.end()
        self.rows, self.notes = reply.arrays["rows"], " ".join(reply.data["notes"])
        self._draw()
        self._tell_result("")

    def _tell_result(self, first: str) -> None:
        words = (first, sentence(lines_of(self.rows)) if len(self.rows) else "", self.notes)
        self.say(" ".join(word for word in words if word) or HINT)

    def _on_problem(self, what: str, advice: str) -> None:
        self._job = None
        self.waiting.end()
        self.say(what)
        self.services.notices.problem.emit(what, advice)

    def _draw(self) -> None:
        if self.charts is not None:
            lines = lines_of(self.rows)
            self.charts.show_lines(lines, accuracy_floor(lines) if lines else 0.0)

    def _on_model(self) -> None:
        """Another model: its data, and no curve yet."""
        info = self.session.model
        why = "Choose a model first." if info is None else ""
        if info is not None and not info.can(Capability.ENCODES):
            why = WHY_NOT[Capability.ENCODES]
        self.measure_button.setEnabled(not why)
        self.measure_button.setToolTip(why or TIP)
        if info is not None and not self.spec.line.isModified():
            self.spec.show_spec(data_spec(info.dataset))
        if self.of is not None and info is not None and self.of.checksum == info.checksum:
            return
        self.cancel()
        self.of, self.rows, self.notes = None, NOTHING, ""
        self._draw()
        self.say(NO_MODEL if info is None else why or HINT)

    # Saving

    def ask_and_save(self, suffix: str) -> None:
        """Ask for a file and save the curve there."""
        if self.of is not None and len(self.rows):
            name = f"{self.of.name} few labels{suffix}"
            ask_to_save(self, self.services.settings, "Save curve", name, self.save)

    def save(self, path: Path) -> None:
        """Write a picture (`.png`) or every measurement (`.csv`)."""
        if self.of is not None:
            title = f"{self.of.name} on {self.spec.text}"
            save_by(
                "explorer.latent.label_curve:save", self.services, path, {"rows": self.rows}, {"title": title}
            )

    def saved(self) -> dict[str, Any]:
        return {"labels": self.labels.text(), "draws": self.draws.value(),
                "ways": [way for way, box in self.ways.items() if box.isChecked()]}  # fmt: skip

    def restore(self, kept: dict[str, Any]) -> None:
        if isinstance(labels := kept.get("labels"), str):
            self.labels.setText(labels)
        if isinstance(draws := kept.get("draws"), int):
            self.draws.setValue(draws)
        if isinstance(ways := kept.get("ways"), list):
            for way, box in self.ways.items():
                box.setChecked(way in ways)

    # The widgets

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.charts is None:
            self.aside.run(import_plots, lambda _: self._add_charts())

    def _add_charts(self) -> None:
        if self.charts is None:
            self.charts = LabelView()
            self.place.addWidget(self.charts)
            self._draw()

    def _build(self) -> None:
        plain = ProbeSettings()
        self.spec = DataBox(
            self.services, "Labelled data", "Images with labels, of which only some are learned from",
            wanted=lambda kind: kind["has_labels"],
        )  # fmt: skip
        self.labels = QLineEdit(plain.labels)
        self.labels.setAccessibleName("Numbers of labels")
        self.labels.setToolTip("How many images have labels, with commas; all: every image")
        self.labels.setMinimumWidth(150)
        self.draws = QSpinBox(minimum=1, maximum=20, value=plain.draws)
        self.draws.setAccessibleName("Draws")
        self.draws.setToolTip("So often for each number; the band is one standard deviation of the draws")
        self.measure_button = QPushButton("Measure")
        self.measure_button.setAccessibleName("Measure with few labels")
        choices = QWidget()
        row = FlowLayout(choices, gap=8)
        for title, editor in (("Data", self.spec), ("Labels", self.labels), ("Draws", self.draws)):
            row.addWidget(titled(title, editor))
        self.ways: dict[str, QCheckBox] = {}
        for way, text in WAYS.items():
            self.ways[way] = self._way(text, COLOURS[way], MEANING[way])
            row.addWidget(self.ways[way])
        row.addWidget(self.measure_button)
        self.waiting = Waiting("Few labels")
        held = QWidget()
        self.place = QVBoxLayout(held)
        self.place.setContentsMargins(0, 0, 0, 0)
        self.sentence = QLabel(HINT)
        self.sentence.setWordWrap(True)
        self.sentence.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop)
        box = QVBoxLayout(self)
        for widget in (choices, self.waiting, held, self.sentence):
            box.addWidget(widget, int(widget is held))

    @staticmethod
    def _way(text: str, colour: str, meaning: str) -> QCheckBox:
        """A switch that is the curve's legend too."""
        box = QCheckBox(text)
        box.setChecked(True)
        box.setStyleSheet(f"QCheckBox {{ border-bottom: 3px solid {colour}; padding-bottom: 1px }}")
        box.setAccessibleName(text)
        box.setToolTip(meaning)
        return box


def _launch() -> Child:
    """A process that lets the window and the model host go first."""
    child = launch_jobs()
    with contextlib.suppress(psutil.Error, OSError):
        psutil.Process(child.pid).nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if os.name == "nt" else NICE)
    return child
