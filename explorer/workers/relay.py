"""The model host of another machine, seen as one of this: `python -m explorer.workers.relay`. No Qt.

A child of the window (or of a verb) that speaks `backends.wire` like `backends.host`, and over ssh with
`backends.far` on the machine that `LATENT_EXPLORER_HOST` names. It names models by checksum and brings those
that the other machine lacks, unpacks pictures, and connects again when the connection is lost; what was asked
and not answered is then asked again.

Besides replies it says how the line is, with the stamp 0 and data `verb` = `line`: `state` (`connecting`,
`ready`, `away`, `failed`), `text` for the status bar, `what` and `advice` where something is wrong, `rate`
(bytes a second) and `ping` (seconds).
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from backends import catalog
from backends.errors import BadModel, BadRequest, ExplorerError
from backends.packing import Arrays, pack, unpack
from backends.wire import StreamClosed, read_message, write_message
from explorer.workers.copies import Copies, Copy
from explorer.workers.far_process import FarProcess
from explorer.workers.remote import NO_CONNECTION, Failure, Machine, explain

PROTOCOL = 1  # of `backends.far`
TRIES = 3  # to reach a machine that was never reached
WAITS = (1.0, 2.0, 4.0, 8.0, 15.0)  # seconds between two tries
PILING_UP = ("sample",)  # verbs whose partial results are added up, so that they can't be asked again midway
TOLD_EVERY = 0.5  # seconds between two words about the line
Head = dict[str, Any]


@dataclass
class Asked:
    """A request of the window that isn't answered yet."""

    head: Head
    arrays: Arrays
    keys: dict[str, str] = field(default_factory=dict)  # of its files, by path
    sent: bool = False
    streamed: bool = False  # whether partial results have come

    @property
    def priority(self) -> int:
        return int(self.head.get("priority") or 0)

    @property
    def paths(self) -> list[str]:
        """The model files that it names."""
        named = (self.head.get("model"), (self.head.get("options") or {}).get("classifier"))
        return [str(path) for path in named if path]


