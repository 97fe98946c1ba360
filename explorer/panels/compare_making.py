"""What the columns of Compare show: their pictures, asked for and compared as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backends.api import WHY_NOT, Capability, Priority, Reply
from explorer.latent import compare
from explorer.model.asking import PREVIEW, options_of
from explorer.panels.compare_codes import CODE, ENCODE, WALK, codes_for
from explorer.panels.compare_column import Column
from explorer.widgets.images import Image
from explorer.widgets.waiting import Waiting
from explorer.workers.growing import Growing
from explorer.workers.host_client import Ticket

if TYPE_CHECKING:
    from explorer.panels.compare import ComparePanel

NO_IMAGE = "Drop an image here, or press “Image…” or “Test image”."


class Making:
    """One request at a time for each column; `waiting` shows that pictures are on their way."""

    def __init__(self, panel: ComparePanel) -> None:
        self.panel, self.session, self.host = panel, panel.session, panel.host
        self.waiting = Waiting("Making the pictures")
        self._tickets: dict[str, Ticket] = {}  # the newest of each model

    @property
    def busy(self) -> bool:
        return any(not ticket.done for ticket in self._tickets.values())

    def forget(self) -> None:
        """Other columns are there: nobody waits for what was asked."""
        self._tickets = {}

    def ask(self, quality: str) -> None:
        """Ask for what each column shows, in preview or in full."""
        for column in self.panel.columns:
            if self.panel.mode == ENCODE:
                self._ask_encode(column)
            else:
                self._ask_pictures(column, quality if self.panel.mode == CODE else PREVIEW)

    def give_up(self) -> None:
        """Cancel the pictures that are under way; those that are there stay."""
        self.panel.quality.forget()
        for column in self.panel.columns:
            self.host.give_up(f"compare {column.info.path}")
            column.asked = None
        self.waiting.end()

    def _ask_pictures(self, column: Column, quality: str) -> None:
        info, mode = column.info, self.panel.mode
        if not info.can_generate:
            self._nothing(column, WHY_NOT[Capability.GENERATES])
            return
        codes, truncation, said = codes_for(self.session, mode, info, self.panel.count.value())
        options = {**options_of(self.session.code, quality), "truncation": truncation}
        if column.asked == (asked := (mode, codes.tobytes(), options)):
            self._compare(column)  # whether differences are shown may have changed
            return
        column.say(said)
        column.asked = asked
        growing, across = Growing(len(codes)), len(codes) if mode == WALK else 0

        def some(reply: Reply) -> None:
            self.waiting.tell(reply)
            if column in self.panel.columns:
                there = [image for image in growing.take(reply) if image is not None]
                column.pictures.show_images(there, across)

        def done(reply: Reply) -> None:
            self._answered()
            if mode != self.panel.mode or column not in self.panel.columns:
                return
            column.codes = codes
            column.pictures.show_images(list(reply.arrays["images"]), across)
            if "seconds" in reply.data:
                self.panel.figures.timed(info, float(reply.data["seconds"]) / len(codes))
            self._compare(column)

        self._tickets[info.path] = self.host.show(
            f"compare {info.path}", "generate", info.path, arrays={"codes": codes},
            options=options, on_result=done, on_error=lambda r: self._failed(column, r), on_partial=some,
            priority=Priority.INTERACTIVE if mode == CODE else Priority.PREVIEW,
            gives_way=info.can(Capability.PARTIAL),
        )  # fmt: skip
        self.waiting.begin(self.give_up)

    def _answered(self) -> None:
        if not self.busy:
            self.waiting.end()

    def _ask_encode(self, column: Column) -> None:
        info = column.info
        if not info.can(Capability.ENCODES) or self.panel.image is None:
            self._nothing(column, NO_IMAGE if self.panel.image is None else WHY_NOT[Capability.ENCODES])
            return

        column.asked = None

        def done(reply: Reply) -> None:
            if self.panel.mode != ENCODE or column not in self.panel.columns:
                return
            column.codes = reply.arrays["codes"]
            column.pictures.show_images(list(reply.arrays["reconstructions"]))
            column.say(f"reconstruction, error {float(reply.arrays['errors'][0]):.4f}")
            self._compare(column)

        self._tickets[info.path] = self.host.show(
            f"compare {info.path}", "encode", info.path, arrays={"images": self.panel.image[None]},
            on_result=done, on_error=lambda r: self._failed(column, r), priority=Priority.PREVIEW,
        )  # fmt: skip

    def _nothing(self, column: Column, why: str) -> None:
        column.asked = None
        column.say("")
        column.pictures.show_hint(why)
        column.show_difference([], "")
        self.panel.figures.tell(column.info, "Difference", "")

    def _failed(self, column: Column, reply: Reply) -> None:
        self._answered()
        self._nothing(column, " ".join(reply.problem))

    def _compare(self, column: Column) -> None:
        """Difference of what came from the reference: the input image, or the first model's pictures."""
        first = self.panel.columns[0]
        if self.panel.mode == ENCODE and self.panel.image is not None:
            self._show_difference(column, [self.panel.image])
        elif column is first:
            first.show_difference([], "The others are compared with this one.")
            self.panel.figures.tell(first.info, "Difference", "reference")
            for other in self.panel.columns[1:]:
                self._show_difference(other, first.pictures.images)
        else:
            self._show_difference(column, first.pictures.images)

    def _show_difference(self, column: Column, references: list[Image]) -> None:
        pictures = column.pictures.images
        if not pictures or len(pictures) != len(references):
            return  # the others are still on their way
        encoding = self.panel.mode == ENCODE
        pairs = list(zip(pictures, references, strict=True))
        found = [compare.difference(p, compare.like(r, p) if encoding else r) for p, r in pairs]
        error = float(np.mean([e for _, e in found]))
        if self.panel.differ.isChecked():
            shown = [compare.in_colour(signed) for signed, _ in found]
            towards = "the image" if encoding else self.panel.columns[0].info.name
            columns = len(shown) if self.panel.mode == WALK else 0
            column.show_difference(shown, f"{error:.4f} from {towards}", columns)
        self.panel.figures.tell(column.info, "Difference", f"{error:.4f}")
