"""Saving in the job process, so that the window never waits for a disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtWidgets import QWidget

from backends.api import Reply
from explorer.model.export import Origin
from explorer.panels.base import Services
from explorer.panels.files import ask_to_save
from explorer.widgets.images import Image
from explorer.widgets.waiting import Waiting


def save_by(
    function: str, services: Services, path: Path, arrays: dict[str, np.ndarray], options: dict[str, Any]
) -> None:
    """Let a job write a file: `function` finds its path in the option `file`."""
    services.jobs.run(
        function, arrays, {**options, "file": str(path)},
        on_result=lambda _: services.notices.told.emit(f"Saved {path.name}"),
    )  # fmt: skip


class Saver:
    """Saves pictures, one thing at a time; `waiting` shows how far it is."""

    def __init__(self, services: Services, owner: QWidget) -> None:
        self.services, self.owner = services, owner
        self.enlarge = True
        self.waiting = Waiting("Saving")

    def ask_and_save(self, name: str, suffix: str, images: Image, **options: Any) -> None:
        """Ask where to save `images` `[N, H, W, C]`, and save them there; see `export.save`."""

        def save(path: Path) -> None:
            self.save(path, images, **options)

        self.services.jobs.warm_up()  # while the name is typed
        ask_to_save(self.owner, self.services.settings, "Save as", f"{name}{suffix}", save)

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
            self.services.notices.problem.emit(*reply.problem)

        job = self.services.jobs.run(
            "explorer.latent.export_job:save", {"images": images}, given, on_result=done, on_error=failed,
            on_progress=self.waiting.tell,
        )  # fmt: skip
        self.waiting.begin(job.cancel)