class Relay:
    """One loop over what the window and the far side say."""

    def __init__(self, machine: Machine, sink: BinaryIO) -> None:
        self.machine = machine
        self._sink = sink
        self.inbox: queue.SimpleQueue[tuple[Any, Head | None, Arrays]] = queue.SimpleQueue()
        self._asked: dict[int, Asked] = {}
        self._copies = Copies()
        self._names: dict[str, str] = {}  # of models, by checksum
        self._far: FarProcess | None = None
        self._ready = self._was_ready = False
        self._failures = 0  # since it was there
        self._again = 0.0  # when to try again, by the steady clock; 0 when not at all
        self._line = self._line_told = (0.0, 0.0)  # rate and ping
        self._text, self._told = "", 0.0  # what was said last, and when

    def run(self) -> int:
        """Until the window ends (0), or the far host does without the connection being at fault (1)."""
        self._connect()
        while True:
            try:
                wait = max(self._again - time.monotonic(), 0.0) if self._again else None
                sender, head, arrays = self.inbox.get(timeout=wait)
            except queue.Empty:
                self._connect()
                continue
            if sender is None:
                if head is None:
                    return self._end(0)
                self._on_near(head, arrays)
            elif self._far is None or sender is not self._far:
                continue  # of a connection that is gone
            elif head is not None:
                self._on_far(self._far, head, arrays)
            elif not self._on_lost(self._far):
                return self._end(1)

    # The connection

    def _connect(self) -> None:
        self._again = 0.0
        self._say_line("connecting", f"connecting to {self.machine.name}")
        try:
            self._far = FarProcess(self.machine, self.inbox)
        except OSError as error:
            what = f"ssh can't be started here: {error.strerror or error}."
            self._fail(Failure(what, "Install OpenSSH's client.", True))

    def _on_lost(self, far: FarProcess) -> bool:
        """The stream has ended; whether to go on."""
        code, was_ready = far.end(), self._ready
        said = far.said
        self._far, self._ready = None, False
        self._copies.forget()
        if was_ready and code not in (NO_CONNECTION, None) and code >= 0:
            sys.stderr.write(said + "\n")  # the host itself has died: the window decides what of
            return False
        failure = explain(self.machine, code, said)
        self._failures += 1
        if failure.lasting or (not self._was_ready and self._failures >= TRIES):
            self._fail(failure)
            return True
        self._drop_what_piles_up()
        self._again = time.monotonic() + WAITS[min(self._failures, len(WAITS)) - 1]
        advice = f"{failure.advice} It is tried again, and nothing is lost."
        why = Failure(failure.what, advice) if self._failures == 1 else None  # said once
        self._say_line("away", f"{self.machine.name} is away, trying again", failure=why)
        return True

    def _fail(self, failure: Failure) -> None:
        text = f"no connection to {self.machine.name}"
        self._say_line("failed", text, failure=failure)

    def _drop_what_piles_up(self) -> None:
        for stamp, asked in list(self._asked.items()):
            asked.sent = False
            if asked.streamed and asked.head.get("verb") in PILING_UP:
                what = f"The connection to {self.machine.name} was lost in the middle of this."
                self._answer_error(stamp, BadRequest(what, "Ask again."))

    def _end(self, code: int) -> int:
        if self._far is not None:
            self._far.kill()
        return code

    # The window

    def _on_near(self, head: Head, arrays: Arrays) -> None:
        stamp = int(head.get("stamp") or 0)
        if head.get("verb") == "cancel":
            self._cancel(stamp, self._asked.pop(stamp, None))
            return
        asked = self._asked[stamp] = Asked(head, arrays)
        try:
            asked.keys = {path: self._key(path) for path in asked.paths}
        except ExplorerError as error:
            self._answer_error(stamp, error)
        else:
            self._forward(asked)

    def _cancel(self, stamp: int, asked: Asked | None) -> None:
        if asked is None or not asked.sent or self._far is None:
            return
        link = self._far.link
        if not link.withdraw(stamp):
            link.send({"verb": "cancel", "stamp": stamp}, {}, asked.priority)

    def _key(self, path: str) -> str:
        """The checksum of a model, its name remembered. Raises `BadModel`."""
        key = self._copies.key(path)
        if key not in self._names:
            self._names[key] = catalog.read(path).name
        return key

    def _forward(self, asked: Asked) -> None:
        """Send a request on, or ask for the models that it needs."""
        if not self._ready or self._far is None or asked.sent:
            return
        missing = {path: key for path, key in asked.keys.items() if key not in self._copies.there}
        try:
            for path, key in missing.items():
                self._copies.want(key, path, self._far.link)
        except BadModel as error:
            self._answer_error(int(asked.head["stamp"]), error)
            return
        if not missing:
            asked.sent = True
            self._send(asked)

    def _send(self, asked: Asked) -> None:
        assert self._far is not None
        link, head = self._far.link, dict(asked.head)
        if head.get("model"):
            head["model"] = asked.keys[str(head["model"])]
        if (options := head.get("options") or {}).get("classifier"):
            head["options"] = {**options, "classifier": asked.keys[str(options["classifier"])]}
        arrays, packed = pack(asked.arrays, link.line.rate)
        link.send({**head, "packed": packed}, arrays, asked.priority, int(head["stamp"]))

    # The far side

    def _on_far(self, far: FarProcess, head: Head, arrays: Arrays) -> None:
        kind, stamp = head.get("kind"), int(head.get("stamp") or 0)
        if kind == "store":
            self._on_store(far, head)
        elif kind == "probe":
            return
        elif stamp == 0:
            self._on_hello(dict(head.get("data") or {}))
        else:
            self._on_reply(stamp, head, arrays)

    def _on_hello(self, data: Head) -> None:
        if data.get("protocol") != PROTOCOL:
            what = f"Latent Explorer on {self.machine.name} is of another version ({data.get('version')})."
            self._fail(Failure(what, "Bring both to the same version.", True))
            return
        self._ready = self._was_ready = True
        self._failures = 0
        write_message(self._sink, _head(0, "result", {**data, "machine": self.machine.name}), {})
        self._say_line("ready", "")
        for asked in list(self._asked.values()):
            self._forward(asked)

    def _on_store(self, far: FarProcess, head: Head) -> None:
        try:
            copy = self._copies.take(head, far.link)
        except BadModel as error:
            head, copy = {**head, "what": error.what, "advice": error.advice}, None
        waiting = [asked for asked in self._asked.values() if head.get("key") in asked.keys.values()]
        if "what" in head:
            reason = BadModel(str(head["what"]), str(head.get("advice", "")))
            for asked in waiting:
                self._answer_error(int(asked.head["stamp"]), reason)
            return
        for asked in waiting:
            self._forward(asked)
        if copy is not None and copy.there:
            self._tell_copy(copy, [] if head.get("there") else waiting)

    def _tell_copy(self, copy: Copy, waiting: list[Asked]) -> None:
        text = f"Copying {self._names.get(copy.key, copy.name)} to {self.machine.name}"
        for asked in waiting:
            facts = {"fraction": copy.fraction, "text": text}
            write_message(self._sink, _head(int(asked.head["stamp"]), "progress", facts), {})
        self._say_line("ready", f"{text} {copy.fraction:.0%}" if waiting else "", often=bool(waiting))

    def _on_reply(self, stamp: int, head: Head, arrays: Arrays) -> None:
        asked = self._asked.get(stamp)
        rate, ping = (float(number) for number in head.get("line") or (0, 0))
        if rate:
            self._line = (rate, ping)
        if _differ(self._line, self._line_told):
            self._say_line("ready", self._text, often=True)
        if asked is None:
            return
        try:
            found = unpack(arrays, dict(head.get("packed") or {}))
        except StreamClosed as error:
            self._answer_error(stamp, BadRequest(f"The answer came damaged: {error}.", "Ask again."))
            return
        kind = str(head.get("kind"))
        write_message(
            self._sink, _head(stamp, kind, self._as_here(asked, dict(head.get("data") or {}))), found
        )
        asked.streamed = asked.streamed or kind == "partial"
        if kind in ("result", "error"):
            del self._asked[stamp]

    def _as_here(self, asked: Asked, data: Head) -> Head:
        """What the far side says, with the files and names of this machine."""
        paths = {key: path for path, key in asked.keys.items()}
        if "info" in data and asked.paths:
            data["info"] = catalog.read(asked.paths[0]).to_json()
        if isinstance(data.get("models"), list):
            data["models"] = [
                self._names.get(str(key), paths.get(str(key), str(key))) for key in data["models"]
            ]
        for name in ("what", "notice"):
            for key in paths:
                if key in str(data.get(name, "")):
                    data[name] = str(data[name]).replace(key, self._names[key])
        return data

    # What the window is told

    def _answer_error(self, stamp: int, error: ExplorerError) -> None:
        self._asked.pop(stamp, None)
        write_message(self._sink, _head(stamp, "error", {"what": error.what, "advice": error.advice}), {})

    def _say_line(self, state: str, text: str, often: bool = False, failure: Failure | None = None) -> None:
        """How the line is; what comes `often` is said now and then."""
        now = time.monotonic()
        if often and now - self._told < TOLD_EVERY:
            return
        self._told, self._text, self._line_told = now, text, self._line
        rate, ping = self._line
        data = {"verb": "line", "state": state, "text": text, "machine": self.machine.name, "rate": rate,
                "ping": ping}  # fmt: skip
        if failure is not None:
            data |= {"what": failure.what, "advice": failure.advice}
        write_message(self._sink, _head(0, "result", data), {})


