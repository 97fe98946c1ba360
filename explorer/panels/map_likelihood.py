"""Colour by how likely the model finds each image, where it can say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backends.api import WHY_NOT, Capability, Priority, Reply
from explorer.latent.cloud import Colouring
from explorer.panels.base import Services

if TYPE_CHECKING:
    from explorer.panels.map import MapPanel

TITLE = "Log-likelihood, nats"
NO_IMAGES = "The images of this map aren't made: there is nothing to judge."


class Likelihood:
    """Asks the model once for each map; what came is one of its colourings from then on."""

    def __init__(self, panel: MapPanel, services: Services) -> None:
        self.panel, self.services = panel, services
        self.busy = False

    def can(self) -> bool | str:
        """Whether the map can be coloured so, or why not."""
        made = self.panel.map
        if made is None:
            return "Make a map first."
        if not made.info.can(Capability.LIKELIHOOD):
            return WHY_NOT[Capability.LIKELIHOOD]
        return NO_IMAGES if made.cloud.images is None or made.twin is not None else True

    def colour(self) -> None:
        """Judge every image of the map, then colour by it."""
        made = self.panel.map
        if made is None or self.busy or self.can() is not True:
            return
        assert made.cloud.images is not None
        self.busy = True
        self.panel.quality.say("Judging the images…")

        def came(reply: Reply) -> None:
            self.busy = False
            now = self.panel.map
            if now is not None and now.cloud is made.cloud:
                now.add(Colouring(TITLE, values=reply.arrays["nats"].astype(np.float32)))
                self.panel.painting.offer(TITLE)
                self.panel.judge(now)

        def failed(reply: Reply) -> None:
            self.busy = False
            self.services.notices.problem.emit(*reply.problem)

        self.services.host.ask(
            "likelihood", made.info.path, arrays={"images": np.asarray(made.cloud.images[:])},
            priority=Priority.BULK, on_result=came, on_error=failed,
            on_progress=lambda reply: self.panel.quality.say(f"Judging the images, {reply.data['text']}…"),
        )  # fmt: skip
