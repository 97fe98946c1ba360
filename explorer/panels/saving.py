"""Saving pictures: asks for a name, then saves in the job process with progress and cancel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QFileDialog, QWidget

from backends.api import Reply
from explorer.model.export import Origin
from explorer.panels.base import Services
from explorer.widgets.images import Image
from explorer.widgets.waiting import Waiting

FILTERS = {".png": "Picture (*.png)", ".gif": "Animation (*.gif)", ".mp4": "Video (*.mp4)"}
FOLDER_KEY = "export/folder"


class Saver:
    """Saves one thing at a time; `waiting` shows how far it is."""

    def __init__(self, services: Services, owner: QWidget) -> None:
        self.services, self.owner = services, owner
        self.enlarge = True
        self.waiting = Waiting("Saving")

    def ask_and_save(self, name: str, suffix: str, images: Image, **options: Any) -> None:
        """Ask where to save `images` `[N, H, W, C]`, and save them there; see `export.save`."""
        folder = str(self.services.settings.value(FOLDER_KEY, str(Path.home())))
        dialog = QFileDialog(self.owner, "Save as", str(Path(folder) / f"{name}{suffix}"), FILTERS[suffix])
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix.lstrip("."))

        def save(file: str) -> None:
            self.services.settings.setValue(FOLDER_KEY, str(Path(file).parent))
            # What was typed with another ending would be another format.
            path = Path(file) if Path(file).suffix.lower() == suffix else Path(file + suffix)
            self.save(path, images, **options)

        self.services.jobs.warm_up()  # while the name is typed
        dialog.fileSelected.connect(save)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save(self, path: Path, images: Image, origin: Origin | None = None, **options: Any) -> None:
        """Save `images` to `path`."""
        given = {**options, "file": str(path), "enlarge": self.enlarge}
        if origin is not None:
            given["origin"] = origin.to_text()

        def done(_: Reply) -> None:
            self.waiting.end()
            self.services.notices.told.emit(f"Saved {path.name}")

        def failed(reply: Reply) -> None:
            self.waiting.end()
            self.services.notices.problem.emit(reply.data["what"], reply.data.get("advice", ""))

        job = self.services.jobs.run(
            "explorer.latent.export_job:save", {"images": images}, given, on_result=done, on_error=failed,
            on_progress=self.waiting.tell,
        )  # fmt: skip
        self.waiting.begin(job.cancel)
