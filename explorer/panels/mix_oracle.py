"""The oracle: classifiers of the factors, and what they say of thousands of swaps, as a matrix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSpinBox, QVBoxLayout

from backends.api import Reply
from explorer.latent.compare import data_spec
from explorer.latent.mixing import Group
from explorer.latent.oracle_file import bundled
from explorer.latent.scores.shades import shades
from explorer.latent.scores.transfer import best_chunks
from explorer.panels.base import Services
from explorer.panels.mix_judge import Judge
from explorer.panels.mix_page import Page, Scene
from explorer.panels.mix_swaps import Measured, Swaps
from explorer.widgets.controls import allow, button, combo
from explorer.widgets.flow import flowing
from explorer.widgets.heat_matrix import HeatMatrix
from explorer.widgets.waiting import Waiting
from explorer.workers.jobs import Job

OWN, DATA = "own", "data"
SOURCES = {OWN: "the model's own", DATA: "learnt from data"}
VIEWS = {"transfer": "Transfer", "preservation": "Preservation", "leak": "Leak"}
EXPLAINED = {
    "transfer": "How often a swapped group brings the giver's value of a factor (pairs that differ in it).",
    "preservation": "How often the receiver's own value survives the swap of a group.",
    "leak": "How well the numbers of one group tell a factor; what it should not know must be at chance.",
}
CARRIED = 0.5  # of swaps from which on a factor's best group is named
PUBLISHED = (
    "Published for MNIST, class from a varying code of 16: Szabó 96 %, Mathieu 67 %, cycle-consistent 18 % "
    "(Jha et al. 2018)."
)
HINT = (
    "First make an oracle: something that names the factors in a picture. Then measure which group carries "
    "which factor over, and what it disturbs. The Table page shows its verdicts under each picture."
)


class OraclePage(Page):
    """The oracle's source and how good it is; matrices of groups and factors."""

    title = "Oracle"
    tip = "What came through and what was disturbed, measured over thousands of swaps"

    def __init__(self, services: Services, judge: Judge) -> None:
        super().__init__(services)
        self.judge = judge
        self.swaps = Swaps(services, judge)
        self.matrices: dict[str, Measured] = {}
        self._job: Job | None = None
        self._model = ""
        self._kept: Path | None = None  # the bundled oracle of the current model
        self._groups: tuple[Group, ...] = ()  # whose matrices these are
        self._build()
        self.swaps.measured.connect(self._on_measured)
        self.swaps.failed.connect(self._on_failed)
        self.swaps.told.connect(lambda reply: self.progress.tell(reply))
        judge.failed.connect(self._on_failed)

    @property
    def waiting(self) -> bool:
        return self.swaps.busy or (self._job is not None and not self._job.done)

    def draw(self, scene: Scene) -> None:
        info = scene.info
        key = info.path + info.checksum if info else ""
        if key != self._model:
            self._model = key
            self.cancel()
            self.judge.forget()
            self.spec.setText(data_spec(info.dataset) if info else "")
            self._kept = bundled(info) if info is not None else None
            own = info is not None and bool(info.classifier or self._kept)
            self.source.setCurrentIndex(self.source.findData(OWN if own else DATA))
            self.told.setText("")
        if scene.groups != self._groups:
            self._groups, self.matrices = scene.groups, {}
        self._enable()
        self._show()

    # Making an oracle

    def make(self) -> None:
        """Take what belongs to the model, or learn an oracle from the data that are named."""
        info = self.scene.info
        if info is None:
            return
        self.cancel()
        own = self.source.currentData() == OWN
        if own and info.classifier:
            self.told.setText(self.judge.use_classifier(info))
            self._enable()
            return
        side, _, channels = info.image_shape
        if own:
            job = "explorer.latent.oracle_file:read_job"
            options = {"path": str(self._kept), "side": side, "channels": channels}
        else:
            job = "explorer.latent.oracle:fit_job"
            options = {"spec": self.spec.text().strip(), "image_size": side, "channels": channels,
                       "count": self.count.value()}  # fmt: skip

        def done(reply: Reply) -> None:
            self.progress.end()
            if self.scene.info is not None and self.scene.info.path == info.path:
                self.told.setText(self.judge.use_oracle(info, reply))
                self._enable()

        def failed(reply: Reply) -> None:
            self._on_failed(*reply.problem)

        self._job = self.services.jobs.run(
            job, {}, options, on_result=done, on_error=failed, on_progress=self.progress.tell
        )
        self.progress.begin(self.cancel)

    def cancel(self) -> None:
        """Give up what is under way."""
        self.swaps.cancel()
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self.progress.end()

    # Measuring

    def measure(self) -> None:
        """Transfer and preservation of every group."""
        self._start(leak=False)

    def measure_leak(self) -> None:
        """How well each group tells each factor."""
        self._start(leak=True)

    def _start(self, leak: bool) -> None:
        info = self.scene.info
        if info is not None and self.judge.serves(info) and self.scene.groups:
            self.swaps.start(info, self.scene.groups, self.pairs.value(), leak)
            self.progress.begin(self.cancel)

    def _on_measured(self, found: Measured) -> None:
        self.progress.end()
        for name in found.matrices:
            self.matrices[name] = found
        self.view.setCurrentIndex(self.view.findData(next(iter(found.matrices))))
        self._show()

    def _on_failed(self, what: str, advice: str) -> None:
        self.progress.end()
        self.told.setText(f"{what} {advice}".strip())

    # Showing

    def _show(self) -> None:
        key = str(self.view.currentData())
        found = self.matrices.get(key)
        if found is None:
            self.matrix.show_hint(self.scene.message or HINT)
            self.said.setText("")
            return
        values = found.matrices[key]
        none = np.zeros(0)
        self.matrix.show_matrix(
            values, shades(np.nan_to_num(values)), found.groups, found.factors, none, none, ("", "")
        )
        self.said.setText(self._sentence(key, found))

    def _sentence(self, key: str, found: Measured) -> str:
        images = "pictures drawn from the model" if found.drawn else "images of the data"
        if key == "leak" and found.chance is not None:
            chance = ", ".join(f"{f} {c:.0%}" for f, c in zip(found.factors, found.chance, strict=True))
            published = f" {PUBLISHED}" if found.factors == ("class",) else ""
            return f"{EXPLAINED[key]} Chance: {chance}. {found.count:,} {images}.{published}"
        best = best_chunks(found.matrices["transfer"], found.matrices["preservation"])
        told, nowhere = [], []
        for factor, (group, carried, kept) in zip(found.factors, best, strict=True):
            if carried >= CARRIED:
                others = "" if np.isnan(kept) else f", the others stay in {kept:.0%}"
                told.append(f"{factor}: {found.groups[group]} carries {carried:.0%}{others}")
            elif group >= 0:
                nowhere.append(factor)
        if nowhere:
            told.append(f"no group carries {', '.join(nowhere)} in half of the swaps")
        return f"{EXPLAINED[key]} {found.count:,} swaps of {images}. Best: {'; '.join(told)}."

    def _on_pointed(self, row: int, column: int) -> None:
        key = str(self.view.currentData())
        if (found := self.matrices.get(key)) is not None:
            said = self.matrix.text_of(row, column)
            self.said.setText(said if said else self._sentence(key, found))

    def _enable(self) -> None:
        info = self.scene.info
        learns = self.source.currentData() == DATA
        for widget in (self.spec, self.count):
            widget.setVisible(learns)
        why = "Choose a model first." if info is None else ""
        if not why and info is not None and not learns and not (info.classifier or self._kept):
            why = "No classifier and no oracle belong to this model: learn one from labelled data."
        allow(self.make_button, why)
        ready = info is not None and self.judge.serves(info)
        why = "" if ready and self.scene.groups else "Make an oracle first."
        for measuring in (self.measure_button, self.leak_button):
            allow(measuring, why)

    def _build(self) -> None:
        self.source = combo("Where the oracle comes from", "What names the factors in a picture", SOURCES)
        self.source.activated.connect(lambda _: self._enable())
        self.spec = QLineEdit(placeholderText="dsprites, npz:FILE, digits")
        self.spec.setAccessibleName("Labelled data of the oracle")
        self.spec.setToolTip("Data with factors or labels, as in the Train panel: dsprites, npz:FILE, mnist")
        self.count = _number(200, 20_000, 4000, "How many images the oracle learns from")
        self.make_button = button("Make oracle", self.make, "Take or learn an oracle for this model")
        self.pairs = _number(50, 5000, 500, "How many swaps of each group")
        self.measure_button = button("Measure swaps", self.measure, "Measure transfer and preservation")
        self.leak_button = button("Measure leak", self.measure_leak, "Measure what each group knows")
        self.view = combo("Matrix to show", "Which matrix is shown", VIEWS)
        self.view.activated.connect(lambda _: self._show())
        self.told = QLabel(wordWrap=True)
        self.said = QLabel(wordWrap=True)
        self.matrix = HeatMatrix()
        self.matrix.setAccessibleName("Matrix of groups and factors")
        self.matrix.pointed.connect(self._on_pointed)
        self.progress = Waiting("Asking the oracle")
        first = QHBoxLayout()
        self.spec.setMinimumWidth(60)
        for widget in (self.source, self.spec, self.count, self.make_button):
            first.addWidget(widget)
        self.pairs.setSuffix(" swaps")
        second = flowing(self.pairs, self.measure_button, self.leak_button, self.view)
        first.setStretchFactor(self.spec, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 6, 0, 0)
        box.addLayout(first)
        box.addWidget(self.told)
        box.addWidget(second)
        box.addWidget(self.matrix, 1)
        box.addWidget(self.progress)
        box.addWidget(self.said)


def _number(low: int, high: int, value: int, name: str) -> QSpinBox:
    spin = QSpinBox(minimum=low, maximum=high, value=value, singleStep=max(value // 4, 1))
    spin.setAccessibleName(name)
    spin.setToolTip(name)
    return spin
