"""Pictures of one request that come a few at a time, from families that take many steps. No Qt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from backends.api import Reply


class Growing:
    """`count` pictures, None where nothing has come yet."""

    def __init__(self, count: int) -> None:
        self.images: list[NDArray[np.uint8] | None] = [None] * count

    def take(self, reply: Reply) -> list[NDArray[np.uint8] | None]:
        """All pictures, with those of a partial reply in their places."""
        at = int(reply.data.get("at", 0))
        for index, image in enumerate(reply.arrays["images"][: len(self.images) - at], at):
            self.images[index] = image
        return list(self.images)
