"""The model host on another machine: `python -m backends.host --far`, at the end of an ssh.

It answers what `backends.host` does, over a `backends.link`. Models are named by the SHA-256 of their files;
`have` asks for one, `put` brings it. Pictures are packed for the line's rate, and no request makes more than
the line can carry: a bulk job waits while its replies do.

Heads besides the host's own (`key` is a model's checksum, `size` its bytes):

- `have`: key, size. Answer: `store` with key, `there`, and `begun`, the bytes that have come before.
- `put`: key, size, `at`, [bytes]. Answer: `store` with key, `there`, `begun`; or `error` (what, advice).
"""

from __future__ import annotations

import io
import os
import queue
import threading
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, BinaryIO

import numpy as np

from backends.api import Reply, Request
from backends.errors import BadRequest, ExplorerError
from backends.host import Host, Message, Task
from backends.link import COPYING, Link
from backends.loaded import Shelf
from backends.packing import Arrays, pack, unpack
from backends.store import Store
from backends.wire import StreamClosed

PROTOCOL = 1
PROBE = 96 << 10  # bytes that show how fast the line is before the first picture


def about() -> dict[str, Any]:
    """Which protocol this side speaks, and of which version it is."""
    try:
        return {"protocol": PROTOCOL, "version": version("latent-explorer")}
    except PackageNotFoundError:  # run from a copy that was not installed
        return {"protocol": PROTOCOL, "version": ""}


class FarHost(Host):
    """`nudge` in the inbox lets a host look again that waits for room on the line."""

    def __init__(self, shelf: Shelf, link: Link, store: Store) -> None:
        super().__init__(shelf, io.BytesIO())
        self.link, self.store = link, store
        self.held = False  # whether a task waits for room

    def ready(self) -> list[Task]:
        self.held = bool(self._tasks)  # first: room may come while we look
        return [task for task in self._tasks if self.link.has_room(task.request.priority)]

    def accept(self, head: Mapping[str, Any], arrays: Arrays) -> None:
        verb = str(head.get("verb"))
        if verb in ("have", "put"):
            self._keep(verb, head, arrays)
        elif verb != "nudge":
            if verb == "cancel":  # what isn't sent yet need not be sent
                self.link.withdraw(int(head.get("stamp") or 0))
            try:
                super().accept(self._with_paths(head), unpack(arrays, dict(head.get("packed") or {})))
            except (ExplorerError, StreamClosed) as error:
                what, advice = (
                    (error.what, error.advice) if isinstance(error, ExplorerError) else (str(error), "")
                )
                self.say(Reply(int(head.get("stamp") or 0), "error", {"what": what, "advice": advice}))

    def say(self, reply: Reply, request: Request | None = None) -> None:
        line, lossy = self.link.line, bool(request and request.options.get("lossy"))
        arrays, packed = pack(reply.arrays, line.rate, lossy)
        data = self._with_keys(reply.data) | ({} if reply.stamp else about())
        head = {"stamp": reply.stamp, "kind": reply.kind, "data": data, "packed": packed}
        head["line"] = [line.rate, line.ping]
        self.link.send(head, arrays, request.priority if request else 0, reply.stamp)

    def _keep(self, verb: str, head: Mapping[str, Any], arrays: Arrays) -> None:
        """Answer what is asked of the store."""
        key, size = str(head.get("key")), int(head.get("size") or 0)
        answer: dict[str, Any] = {"kind": "store", "key": key}
        try:
            if verb == "have":
                there = self.store.find(key, size) is not None
            elif "bytes" in arrays:
                there = self.store.receive(key, int(head.get("at") or 0), arrays["bytes"], size)
            else:
                raise BadRequest("A piece of a model came without its bytes.")
            answer |= {"there": there, "begun": 0 if there else self.store.begun(key)}
        except ExplorerError as error:
            answer |= {"what": error.what, "advice": error.advice}
        self.link.send(answer, {}, COPYING)

    def _with_paths(self, head: Mapping[str, Any]) -> dict[str, Any]:
        """A request with files of this machine instead of checksums. Raises `BadModel`."""
        changed = dict(head)
        if head.get("model"):
            changed["model"] = self.store.path(str(head["model"]))
        if (head.get("options") or {}).get("classifier"):
            options = dict(head["options"])
            changed["options"] = {**options, "classifier": self.store.path(str(options["classifier"]))}
        return changed

    def _with_keys(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What is said without the files of this machine."""
        changed = dict(data)
        if isinstance(data.get("models"), list):
            changed["models"] = [self.store.key(path) for path in data["models"]]
        return changed


def serve_far(source: BinaryIO, sink: BinaryIO, device: str = "auto") -> None:
    """Answer a window on another machine until the line ends."""
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()

    def nudge() -> None:
        if host.held:
            inbox.put(({"verb": "nudge"}, {}))

    link = Link(source, sink, nudge)
    host = FarHost(Shelf(device), link, Store())
    threading.Thread(target=_read, args=(link, inbox), name="host reader", daemon=True).start()
    probe = np.frombuffer(os.urandom(PROBE), np.uint8)
    link.send({"kind": "probe"}, {"bytes": probe})
    host.run(inbox)


def _read(link: Link, inbox: queue.SimpleQueue[Message]) -> None:
    try:
        link.read(lambda head, arrays: inbox.put((head, arrays)))
    except StreamClosed:
        inbox.put(None)
