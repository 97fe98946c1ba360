"""The first page of Anomalies: choices, histogram and ROC with a threshold, figures, the worst images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QSplitter, QVBoxLayout, QWidget

from backends.api import Capability, ModelInfo, Reply
from explorer.latent.anomaly_case import Asked, Case, shown
from explorer.latent.anomaly_picture import NEW
from explorer.panels.anomalies_bar import COUNTS, AnomaliesBar
from explorer.panels.anomalies_worst import WorstImages
from explorer.panels.base import Services
from explorer.panels.files import ask_to_save
from explorer.panels.saving import save_by
from explorer.widgets.chart_view import import_plots
from explorer.widgets.images import Image
from explorer.widgets.roc_view import RocView
from explorer.widgets.waiting import Waiting
from explorer.workers.anomalies import AnomalyFinder
from explorer.workers.aside import Aside

HINT = (
    "Press “Find”: test images that are normal and others are scored by the model, and you see how well the "
    "scores tell them apart. Train a model on some classes alone (mnist:classes=0-4) to try it."
)
NO_MODEL = "Choose a model on the left."
STEPS = 500  # of the threshold's slider


class FindPage(QWidget):
    """What a model was not trained on, by its scores."""

    title, tip = "Find anomalies", "How well a model's scores tell what it knows from what it has never seen"

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services, self.session = services, services.session
        self.case: Case | None = None
        self.charts: RocView | None = None  # once the page was seen
        self.finder = AnomalyFinder(services.host, services.jobs, self)
        self.aside = Aside("charts", self)
        self._build()
        self._connect()
        self._on_model()

    def search(self) -> None:
        """Search as the choices say; what is under way is given up."""
        info = self.session.model
        if info is None or not self.bar.button.isEnabled():
            return
        asked = self.bar.asked()
        if not asked.spec:
            self.bar.spec.setFocus()
            self._on_problem("No data are chosen.", "Name data: mnist, digits, npz:FILE.")
            return
        self.cancel()
        self.waiting.begin(self.cancel)
        self.say("Reading the images…")
        self.finder.start(info, asked)

    def cancel(self) -> None:
        """Give up what is under way; what was found stays."""
        if self.finder.busy:
            self.finder.cancel()
            self.waiting.end()
            self.say("Given up.")

    def say(self, text: str) -> None:
        self.sentence.setText(text)

    @property
    def busy(self) -> bool:
        return self.finder.busy or self.aside.busy

    # What was found

    def show_case(self, case: Case | None) -> None:
        """Charts, figures and images of a search."""
        self.case = case
        self.worst.show_case(case)
        self.threshold.setEnabled(case is not None)
        self._draw()
        if case is not None:
            verdict = case.verdict
            self.say(" ".join(text for text in (verdict.sentence(), verdict.by_group()) if text))

    def _draw(self) -> None:
        if self.charts is None:
            return
        if self.case is None:
            self.charts.clear()
            self.caught.setText("")
            return
        verdict = self.case.verdict
        self.charts.histogram.show_bars(verdict.edges, verdict.bars, NEW[self.case.asked.how])
        self.charts.curve.show_curve(verdict.roc.alarms, verdict.roc.caught)
        at = verdict.roc.caught - verdict.roc.alarms
        self._set_threshold(float(verdict.roc.thresholds[1:][at[1:].argmax()]))

    def _set_threshold(self, value: float) -> None:
        """Move the slider there; its signal says the rest."""
        if self.case is not None:
            low, high = self.case.verdict.edges[[0, -1]]
            place = min(max(round((value - low) / (high - low) * STEPS), 0), STEPS)
            if place == self.threshold.value():
                self._on_threshold(place)
            self.threshold.setValue(place)

    def _on_threshold(self, place: int) -> None:
        if self.case is None or self.charts is None:
            return
        low, high = self.case.verdict.edges[[0, -1]]
        value = float(low + place / STEPS * (high - low) if place else self.case.scores.min())
        alarms, caught = self.case.at(value)
        self.charts.histogram.show_threshold(value)
        self.charts.curve.show_place(alarms, caught)
        self.caught.setText(f"≥ {shown(value)}: {caught:.0%} caught, {alarms:.0%} false alarms")

    def _on_chosen(self, row: int) -> None:
        """Show an image beside its copy, and make its code current."""
        case = self.case
        if case is None:
            return
        image = case.images[row]
        if case.codes is not None and case.again is not None:
            self._take(case, row, case.codes[row], case.again[row])
        elif case.info.can(Capability.ENCODES):
            self.worst.show_pair(image, None, case.caption(row))
            self.services.host.show(
                "anomaly", "encode", case.info.path, arrays={"images": image[None]},
                on_result=lambda reply: self._on_encoded(case, row, reply),
            )  # fmt: skip
        else:
            self.worst.show_pair(image, None, f"{case.caption(row)}. This model has no encoder.")

    def _on_encoded(self, case: Case, row: int, reply: Reply) -> None:
        if case is self.case:
            self._take(case, row, reply.arrays["codes"][0], reply.arrays["reconstructions"][0])

    def _take(self, case: Case, row: int, code: Any, again: Image) -> None:
        self.worst.show_pair(case.images[row], again, case.caption(row))
        if self._is_of(case, self.session.model):
            self.session.set_code(self.session.code_at(code), f"Image {row} of {case.asked.spec}")

    def _on_problem(self, what: str, advice: str) -> None:
        self.waiting.end()
        self.say(what)
        self.services.notices.problem.emit(what, advice)

    def _on_found(self, case: Case) -> None:
        self.waiting.end()
        self.show_case(case)

    def _on_progress(self, fraction: float, text: str) -> None:
        self.waiting.tell(Reply(0, "progress", {"fraction": fraction}))
        self.say(f"{text}…")

    def _on_model(self) -> None:
        """Another model, other scores."""
        info = self.session.model
        why = self.bar.allow(info)
        if self.case is not None and self._is_of(self.case, info):
            return
        self.cancel()
        self.show_case(None)
        self.say(NO_MODEL if info is None else why or HINT)

    @staticmethod
    def _is_of(case: Case, info: ModelInfo | None) -> bool:
        known = case.info
        return info is not None and (info.path, info.checksum) == (known.path, known.checksum)

    # Saving

    def ask_and_save(self, suffix: str) -> None:
        """Ask for a file and save there what was found."""
        if self.case is not None:
            name = f"{self.case.info.name} anomalies{suffix}"
            ask_to_save(self, self.services.settings, "Save anomalies", name, self.save)

    def save(self, path: Path) -> None:
        """Write a picture (`.png`) or the score of every image (`.csv`)."""
        if self.case is not None:
            save_by("explorer.latent.anomaly_picture:save", self.services, path, *self.case.drawing())

    # The widgets

    def saved(self) -> dict[str, Any]:
        asked = self.bar.asked()
        words = [asked.spec, asked.normal, asked.against] if self.bar.modified else []
        return {"typed": words, "count": asked.count}

    def restore(self, kept: dict[str, Any]) -> None:
        count, words = kept.get("count"), kept.get("typed")
        if count in COUNTS:
            self.bar.count.setCurrentIndex(self.bar.count.findData(count))
        if isinstance(words, list) and len(words) == 3 and all(isinstance(word, str) for word in words):
            spec, normal, against = words
            self.bar.show_asked(Asked(spec, normal, against, self.bar.asked().count), typed=True)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.charts is None:
            self.aside.run(import_plots, lambda _: self._add_charts())

    def _add_charts(self) -> None:
        if self.charts is None:
            self.charts = RocView()
            self.charts.histogram.moved.connect(self._set_threshold)
            self.upper.insertWidget(0, self.charts, 1)
            self._draw()

    def _build(self) -> None:
        self.bar = AnomaliesBar(self.services)
        self.waiting = Waiting("Anomalies")
        self.threshold = QSlider(Qt.Orientation.Horizontal)
        self.threshold.setRange(0, STEPS)
        self.threshold.setAccessibleName("Threshold")
        self.threshold.setToolTip(
            "From which score on an image is called an anomaly; also the line in the bars"
        )
        self.caught = QLabel()
        self.worst = WorstImages()
        self.sentence = QLabel(HINT)
        self.sentence.setWordWrap(True)
        self.sentence.setMinimumHeight(3 * self.fontMetrics().lineSpacing())
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop)
        top = QWidget()
        self.upper = QVBoxLayout(top)
        self.upper.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        row.addWidget(QLabel("Threshold"))
        row.addWidget(self.threshold, 1)
        row.addWidget(self.caught)
        self.upper.addLayout(row)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(top)
        split.addWidget(self.worst)
        split.setChildrenCollapsible(False)
        split.setSizes([260, 300])
        box = QVBoxLayout(self)
        for widget in (self.bar, self.waiting, split, self.sentence):
            box.addWidget(widget, int(widget is split))

    def _connect(self) -> None:
        self.bar.find_asked.connect(self.search)
        self.finder.found.connect(self._on_found)
        self.finder.failed.connect(self._on_problem)
        self.finder.progressed.connect(self._on_progress)
        self.threshold.valueChanged.connect(self._on_threshold)
        self.worst.chosen.connect(self._on_chosen)
        self.session.model_changed.connect(self._on_model)
