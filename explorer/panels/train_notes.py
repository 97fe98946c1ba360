"""What a person thinks of one training: a few words and tags, kept in its folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, QTimer, Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from explorer.model.runs import RunSummary

PAUSE_MS = 800  # after the last key, before it is kept


class NotesPage(QWidget):
    """Emits `edited(folder, notes, tags)` soon after the last key, and at once when another run is shown."""

    edited = Signal(object, str, object)  # Path, text, tuple[str, ...]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder: Path | None = None
        self.tags = QLineEdit()
        self.tags.setPlaceholderText("Tags, between spaces: sharp keep to-compare")
        self.tags.setAccessibleName("Tags of the training")
        self.tags.setToolTip("Words to find this training by in the list")
        self.notes = QPlainTextEdit()
        self.notes.setPlaceholderText("What you want to remember of this training")
        self.notes.setAccessibleName("Notes on the training")
        self.notes.setToolTip("Kept in the training's folder; the search finds it")
        self._soon = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._soon.timeout.connect(self.keep)
        self.tags.textEdited.connect(lambda _: self._soon.start())
        self.notes.textChanged.connect(self._soon.start)
        label = QLabel("Tags")
        label.setBuddy(self.tags)
        layout = QVBoxLayout(self)
        layout.addWidget(self.tags)
        layout.addWidget(self.notes, 1)

    def show_run(self, run: RunSummary) -> None:
        """Show a run's notes; what is being written is not touched."""
        if self._folder == run.folder and (self._soon.isActive() or self._is_written_in()):
            return
        if self._folder != run.folder:
            self.keep()
        self._folder = run.folder
        if self.notes.toPlainText() != run.notes:
            with QSignalBlocker(self.notes):
                self.notes.setPlainText(run.notes)
        if tuple(self.tags.text().split()) != run.tags:
            self.tags.setText(" ".join(run.tags))

    def keep(self) -> None:
        """Keep what was written and is not kept yet."""
        if self._soon.isActive() or self.sender() is self._soon:
            self._soon.stop()
            tags = tuple(dict.fromkeys(word.lstrip("#") for word in self.tags.text().split()))
            self.edited.emit(self._folder, self.notes.toPlainText(), tags)

    def _is_written_in(self) -> bool:
        return self.notes.hasFocus() or self.tags.hasFocus()
