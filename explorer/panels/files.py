"""Asking which file to open or to save to, without stopping the window meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from explorer.panels.base import Notices
from explorer.widgets.images import Image, from_qimage, picture_endings

KINDS = {
    ".png": "Picture (*.png)",
    ".svg": "Vector picture (*.svg)",
    ".gif": "Animation (*.gif)",
    ".mp4": "Video (*.mp4)",
    ".csv": "Table (*.csv)",
    ".npz": "Arrays (*.npz)",
}
FOLDER_KEY = "export/folder"


def ask_to_open(
    owner: QWidget, title: str, kinds: str, then: Callable[[str], object], folder: str = ""
) -> None:
    """Give `then` the file that is chosen; `kinds` as Qt writes them: `Models (*.safetensors)`."""
    dialog = QFileDialog(owner, title, folder, kinds)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    _show(dialog, then)


def ask_for_picture(owner: QWidget, title: str, then: Callable[[str], object]) -> None:
    """Give `then` the file of a picture that is chosen."""
    ask_to_open(owner, title, f"Pictures ({' '.join(f'*.{ending}' for ending in picture_endings())})", then)


def ask_to_save(
    owner: QWidget, settings: QSettings, title: str, name: str, then: Callable[[Path], object]
) -> None:
    """Give `then` a path that ends as `name` does, proposed in the folder that was saved to last."""
    folder, suffix = Path(str(settings.value(FOLDER_KEY, str(Path.home())))), Path(name).suffix
    dialog = QFileDialog(owner, title, str(folder / name), KINDS[suffix])
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(suffix.lstrip("."))

    def save(file: str) -> None:
        settings.setValue(FOLDER_KEY, str(Path(file).parent))
        # What was typed with another ending would be another format.
        then(Path(file) if Path(file).suffix.lower() == suffix else Path(file + suffix))

    _show(dialog, save)


def read_picture(file: str, notices: Notices) -> Image | None:
    """A picture, uint8 `[H, W, 3]`; None, and a notice, where the file is none."""
    picture = QImage(file)
    if picture.isNull():
        unreadable(file, notices)
        return None
    return from_qimage(picture)


def unreadable(file: str, notices: Notices) -> None:
    """Say that a file is no picture."""
    notices.problem.emit(f"{Path(file).name} can't be read as an image.", "Try another one.")


def _show(dialog: QFileDialog, then: Callable[[str], object]) -> None:
    dialog.fileSelected.connect(then)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
