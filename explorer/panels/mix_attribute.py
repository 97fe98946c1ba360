"""Attribute vectors: two groups of codes, the direction from one to the other, and what it does."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from backends.api import BadRequest, Capability, ModelInfo, Priority, Reply
from explorer.latent.directions import Found, Labelled, class_means, moved
from explorer.model.asking import PREVIEW, options_of
from explorer.model.state import Direction
from explorer.panels.base import Services
from explorer.panels.mix_choices import ELSE, FAVOURITES, GENERATED, AttributeForm
from explorer.panels.mix_collect import Collector
from explorer.widgets.images import ImageGrid
from explorer.widgets.waiting import Waiting
from explorer.workers.host_client import Ticket

REACH = 3.0  # standard deviations to either side in the preview
FRAMES = 7
HINT = "Choose two groups and press “Find direction”: the picture is shown here from −3 to +3 deviations."


class AttributeBox(QWidget):
    """The form, the progress, what was found in words, and the preview of its newest direction."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services, self.session, self.host = services, services.session, services.host
        self.direction: Direction | None = None
        self._ticket: Ticket | None = None
        self.form = AttributeForm(self.session)
        self.collector = Collector(services)
        self.waiting = Waiting("Collecting labelled codes")
        self.said = QLabel(wordWrap=True)
        self.strip = ImageGrid(HINT)
        self.strip.setAccessibleName("Preview of the direction")
        self.strip.setToolTip("Click makes a picture the current code.")
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 4, 0, 0)
        for widget in (self.form, self.waiting, self.said, self.strip):
            box.addWidget(widget, int(widget is self.strip))
        self._connect()
        self.refresh()

    def busy(self) -> bool:
        drawing = self._ticket is not None and not self._ticket.done
        return self.waiting.busy or drawing

    def refresh(self) -> None:
        """The model changed: other groups, no direction yet."""
        self.waiting.cancel()
        self.direction = None
        self.said.clear()
        self.strip.set_hint(HINT)
        self.strip.show_images([])
        self.form.show_model(self.session.model)

    def find_direction(self) -> None:
        """Collect labelled codes unless they are there, then find the direction."""
        info = self.session.model
        if info is None:
            return
        if self.form.source == FAVOURITES:
            self._from_favourites(info)
            return
        key = self.form.key(info)
        if self.form.labelled is not None and self.form.labelled_key == key:
            self._from_labelled(info, self.form.labelled)
            return
        collect = self.collector.generated if self.form.source == GENERATED else self.collector.encoded

        def arrived(labelled: Labelled) -> None:
            self.waiting.end()
            chosen = self.form.take(key, labelled)
            if self.session.model is info and chosen:
                self._from_labelled(info, labelled)
            elif self.session.model is info:
                self.said.setText(f"{len(labelled.codes):,} codes are there: now choose the two groups.")

        cancel = collect(info, self.form.data, self.form.count, arrived, self._fail, self.waiting.tell)
        if cancel is not None:
            self.waiting.begin(cancel)

    def _from_labelled(self, info: ModelInfo, labelled: Labelled) -> None:
        attribute, plus, minus = self.form.chosen()
        inside = labelled.inside(attribute, plus)
        outside = ~inside if minus == ELSE else labelled.inside(attribute, minus)
        names = self.form.names()
        strata = labelled.strata(attribute) if self.form.balanced else None
        self._finish(info, labelled.codes, inside, outside, names, strata)

    def _from_favourites(self, info: ModelInfo) -> None:
        plus, minus = self.form.favourite_codes()
        if not plus or not minus:
            self._say(BadRequest("Both groups need at least one favourite.", "Tick them in the two menus."))
            return
        codes = info.space.pack_many([*plus, *minus])
        inside = np.arange(len(codes)) < len(plus)
        self._finish(info, codes, inside, ~inside, ("some favourites", "others"), None)

    def _finish(
        self, info: ModelInfo, codes: np.ndarray, inside: np.ndarray, outside: np.ndarray,
        names: tuple[str, str], strata: np.ndarray | None,
    ) -> None:  # fmt: skip
        part = info.space.main
        try:
            found = class_means(part, codes[:, info.space.slices[part.name]], inside, outside, strata)
        except BadRequest as error:
            self._say(error)
            return
        how = f"class means: {names[0]} − {names[1]} ({found.count_with:,} and {found.count_without:,} codes)"
        name = self.form.name or f"{names[0]} − {names[1]}"
        self.direction = Direction(info.path, part.name, found.vector, name, how, found.accuracy)
        self.session.add_direction(self.direction)
        self.said.setText(describe(self.direction, found))
        self.preview()

    def preview(self) -> None:
        """The current code moved along the direction from −3 to +3 deviations."""
        info, code, direction = self.session.model, self.session.code, self.direction
        if info is None or code is None or direction is None or not self.isVisible():
            return
        amounts = np.linspace(-REACH, REACH, FRAMES, dtype=np.float32)
        codes = moved(info.space, code, direction.part, direction.vector, amounts)

        def show(reply: Reply) -> None:
            if reply.kind != "error" and self.direction is direction:
                self.strip.columns = FRAMES
                self.strip.show_images(list(reply.arrays["images"]), [f"{a:+.0f} σ" for a in amounts])

        self._ticket = self.host.show(
            "mix direction", "generate", info.path, arrays={"codes": codes},
            options=options_of(code, PREVIEW), priority=Priority.PREVIEW,
            gives_way=info.can(Capability.PARTIAL), on_result=show, on_error=show,
        )  # fmt: skip

    def take(self, index: int) -> None:
        """Make a picture of the preview current."""
        space, code, direction = self.session.space, self.session.code, self.direction
        if space is None or code is None or direction is None:
            return
        amount = np.linspace(-REACH, REACH, FRAMES, dtype=np.float32)[[index]]
        self.strip.select(-1)
        row = moved(space, code, direction.part, direction.vector, amount)[0]
        self.session.set_code(self.session.code_at(row, code.truncation), f"Along {direction.name}")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.preview()

    def _connect(self) -> None:
        self.form.asked.connect(self.find_direction)
        self.strip.clicked.connect(self.take)
        self.session.model_changed.connect(self.refresh)
        self.session.models_changed.connect(self.form.refresh_names)
        self.session.favourites_changed.connect(self.form.refresh_favourites)
        self.session.code_changed.connect(self.preview)
        self.session.directions_changed.connect(self._forget_removed)

    def _forget_removed(self) -> None:
        """A direction that was removed, or undone, has no preview."""
        if self.direction is not None and self.direction not in self.session.state.directions:
            self.direction = None
            self.said.clear()
            self.strip.show_images([])

    def _fail(self, what: str, advice: str) -> None:
        self.waiting.end()
        self._say(BadRequest(what, advice))

    def _say(self, error: BadRequest) -> None:
        self.said.setText(str(error))


def describe(direction: Direction, found: Found) -> str:
    """What was found and how far it can be trusted, in words."""
    head = f"“{direction.name}” is a slider in the Latent dock now; {direction.how}."
    if np.isnan(found.accuracy):
        return f"{head} Too few codes to check it on others."
    share = f"{found.accuracy:.0%} of held-out codes lie on their own side (chance: 50 %)"
    if found.accuracy < 0.65:
        return f"{head} {share}: this latent space hardly tells the two apart."
    return f"{head} {share}."
