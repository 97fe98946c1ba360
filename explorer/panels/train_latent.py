"""The current latent of Explore, drawn by a model that is still learning; every newer one draws it again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from backends.api import Capability, Code, ModelInfo, Reply
from explorer.model.asking import FULL, PREVIEW, options_of
from explorer.model.runs import RunSummary, newest_model
from explorer.model.session import Session
from explorer.panels.base import Services
from explorer.widgets.images import Image, ImageGrid, ImageView

CHANNEL = "train-latent"
MOST = 16  # stages that are kept beside the newest
EARLIER = "Earlier models draw the same latent here, as the training goes on."
NO_MODEL = "The first model comes with the first checkpoint; “Checkpoint now” writes one at once."
DRAWS = "The newest model draws…"
NO_PICTURES = "This model draws no pictures."

Read = Callable[[Callable[[], Any], Callable[[Any], None]], None]


class LatentPage(QWidget):
    """`show_run` shows what a run's newest model makes of the current latent; `read` does work elsewhere.

    Emits `followed(info, folder, time)` when Explore, where the run in `folder` is current, shall show its
    newer model, written at `time` (ns).
    """

    followed = Signal(object, object, object)

    def __init__(self, services: Services, read: Read, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self.host = services.session, services.host
        self._read = read
        self._run: RunSummary | None = None
        self._info: ModelInfo | None = None
        self._known: tuple[Path, int] | None = None  # whose model was read, and of when
        self._drawn: tuple[str, str] = ("", "")  # model and code of the stages
        self.stages: list[tuple[int, Image]] = []
        self._build()
        self.session.code_changed.connect(self._on_code)
        self.session.model_changed.connect(self._on_code)

    def show_run(self, run: RunSummary) -> None:
        """Show this run, or what is new of it; a model is read when somebody looks or Explore follows."""
        if self._run is None or self._run.folder != run.folder:
            self._info = self._known = None
            self._forget()
            self.picture.show_image(None)
            self.picture.set_hint(DRAWS if run.model_time else NO_MODEL)
            self.said.clear()
        self._run = run
        self._look()

    def follows(self) -> bool:
        """Whether newer models are to be shown in Explore by themselves."""
        return self.follow.isChecked() and self._run is not None and self._run.phase.live

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._look()
        self._ask()

    def _build(self) -> None:
        self.picture = ImageView(NO_MODEL)
        self.picture.setAcceptDrops(False)
        self.picture.setAccessibleName("The current latent, drawn by the newest model")
        self.grid = ImageGrid(EARLIER)
        self.grid.setAcceptDrops(False)
        self.grid.setAccessibleName("The current latent, drawn by earlier models")
        self.said = QLabel(wordWrap=True)
        self.follow = QCheckBox("Keep Explore up to date")
        self.follow.setToolTip(
            "While this training's model is the current one, Explore draws with every newer model of it. How "
            "often one is written is the setting “checkpoint every”, which can be changed while it trains"
        )
        self.follow.toggled.connect(lambda _: self._look())
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.picture)
        split.addWidget(self.grid)
        split.setChildrenCollapsible(False)
        split.setSizes([300, 300])
        row = QHBoxLayout()
        row.addWidget(self.said, 1)
        row.addWidget(self.follow)
        layout = QVBoxLayout(self)
        layout.addWidget(split, 1)
        layout.addLayout(row)

    # What happens

    def _look(self) -> None:
        """Read the header of the run's newest model, once."""
        run = self._run
        if run is None or not run.model_time or not (self.isVisible() or self.follow.isChecked()):
            return
        now = (run.folder, run.model_time)
        if now != self._known:
            self._known = now
            self._read(lambda: newest_model(run.folder), lambda found: self._on_info(run.folder, *found))

    def _on_info(self, folder: Path, info: ModelInfo, time: int) -> None:
        if self._run is None or folder != self._run.folder:
            return
        self._info = info
        known = self.session.models.get(info.path)
        if self.follow.isChecked() and self.session.state.model == info.path and known != info:
            self.followed.emit(info, folder, time)  # the session's change asks for the picture
        else:
            self._ask()

    def _on_code(self) -> None:
        self._ask()

    def _ask(self) -> None:
        info = self._info
        if info is None or not self.isVisible():
            return
        if not info.can_generate:
            self.picture.set_hint(NO_PICTURES)
            return
        code, words = code_for(self.session, info)
        quality = PREVIEW if info.can(Capability.PARTIAL) and self.session.moving else FULL
        self.host.show(
            CHANNEL, "generate", info.path, arrays={"codes": info.space.pack(code)[None]},
            options=options_of(code, quality), gives_way=info.can(Capability.PARTIAL),
            on_result=lambda reply: self._on_picture(reply, info, code, words), on_error=self._on_error,
        )  # fmt: skip

    def _on_picture(self, reply: Reply, info: ModelInfo, code: Code, words: str) -> None:
        if self._info is None or info.path != self._info.path:
            return
        image = reply.arrays["images"][0]
        if (drawn := (info.path, code.to_text())) != self._drawn:
            self._forget()
            self._drawn = drawn
        self.stages = [*(stage for stage in self.stages if stage[0] != info.step), (info.step, image)][-MOST:]
        self.picture.show_image(image)
        self.said.setText(f"Step {info.step:,} draws {words}.")
        before = self.stages[:-1]
        self.grid.show_images([stage for _, stage in before], [f"step {step:,}" for step, _ in before])

    def _on_error(self, reply: Reply) -> None:
        self.said.setText(" ".join(reply.problem).strip())

    def _forget(self) -> None:
        """Another latent, or another run: the stages are no longer of one kind."""
        self.stages = []
        self.grid.show_images([], [])


def code_for(session: Session, info: ModelInfo) -> tuple[Code, str]:
    """The latent that a model is shown with, and what it is in words: Explore's, wherever it fits."""
    if session.model is not None and session.code is not None and info.space.fits(session.code):
        own = session.model.path == info.path
        return session.code, "the current latent" if own else f"the current latent of {session.model.name}"
    kept = session.state.codes.get(info.path)
    if kept is not None and info.space.fits(kept):
        return kept, "the latent that it was left at"
    seed = session.state.seed
    why = "; Explore's is of another latent space" if session.model is not None else ""
    return info.space.sample(seed), f"the latent of seed {seed}{why}"