def _head(stamp: int, kind: str, data: Head) -> Head:
    return {"stamp": stamp, "kind": kind, "data": data}


def _differ(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two measurements of a line differ by more than a fifth."""
    return any(abs(a - b) > 0.2 * a for a, b in zip(one, other, strict=True))


def _listen(source: BinaryIO, relay: Relay) -> None:
    try:
        while True:
            relay.inbox.put((None, *read_message(source)))
    except (StreamClosed, ValueError, KeyError, TypeError):
        relay.inbox.put((None, None, {}))


def main() -> int:
    """Serve the standard streams for the machine of the environment."""
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        machine = Machine.of_environment()
        if machine is None:
            raise BadRequest("No machine was named.", "Set LATENT_EXPLORER_HOST.")
    except BadRequest as error:
        data = {"verb": "line", "state": "failed", "text": "no such machine", "machine": "", "rate": 0.0,
                "ping": 0.0, "what": error.what, "advice": error.advice}  # fmt: skip
        write_message(sink, _head(0, "result", data), {})
        sys.stdin.buffer.read()  # until the window chooses another
        return 2
    relay = Relay(machine, sink)
    threading.Thread(target=_listen, args=(sys.stdin.buffer, relay), name="window", daemon=True).start()
    try:
        return relay.run()
    except StreamClosed:  # the window is gone
        return relay._end(0)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # threads may still wait for a line that is dead
