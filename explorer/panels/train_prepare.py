"""Preparing data: pictures of folders, archives and videos made into a data set, with a look before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from backends.api import Reply
from explorer.model.export import sheet
from explorer.widgets.images import ImageView
from explorer.widgets.settings_form import SettingsForm
from explorer.workers.jobs import Job, JobClient
from trainers.prepared.settings import Preparation

LOOK_AFTER_MS = 400  # since the last change
COLUMNS = 5
FILES = (
    "Pictures, archives, videos (*.png *.jpg *.jpeg *.webp *.bmp *.gif *.zip *.mp4 *.mov *.mkv *.webm *.avi)"
)
HINT = "Add folders, .zip archives, videos or pictures, or drop them here."


class PrepareDialog(QDialog):
    """Emits `prepared(path)` with the data file. Closing gives up what is under way."""

    prepared = Signal(str)

    def __init__(self, jobs: JobClient, inputs: Sequence[Path] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Prepare data")
        self.setAcceptDrops(True)
        self.resize(940, 640)
        self._jobs = jobs
        self._looking: Job | None = None
        self._making: Job | None = None
        self._soon = QTimer(self, singleShot=True, interval=LOOK_AFTER_MS)
        self._soon.timeout.connect(self._look)
        self._build()
        self.add(inputs)

    def add(self, paths: Sequence[Path]) -> None:
        """More to prepare; what is there already stays once."""
        known = set(self.inputs())
        for path in paths:
            if path not in known:
                self.list.addItem(str(path))
        self._changed()

    def inputs(self) -> list[Path]:
        return [Path(self.list.item(row).text()) for row in range(self.list.count())]

    def busy(self) -> bool:
        return self._soon.isActive() or self._looking is not None or self._making is not None

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.add([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])

    def closeEvent(self, event: QCloseEvent) -> None:
        self._give_up()
        super().closeEvent(event)

    def reject(self) -> None:
        self._give_up()
        super().reject()

    # Building

    def _build(self) -> None:
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self._left())
        split.addWidget(self._right())
        split.setSizes([420, 500])
        layout = QVBoxLayout(self)
        layout.addWidget(split, 1)
        layout.addLayout(self._foot())

    def _left(self) -> QWidget:
        self.list = QListWidget()
        self.list.setAccessibleName("What is prepared")
        self.list.setToolTip(HINT)
        self.list.setMaximumHeight(110)
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.list.itemSelectionChanged.connect(self._judge)
        self.folder = _button("Add folder…", "Every picture below a folder", self._choose_folder)
        self.files = _button("Add files…", "Archives, videos or single pictures", self._choose_files)
        self.remove = _button("Remove", "Take the selected ones off the list", self._remove)
        row = QHBoxLayout()
        for button in (self.folder, self.files, self.remove):
            row.addWidget(button)
        row.addStretch(1)
        self.form = SettingsForm()
        self.form.show_settings(Preparation)
        self.form.changed.connect(self._changed)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.form)
        scroll.setAccessibleName("How pictures are prepared")
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.list)
        layout.addLayout(row)
        layout.addWidget(scroll, 1)
        return page

    def _right(self) -> QWidget:
        self.picture = ImageView(HINT)
        self.picture.setAcceptDrops(False)
        self.said = QLabel(wordWrap=True)
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.said.setAccessibleName("What became of the pictures")
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.picture, 1)
        layout.addWidget(self.said)
        return page

    def _foot(self) -> QHBoxLayout:
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setAccessibleName("Progress")
        self.progress.hide()
        self.make = _button("Prepare", "", self._make)
        self.make.setDefault(True)
        self.cancel = _button("Close", "Give up what is under way and close", self.reject)
        row = QHBoxLayout()
        row.addWidget(self.progress, 1)
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.make)
        return row

    # What happens

    def _choose_folder(self) -> None:
        if path := QFileDialog.getExistingDirectory(self, "Folder of pictures"):
            self.add([Path(path)])

    def _choose_files(self) -> None:
        self.add([Path(path) for path in QFileDialog.getOpenFileNames(self, "Pictures", "", FILES)[0]])

    def _remove(self) -> None:
        for item in self.list.selectedItems():
            self.list.takeItem(self.list.row(item))
        self._changed()

    def _changed(self) -> None:
        self._judge()
        self._soon.start()

    def _judge(self) -> None:
        why = self.form.problem or ("" if self.list.count() else HINT)
        why = "It is under way." if self._making is not None else why
        self.make.setEnabled(not why)
        self.make.setToolTip(why or "Read all pictures and write the data set")
        self.remove.setEnabled(bool(self.list.selectedItems()))

    def _asked(self) -> dict[str, object]:
        return {"inputs": [str(path) for path in self.inputs()], "settings": self.form.values()}

    def _look(self) -> None:
        """Show the first pictures as they would become."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        if not self.list.count() or self.form.problem:
            self.picture.show_image(None)
            return
        self._looking = self._jobs.run(
            "trainers.prepared.jobs:preview",
            {},
            self._asked(),
            on_result=self._on_look,
            on_error=self._on_blind,
        )

    def _on_look(self, reply: Reply) -> None:
        self._looking = None
        images = reply.arrays["images"]
        self.picture.show_image(sheet(images, min(COLUMNS, math.ceil(math.sqrt(len(images))))))

    def _on_blind(self, reply: Reply) -> None:
        self._looking = None
        self.picture.show_image(None)
        self.said.setText(" ".join(reply.problem))

    def _make(self) -> None:
        self.said.setText("Reading the pictures…")
        self.progress.setValue(0)
        self.progress.show()
        self._making = self._jobs.run(
            "trainers.prepared.jobs:prepare", {}, self._asked(),
            on_result=self._on_made, on_error=self._on_error, on_progress=self._on_progress,
        )  # fmt: skip
        self._judge()

    def _on_progress(self, reply: Reply) -> None:
        self.progress.setValue(round(1000 * float(reply.data["fraction"])))
        self.said.setText(str(reply.data.get("text", "")))

    def _on_made(self, reply: Reply) -> None:
        self._end()
        self.said.setText("\n".join([*reply.data["sentences"], str(reply.data["path"])]))
        self.prepared.emit(str(reply.data["path"]))

    def _on_error(self, reply: Reply) -> None:
        self._end()
        self.said.setText(" ".join(reply.problem))

    def _end(self) -> None:
        self._making = None
        self.progress.hide()
        self._judge()

    def _give_up(self) -> None:
        self._soon.stop()
        for job in (self._looking, self._making):
            if job is not None:
                job.cancel()
        self._looking = self._making = None
        self.progress.hide()


def _button(text: str, tip: str, action: object) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: action())  # type: ignore[operator]
    return button
