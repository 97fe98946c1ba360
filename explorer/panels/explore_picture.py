"""The large picture of Explore: asked for in preview while a hand moves, whole when it rests."""

from __future__ import annotations

import time
from math import prod

from PySide6.QtCore import QObject, Signal

from backends.api import Capability, Code, ModelInfo, Reply
from explorer.model.asking import PREVIEW, options_of
from explorer.panels.base import Services
from explorer.panels.quality import Quality
from explorer.widgets.waiting import Waiting
from explorer.workers.host_client import Ticket

CHANNEL = "explore"
LATE_S = 0.016  # of transfer, beyond which a picture on the line may lose its last bits while a hand moves
PARTIAL_S = 0.15  # a picture that is there sooner is painted once; of a longer one every step is seen


class Maker(QObject):
    """Asks the host for the picture of a code. Families of one step need no previews but on a slow line."""

    shown = Signal(object)  # uint8 [H, W, C]: the picture as far as it is
    told = Signal(str)  # its size and how long it took
    refused = Signal(object)  # the reply with an error

    def __init__(self, services: Services, parent: QObject) -> None:
        super().__init__(parent)
        self.session, self.host = services.session, services.host
        self.waiting = Waiting("Making")
        self.quality = Quality(self.session, self)
        self.quality.wanted.connect(self._ask)
        self._wanted: tuple[ModelInfo, Code] | None = None
        self._ticket: Ticket | None = None  # of the newest picture asked for
        self._asked = 0.0

    def draw(self, model: ModelInfo, code: Code) -> None:
        """Ask for the picture of a code; whatever else is asked, the newest gets painted."""
        self._wanted = (model, code)
        slow = model.can(Capability.PARTIAL) or self.host.line.seconds(prod(model.image_shape)) > LATE_S
        self.quality.want(moving=slow and self.session.moving)

    def stop(self) -> bool:
        """Nobody looks: give up what is under way. Whether there was anything."""
        busy = self.busy
        self.quality.forget()
        self.waiting.end()
        self.host.give_up(CHANNEL)
        return busy

    @property
    def busy(self) -> bool:
        return self.waiting.busy or self.quality.due

    def _ask(self, quality: str) -> None:
        assert self._wanted is not None
        model, code = self._wanted
        self._asked = time.perf_counter()
        moving = {"lossy": True} if quality == PREVIEW and self.host.line.far else {}
        options = {**options_of(code, quality), **moving}
        self._ticket = self.host.show(
            CHANNEL, "generate", model.path, arrays={"codes": model.space.pack(code)[None]},
            options=options, gives_way=model.can(Capability.PARTIAL),
            on_result=self._on_result, on_partial=self._on_partial, on_error=self._on_error,
        )  # fmt: skip
        self.waiting.begin(self._give_up)

    def _on_partial(self, reply: Reply) -> None:
        if time.perf_counter() - self._asked > PARTIAL_S:
            self.shown.emit(reply.arrays["images"][0])

    def _on_result(self, reply: Reply) -> None:
        images = reply.arrays["images"]
        self.shown.emit(images[0])
        self._answered(reply)
        height, width = images.shape[1:3]
        self.told.emit(f"{width} × {height} · {_duration(float(reply.data['seconds']))}")

    def _on_error(self, reply: Reply) -> None:
        self._answered(reply)
        self.refused.emit(reply)

    def _answered(self, reply: Reply) -> None:
        if self._ticket is not None and reply.stamp == self._ticket.request.stamp:
            self.waiting.end()

    def _give_up(self) -> None:
        self.stop()
        self.told.emit("given up; move something for another picture")


def _duration(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"
