"""Many pictures at once for a table or strips: the newest request wins, a bar tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

from backends.api import Array, Capability, Code, ModelInfo, Priority, Reply
from explorer.model.asking import PREVIEW, settled_options
from explorer.panels.base import Services
from explorer.widgets.images import Image
from explorer.widgets.waiting import Waiting
from explorer.workers.growing import Growing
from explorer.workers.host_client import Ticket

Shown = Callable[[list[Image | None]], None]


class Previews:
    """Asks on one channel. `bar` belongs into the layout of who asks."""

    def __init__(self, services: Services, channel: str, what: str) -> None:
        self.bar = Waiting(what)
        self._host, self._channel = services.host, channel
        self._ticket: Ticket | None = None  # of the newest request

    @property
    def busy(self) -> bool:
        """Whether pictures are on their way."""
        return self._ticket is not None and not self._ticket.done

    def ask(
        self,
        info: ModelInfo,
        codes: Array,
        like: Code | None,
        *,
        done: Callable[[Image], None],
        failed: Callable[[str], None],
        some: Shown | None = None,
    ) -> None:
        """Ask for pictures of `codes` `[…, D]` in preview, with the knobs of `like`.

        `done` gets them all, `[N, H, W, C]`; `some` those that are there, None in the place of others,
        as they come; `failed` the reason why there are none. Nobody is told that an older request failed.
        """
        flat = codes.reshape(-1, codes.shape[-1])
        growing = Growing(len(flat))

        def came(reply: Reply) -> None:
            if self._is_newest(reply):
                self.bar.end()
            done(reply.arrays["images"])

        def refused(reply: Reply) -> None:
            if self._is_newest(reply):
                self.bar.end()
                failed(reply.what)

        def grew(reply: Reply) -> None:
            self.bar.tell(reply)
            if some is not None:
                some(growing.take(reply))

        self._ticket = self._host.show(
            self._channel, "generate", info.path, arrays={"codes": flat},
            options=settled_options(like, PREVIEW), priority=Priority.PREVIEW,
            gives_way=info.can(Capability.PARTIAL), on_result=came, on_error=refused, on_partial=grew,
            on_progress=self.bar.tell,
        )  # fmt: skip
        self.bar.begin(self.give_up)

    def give_up(self) -> None:
        """Nothing of it is wanted any more."""
        self.bar.end()
        self._host.give_up(self._channel)

    def _is_newest(self, reply: Reply) -> bool:
        """Whether no newer request is still to be answered, for which the bar stays."""
        return self._ticket is not None and reply.stamp == self._ticket.request.stamp
