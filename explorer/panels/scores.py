"""Scores: how far the dimensions of a model's codes stand for the known factors of data, honestly."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QLabel,
    QMenu,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from backends.api import BadData, ModelInfo, Reply
from explorer.latent.cloud import Cloud
from explorer.latent.scores.asking import question
from explorer.latent.scores.measuring import Row
from explorer.latent.scores.report import Report, shown
from explorer.latent.scores.shades import by_best_column, focus, gaps, shades
from explorer.panels.base import Command, Panel, Services
from explorer.panels.files import ask_to_save
from explorer.panels.saving import save_by
from explorer.panels.scores_bar import COUNTS, EFFORTS, ScoresBar
from explorer.widgets.gauges import CEILING, CHANCE, Gauge, GaugeTable
from explorer.widgets.heat_matrix import HeatMatrix
from explorer.widgets.waiting import Waiting
from explorer.workers.collect import Collector, Wanted
from explorer.workers.jobs import Job

HINT = (
    "Press “Measure” to see what each dimension of this model knows of each factor of the data, with the "
    "scores of the literature beside it. dSprites has five exact factors; labelled data show how far the "
    "class leaks into each part of the code."
)
NO_MODEL = "Choose a model on the left to measure how disentangled its codes are."
MOST_BESIDE = 420  # pixels for the scores; the rest is for the matrix


class ScoresPanel(Panel):
    """Choices, the matrix with its margins, the scores on their scales, one sentence about the chosen one."""

    name = "scores"
    title = "Scores"
    order = 60
    tip = "How disentangled the codes are: matrices and scores, with ceiling and chance"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.report: Report | None = None
        self.source: Wanted | None = None  # what the report is of
        self._wanted: Wanted | None = None
        self._cloud: tuple[Wanted, Cloud] | None = None  # encoded last, reused by another preset
        self._job: Job | None = None
        self._key = ""  # the score whose matrix is shown
        self._checksum = ""  # of the model the report is of
        self._order = np.zeros(0, np.int64)  # rows of the matrix as shown
        self.collector = Collector(services.host, services.jobs, self)
        self._build()
        self._connect()
        self._on_model()

    # Measuring

    def measure(self) -> None:
        """Measure what the choices ask for; what is under way is given up."""
        info = self.session.model
        if info is None or not self.bar.measure.isEnabled():
            return
        wanted = self.bar.wanted(info)
        if not wanted.spec:
            self.bar.spec.setFocus()
            self._on_problem("No data are chosen.", "Name data with factors: dsprites, digits, npz:FILE.")
            return
        self.cancel()
        self._wanted = wanted
        self.waiting.begin(self.cancel)
        self.say("Reading and encoding the data…")
        if self._cloud is not None and self._cloud[0] == wanted:
            self._on_cloud(self._cloud[1])
        else:
            self.collector.start(info, wanted, info.classes)

    def cancel(self) -> None:
        """Give up what is under way; the scores shown stay."""
        if self._wanted is None:
            return
        self._wanted = None
        self.collector.cancel()
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self.waiting.end()
        self.say("Given up.")

    def _on_cloud(self, cloud: Cloud) -> None:
        info, wanted = self.session.model, self._wanted
        if info is None or wanted is None or info.path != wanted.model:
            return
        self._cloud = (wanted, cloud)
        try:
            arrays, options = question(info.space, cloud, self.bar.preset, wanted.seed)
        except BadData as error:
            self._on_problem(error.what, error.advice)
            return
        self.say("Measuring…")
        self._job = self.services.jobs.run(
            "explorer.latent.scores.measuring:run", arrays, options, on_result=self._on_scores,
            on_error=lambda reply: self._on_problem(*reply.problem),
            on_progress=self._on_progress,
        )  # fmt: skip

    def _on_gathered(self, fraction: float, text: str) -> None:
        self.waiting.tell(Reply(0, "progress", {"fraction": fraction}))
        self.say(f"{text}…")

    def _on_progress(self, reply: Reply) -> None:
        self.waiting.tell(reply)
        self.say(f"Measuring {reply.data.get('text', '')}…")

    def _on_scores(self, reply: Reply) -> None:
        info = self.session.model
        self._checksum = info.checksum if info is not None else ""
        self.source, self._wanted, self._job = self._wanted, None, None
        self.waiting.end()
        self.show_report(Report.of(reply.data, reply.arrays))

    def _on_problem(self, what: str, advice: str) -> None:
        self._wanted = self._job = None
        self.waiting.end()
        self.say(what)
        self.services.notices.problem.emit(what, advice)

    # Showing

    def show_report(self, report: Report) -> None:
        """The scores, and the matrix of the first of them."""
        self.report = report
        self.table.show_gauges([_gauge(row) for row in report.rows])
        self.side.show()
        self.save.setEnabled(True)
        leaks = len(report.factor_names) == 1 and len(report.chunks) > 1
        titles = [row.score for row in report.rows]
        self.table.selectRow(titles.index("probe") if leaks and "probe" in titles else 0)

    def _on_chosen(self, row: int) -> None:
        """Another score: its sentence and its matrix; one without a matrix leaves the one shown."""
        report = self.report
        if report is None or not 0 <= row < len(report.rows):
            return
        line = report.rows[row]
        self.say(" ".join(text for text in (line.help, line.note, *report.notes) if text))
        if line.score in report.matrices:
            self._key = line.score
        elif self._key not in report.matrices:
            self._key = next(iter(report.matrices), "")
        self._draw()

    def _draw(self) -> None:
        report = self.report
        if report is None or self._key not in report.matrices:
            return
        matrix = report.matrices[self._key]
        self._order = by_best_column(matrix) if self.sorting.isChecked() else np.arange(len(matrix))
        shown_rows = matrix[self._order]
        names = report.row_names(self._key)
        self.caption.setText(report.titles[self._key])
        self.matrix.show_matrix(
            shown_rows, shades(shown_rows), [names[i] for i in self._order], report.factor_names,
            focus(shown_rows), gaps(shown_rows), ("focus" if matrix.shape[1] > 1 else "", "gap"),
        )  # fmt: skip

    def _on_pointed(self, row: int, column: int) -> None:
        text = self.matrix.text_of(row, column)
        title = self.report.titles.get(self._key, "") if self.report else ""
        self.caption.setText(f"{title}   {text}" if text else title)

    def say(self, text: str) -> None:
        """One sentence under the matrix."""
        self.sentence.setText(text)

    def _on_model(self) -> None:
        """Another model, other scores."""
        info = self.session.model
        why = self.bar.allow(info)
        if self.source is not None and info is not None and self._of_report(info):
            return
        self.cancel()
        self.report = self.source = self._cloud = None
        self.table.show_gauges([])
        self.side.hide()
        self.caption.setText("")
        self.matrix.show_hint(NO_MODEL if info is None else why or HINT)
        self.save.setEnabled(False)
        self.say("")

    def _of_report(self, info: ModelInfo) -> bool:
        return self.source is not None and (info.path, info.checksum) == (self.source.model, self._checksum)

    # Saving

    def ask_and_save(self, suffix: str) -> None:
        """Ask for a file and save the scores there."""
        info = self.session.model
        if self.report is not None and info is not None:
            name = f"{info.name} scores{suffix}"
            ask_to_save(self, self.services.settings, "Save scores", name, self.save_scores)

    def save_scores(self, path: Path) -> None:
        """Write matrices and scores as a picture (`.png`) or a table (`.csv`)."""
        report, info = self.report, self.session.model
        if report is None or info is None or self.source is None:
            return
        options = {"title": f"{info.name} on {self.source.spec}", "report": report.told()}
        save_by("explorer.latent.scores.picture:save", self.services, path, dict(report.matrices), options)

    # The panel

    def commands(self) -> list[Command]:
        def can_measure() -> bool | str:
            return True if self.bar.measure.isEnabled() else self.bar.measure.toolTip()

        def has_scores() -> bool | str:
            return True if self.report is not None else "Measure scores first."

        return [
            Command("scores.measure", "Measure scores", self.measure, "Compare", "", HINT, can_measure),
            Command("scores.cancel", "Give up the scores", self.cancel, "Compare", "",
                    "Stop what is being measured",
                    lambda: self._wanted is not None or "No scores are being measured."),
            Command("scores.save_picture", "Save scores as picture…", partial(self.ask_and_save, ".png"),
                    "Compare", "", "Matrices and scores as PNG", has_scores),
            Command("scores.save_table", "Save scores as table…", partial(self.ask_and_save, ".csv"),
                    "Compare", "", "Matrices and scores as CSV", has_scores),
        ]  # fmt: skip

    def busy(self) -> bool:
        return self._wanted is not None

    def demonstrate(self) -> None:
        """The scores of the current model on its own data, else on dSprites."""
        if not self.bar.spec.text:
            self.bar.spec.setEditText("dsprites")
        self.measure()

    def settings_to_save(self) -> dict[str, Any]:
        bar = self.bar
        typed = bar.spec.text if bar.spec.line.isModified() else ""
        return {"spec": typed, "count": bar.count.currentData(), "preset": bar.preset,
                "seed": bar.seed.value(), "sorted": self.sorting.isChecked()}  # fmt: skip

    def restore_settings(self, saved: dict[str, Any]) -> None:
        bar = self.bar
        for box, key, allowed in ((bar.count, "count", COUNTS), (bar.effort, "preset", tuple(EFFORTS))):
            if saved.get(key) in allowed:
                bar.choose(box, saved[key])
        if isinstance(seed := saved.get("seed"), int):
            bar.seed.setValue(seed)
        if isinstance(spec := saved.get("spec"), str) and spec:
            bar.spec.show_spec(spec, typed=True)
        if isinstance(ordered := saved.get("sorted"), bool):
            self.sorting.setChecked(ordered)

    def _build(self) -> None:
        self.bar = ScoresBar(self.services)
        self.waiting = Waiting("Scores")
        self.caption = QLabel()
        self.caption.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.sorting = QCheckBox("Sort by factor")
        self.sorting.setAccessibleName("Sort dimensions by factor")
        self.sorting.setToolTip(
            "Order the dimensions by the factor they know most of, so that a diagonal shows"
        )
        self.save = QPushButton("Save")
        self.save.setAccessibleName("Save scores")
        self.save.setToolTip("Save matrices and scores as a picture or a table")
        menu = QMenu(self.save)
        menu.addAction("Picture (PNG)…", partial(self.ask_and_save, ".png"))
        menu.addAction("Table (CSV)…", partial(self.ask_and_save, ".csv"))
        self.save.setMenu(menu)
        self.matrix = HeatMatrix()
        self.table = GaugeTable()
        self.legend = QLabel(
            f"<span style='color:{CEILING.name()}'>▌</span> exact factors &nbsp; "
            f"<span style='color:{CHANCE.name()}'>▌</span> chance (shuffled codes)"
        )
        self.legend.setToolTip(
            "What the exact factors themselves and codes that know nothing get on these data"
        )
        self.sentence = QLabel(wordWrap=True)
        self._lay_out()

    def _lay_out(self) -> None:
        self.bar.second.addWidget(self.sorting)
        self.bar.second.addWidget(self.save)
        self.side = QWidget()  # beside the matrix, where there are scores
        self.side.setMaximumWidth(MOST_BESIDE)
        column = QVBoxLayout(self.side)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table, 1)
        column.addWidget(self.legend)
        split = QSplitter()
        split.setChildrenCollapsible(False)
        split.addWidget(self.matrix)
        split.addWidget(self.side)
        split.setSizes([560, 400])
        split.setStretchFactor(0, 1)
        box = QVBoxLayout(self)
        box.addWidget(self.bar)
        box.addWidget(self.waiting)
        box.addWidget(self.caption)
        box.addWidget(split, 1)
        box.addWidget(self.sentence)

    def _connect(self) -> None:
        self.bar.measure_asked.connect(self.measure)
        self.collector.collected.connect(self._on_cloud)
        self.collector.progressed.connect(self._on_gathered)
        self.collector.failed.connect(self._on_problem)
        self.table.chosen.connect(self._on_chosen)
        self.matrix.pointed.connect(self._on_pointed)
        self.sorting.toggled.connect(lambda _: self._draw())
        self.session.model_changed.connect(self._on_model)


def _gauge(row: Row) -> Gauge:
    """A figure on its scale."""
    known = math.isfinite(row.low)
    interval = f" (95 % interval {shown(row.low)} to {shown(row.high)})" if known else ""
    marks = (
        "" if math.isnan(row.ceiling) else f"; exact factors {shown(row.ceiling)}, chance {shown(row.chance)}"
    )
    said = f"{shown(row.value)}{interval}{marks}"
    lower = " Lower is better." if row.lower_is_better else ""
    at, low, high, ceiling, chance = (
        math.nan if math.isnan(value) else row.position(value)
        for value in (row.value, row.low, row.high, row.ceiling, row.chance)
    )
    tip = f"{said}. {row.help}{lower}"
    return Gauge(row.title, shown(row.value), at, low, high, ceiling, chance, tip, said)


PANEL = ScoresPanel
